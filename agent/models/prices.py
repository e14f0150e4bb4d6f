"""The prices of models' tokens, from the list bundled with the package genai-prices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from fieldcraft.agent.models.messages import Usage
from fieldcraft.agent.models.settings import ModelSettings, Price

FREE = ("offline", "ollama", "scripted", "toolformer")
"""Providers that charge nothing for tokens."""


@dataclass(frozen=True)
class Tokens:
    """The tokens of one call.

    Tokens read from and written to a prompt cache are part of `input`; those written to stay there for an
    hour are part of `cache_write`.
    """

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0


Pricing = Callable[[Tokens], float]
"""US dollars for a call."""


def price_of(name: str, settings: ModelSettings) -> Pricing | None:
    """The price of calls of `provider:model`, or `None` if it is unknown.

    The settings' own prices go first. A model of another server (`base_url`) is not priced by its name.
    """
    if name in settings.prices:
        return _flat(settings.prices[name])
    if name.partition(":")[0] in FREE:
        return _flat(Price(input=0, output=0))
    return None if settings.base_url is not None else _listed(name)


def cost(price: Pricing | None, tokens: Tokens, *, estimated: bool = False) -> Usage:
    """The usage of one call at `price`; not priced if that is `None`."""
    return Usage(
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        money=0.0 if price is None else price(tokens),
        priced=price is not None,
        estimated=estimated,
    )


def _flat(price: Price) -> Pricing:
    read = price.input if price.cache_read is None else price.cache_read
    write = price.input if price.cache_write is None else price.cache_write

    def pricing(tokens: Tokens) -> float:
        fresh = max(tokens.input - tokens.cache_read - tokens.cache_write, 0)
        asked = fresh * price.input + tokens.cache_read * read + tokens.cache_write * write
        return (asked + tokens.output * price.output) / 1e6

    return pricing


def _listed(name: str) -> Pricing | None:
    """By the list, whose data is large: it is imported where a price is needed and nothing is downloaded.

    A name that is a path (`models/NAME`, `publishers/google/models/NAME`) may be listed by its end alone.
    """
    from genai_prices import Usage as Listed
    from genai_prices import calc_price

    from fieldcraft.agent.models.provider_list import PROVIDERS

    provider, _, named = name.partition(":")
    listed_as = PROVIDERS[provider].prices if provider in PROVIDERS else ""
    if not listed_as:
        return None

    def paying(model: str, tokens: Tokens) -> float:
        usage = Listed(
            input_tokens=tokens.input,
            output_tokens=tokens.output,
            cache_read_tokens=tokens.cache_read or None,
            cache_write_tokens=tokens.cache_write or None,
            cache_write_1h_tokens=tokens.cache_write_1h or None,
        )
        return float(calc_price(usage, model, provider_id=listed_as).total_price)

    for model in dict.fromkeys((named, named.rpartition("models/")[2])):
        pricing = partial(paying, model)
        try:
            pricing(Tokens(1000, 1000))
        except (LookupError, ValueError):
            continue
        return pricing
    return None
