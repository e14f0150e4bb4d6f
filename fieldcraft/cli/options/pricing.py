"""Check that a cost limit is enforceable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldcraft.cli.errors import UsageProblem

if TYPE_CHECKING:
    from fieldcraft.agent.settings import RunSettings


def how_to_price(model: str) -> str:
    """What to write into the settings so that a model has a price."""
    return (
        f'to set it, write under [model_options.prices] in fieldcraft.toml: "{model}" = '
        "{input = 1.0, output = 2.0}, in USD a million tokens"
    )


def unused_prices(settings: RunSettings) -> str:
    """What is wrong with prices of the settings that are of no model of the run; empty if nothing is."""
    from fieldcraft.agent.settings import ROLES
    from fieldcraft.common.suggest import nearest

    models = list(dict.fromkeys(settings.model_for(role) for role in ROLES))
    prices = settings.model_options.get("prices")
    unused = [name for name in prices if name not in models] if isinstance(prices, dict) else []
    odd = [name for name in unused if ":" not in name]
    if not odd and (not unused or len(unused) < len(prices or {})):
        return ""
    name = (odd or unused)[0]
    close = nearest(name, models) or next(
        (f"; did you mean {model!r}?" for model in models if model.endswith(f":{name}")), "."
    )
    return (
        f"model_options.prices has {name!r}, which is no model of this run{close} "
        "A key is provider:model, in quotes"
    )


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
