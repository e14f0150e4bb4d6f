"""What a model's tokens cost."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from fieldcraft.agent.models.messages import Usage
from fieldcraft.agent.models.settings import ModelSettings, Price

_DATED = re.compile(r"-\d{4}-?\d{2}-?\d{2}$")


class PriceTable(BaseModel):
    """The table shipped as `prices.json`; `free` are providers that charge nothing for tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    as_of: str
    free: tuple[str, ...]
    models: dict[str, Price]


@functools.cache
def price_table() -> PriceTable:
    """The shipped table, read once."""
    return PriceTable.model_validate_json((Path(__file__).parent / "prices.json").read_bytes())


def price_of(name: str, settings: ModelSettings) -> Price | None:
    """The price of `provider:model`, or `None` where nobody said.

    The settings go first. A model served by another server (`base_url`) is not priced by its name, and
    the date at the end of `gpt-4o-2024-08-06` is ignored.
    """
    if name in settings.prices:
        return settings.prices[name]
    table = price_table()
    if name.partition(":")[0] in table.free:
        return Price(input=0, output=0)
    if settings.base_url is not None:
        return None
    return table.models.get(name) or table.models.get(_DATED.sub("", name))


def cost(price: Price | None, *, input_tokens: int, output_tokens: int, estimated: bool = False) -> Usage:
    """The usage of one call at `price`; not priced where that is `None`."""
    money = 0.0 if price is None else (input_tokens * price.input + output_tokens * price.output) / 1e6
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        money=money,
        priced=price is not None,
        estimated=estimated,
    )
