"""What a call cost: the tokens that the provider reports, else an estimate."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.messages import Usage
from fieldcraft.agent.models.prices import Pricing, Tokens, cost
from fieldcraft.agent.models.reasoning import reasoning_apart

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

_CHARACTERS_PER_TOKEN = 4
_MOST_CHARACTERS_PER_TOKEN = 80
"""A report of fewer tokens than that for a text is not believed."""
_JUDGED_FROM = 4_000
"""Characters of a text from which a report of too few tokens is told from a real one."""
_TOKENS_OF_A_PICTURE = 1_000
_MOST_TOKENS = 10**8
"""More than any model's window: no report of as many tokens in one call is believed."""
_MOST_REASONING = 10**6
"""More than any model writes before one answer: a total beyond that is not believed."""


def usage_of(
    reply: AIMessage,
    conversation: Sequence[BaseMessage],
    price: Pricing | None,
    tools: Sequence[Mapping[str, Any]] = (),
) -> Usage:
    """The usage of the call that gave `reply`; each side is estimated where its report is not credible."""
    reported: Mapping[str, Any] = reply.usage_metadata or {}
    read, cached = _input(reported, _asked(conversation, tools))
    written, reasoning = _output(reported, _said(reply))
    tokens = Tokens(
        _tokens_of(*_asked(conversation, tools)) if read is None else read,
        _tokens_of(*_said(reply)) if written is None else written,
        *(cached if read is not None else (0, 0, 0)),
    )
    usage = cost(price, tokens, estimated=read is None or written is None)
    return usage.model_copy(
        update={
            "cached_tokens": tokens.cache_read,
            "reasoning_tokens": reasoning if written is not None else 0,
        }
    )


def total_of(bill: Sequence[Usage]) -> Usage:
    """The sum of all calls."""
    total = Usage()
    for usage in bill:
        total = total.plus(usage)
    return total


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has: one for every four characters."""
    return math.ceil(len(text) / _CHARACTERS_PER_TOKEN)


def _tokens_of(characters: int, pictures: int = 0) -> int:
    return math.ceil(characters / _CHARACTERS_PER_TOKEN) + pictures * _TOKENS_OF_A_PICTURE


def _asked(conversation: Sequence[BaseMessage], tools: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """The characters and the pictures of a request."""
    characters = len(json.dumps(tools, default=str)) if tools else 0
    pictures = 0
    for message in conversation:
        characters += len(message.text) + _length_of_calls(message)
        if isinstance(message.content, list):
            pictures += sum(isinstance(b, dict) and b.get("type") == "image_url" for b in message.content)
    return characters, pictures


def _said(reply: AIMessage) -> tuple[int]:
    """The characters of an answer, with its reasoning and its tool calls."""
    return (len(reply.text) + len(reasoning_apart(reply)) + _length_of_calls(reply),)


def _length_of_calls(message: Any) -> int:
    calls = [*getattr(message, "tool_calls", ()), *getattr(message, "invalid_tool_calls", ())]
    return sum(len(str(call.get("name"))) + len(str(call.get("args"))) for call in calls)


def _input(reported: Mapping[str, Any], asked: tuple[int, int]) -> tuple[int | None, tuple[int, int, int]]:
    """The input tokens and, of them, those of a cache: read, written, written for an hour.

    LangChain's packages name some of a cache's tokens by service tier or lifetime.
    """
    read = _count(reported.get("input_tokens"))
    cached = _details(reported, "input_token_details")
    an_hour = cached.get("ephemeral_1h_input_tokens", 0)
    written = sum(count for name, count in cached.items() if name.endswith("cache_creation"))
    written += cached.get("ephemeral_5m_input_tokens", 0) + an_hour
    fetched = sum(count for name, count in cached.items() if name.endswith("cache_read"))
    odd = _is_odd(reported, "input_token_details")
    if not read or odd or fetched + written > read or _too_few(read, asked[0]):
        return None, (0, 0, 0)
    return read, (fetched, written, an_hour)


def _output(reported: Mapping[str, Any], said: tuple[int]) -> tuple[int | None, int]:
    """The output tokens, reasoning included once, and those of reasoning.

    Providers differ in whether their output includes reasoning, and LangChain's classes in what they add; the
    reported total says which it is. Some say nothing of reasoning but in their total.
    """
    written = _count(reported.get("output_tokens"))
    details = _details(reported, "output_token_details")
    reasoning = sum(count for name, count in details.items() if name.endswith("reasoning"))
    read, total = _count(reported.get("input_tokens")), _count(reported.get("total_tokens"))
    if written is not None and read is not None and total is not None:
        beside = total - read - written
        if not reasoning and read and (written or not said[0]) and 0 < beside <= _MOST_REASONING:
            reasoning = beside
        if reasoning and abs(beside) == reasoning:
            written += beside
    if written is None or (not written and said[0]) or _too_few(written, said[0]):
        return None, 0
    if reasoning > written:
        return written + reasoning, reasoning
    return written, reasoning


def _too_few(tokens: int, characters: int) -> bool:
    return characters >= _JUDGED_FROM and tokens * _MOST_CHARACTERS_PER_TOKEN < characters


def _is_odd(reported: Mapping[str, Any], name: str) -> bool:
    """Whether any of these details is a number that counts no tokens."""
    details = reported.get(name)
    held = details.values() if isinstance(details, Mapping) else ()
    return any(value is not None and _count(value) is None for value in held)


def _details(reported: Mapping[str, Any], name: str) -> dict[str, int]:
    details = reported.get(name)
    counts = {} if not isinstance(details, Mapping) else {k: _count(v) for k, v in details.items()}
    return {str(key): count for key, count in counts.items() if count}


def _count(value: Any) -> int | None:
    """A plausible number of tokens of one call: a provider may report anything."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < _MOST_TOKENS else None
