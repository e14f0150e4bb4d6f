"""Check that a cost limit is enforceable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldcraft.cli.errors import UsageProblem

if TYPE_CHECKING:
    from fieldcraft.agent.settings import RunSettings


def check_prices(settings: RunSettings) -> None:
    """Refuse a cost limit on models without a known price: it would never be reached.

    Raises:
        UsageProblem: a model that the settings name has no price.
        UnknownModel: no provider serves a model that the settings name.
    """
    from fieldcraft.agent.models.prices import price_of
    from fieldcraft.agent.models.providers import check_name
    from fieldcraft.agent.models.settings import ModelSettings
    from fieldcraft.agent.settings import ROLES

    for role in ROLES:
        model = settings.model_for(role)
        check_name(model)
        if price_of(model, ModelSettings.model_validate(settings.options_for(role))) is None:
            raise UsageProblem(
                f"--money has no effect while the price of {model} is unknown; set it in fieldcraft.toml "
                f'([model_options.prices."{model}"], input and output in USD a million tokens), or limit '
                "--tokens"
            )
