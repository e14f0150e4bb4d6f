"""The tool calls that a model asks for, as LangChain's messages have them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.messages import ToolRequest
from fieldcraft.common.data import DataError, Limits, bounded
from fieldcraft.common.text import entered, visible_line

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

_LONGEST_ARGUMENTS = 100_000
"""Characters of JSON."""
_ARGUMENTS = Limits(depth=32, items=20_000)
"""What is read of a call's arguments: they stand deeper still in the journal, which must be readable."""
_MOST_REQUESTS = 64
"""Calls that are read from one answer; the rest counts as not asked for."""
_LONGEST_NAME = 200


def requests_of(reply: AIMessage) -> tuple[ToolRequest, ...]:
    """The tool calls in a model's reply, those with unreadable arguments last."""
    readable = [
        _request(call["id"] or f"call-{number}", call["name"], call["args"])
        for number, call in enumerate(reply.tool_calls[:_MOST_REQUESTS], 1)
    ]
    unreadable = [
        ToolRequest(
            id=_identity(call["id"] or f"unreadable-{number}"),
            name=visible_line(call["name"] or "", _LONGEST_NAME),
            problem="its arguments are no valid JSON object",
        )
        for number, call in enumerate(reply.invalid_tool_calls[: _MOST_REQUESTS - len(readable)], 1)
    ]
    return (*readable, *unreadable)


def _request(identity: str, name: str, given: dict[str, Any]) -> ToolRequest:
    identity, name = _identity(identity), visible_line(name, _LONGEST_NAME)
    try:
        arguments = bounded(given, _ARGUMENTS)
    except DataError as error:
        return ToolRequest(id=identity, name=name, problem=f"its arguments cannot be read: {error}")
    length = len(json.dumps(arguments, ensure_ascii=False))
    if length > _LONGEST_ARGUMENTS:
        problem = f"its arguments are {length:,} characters long; {_LONGEST_ARGUMENTS:,} are allowed"
        return ToolRequest(id=identity, name=name, problem=problem)
    return ToolRequest(id=identity, name=name, arguments=arguments)


def _identity(identity: str) -> str:
    """What the provider calls a request, as far as it can be kept and sent back."""
    return entered(identity, _LONGEST_NAME)
