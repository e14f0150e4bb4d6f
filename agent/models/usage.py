"""What a call cost: the tokens that the provider reports, else an estimate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.messages import Usage
from fieldcraft.agent.models.prices import Pricing, Tokens, cost

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.messages.ai import UsageMetadata

_CHARACTERS_PER_TOKEN = 4
_MOST_TOKENS = 10**12


def usage_of(reply: AIMessage, conversation: Sequence[BaseMessage], price: Pricing | None) -> Usage:
    """The usage of the call that gave `reply`, estimated from the texts where it reports none."""
    reported = reply.usage_metadata
    if reported is None or not _believable(reported):
        asked = sum(estimated_tokens(message.text) for message in conversation)
        return cost(price, Tokens(asked, estimated_tokens(reply.text)), estimated=True)
    return cost(price, _tokens(reported))


def total_of(bill: Sequence[Usage]) -> Usage:
    """The sum of all calls."""
    total = Usage()
    for usage in bill:
        total = total.plus(usage)
    return total


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has: one for every four characters."""
    return math.ceil(len(text) / _CHARACTERS_PER_TOKEN)


def _believable(reported: UsageMetadata) -> bool:
    """Whether these are plausible token counts of one call: a provider may report anything."""
    tokens = _tokens(reported)
    within = all(0 <= count < _MOST_TOKENS for count in astuple(tokens))
    return within and tokens.cache_read + tokens.cache_write <= tokens.input


def _tokens(reported: UsageMetadata) -> Tokens:
    """The counts of LangChain's packages, some of which name a cache's by service tier or lifetime."""
    details: Mapping[str, Any] = reported.get("input_token_details") or {}
    cached = {name: count for name, count in details.items() if isinstance(count, int)}
    an_hour = cached.get("ephemeral_1h_input_tokens", 0)
    written = [count for name, count in cached.items() if name.endswith("cache_creation")]
    return Tokens(
        reported["input_tokens"],
        reported["output_tokens"],
        sum(count for name, count in cached.items() if name.endswith("cache_read")),
        sum(written) + cached.get("ephemeral_5m_input_tokens", 0) + an_hour,
        an_hour,
    )
