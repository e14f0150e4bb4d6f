"""The tool calls that a model asks for, as LangChain's messages have them."""

from __future__ import annotations

import json
from collections.abc import Collection
from itertools import count
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
_LONGEST_ID = 20_000
"""Some servers put the signature of a call into its id."""
_NO_ARGUMENTS = ("", "null", "None", "[]")


def requests_of(reply: AIMessage, taken: Collection[str] = ()) -> tuple[ToolRequest, ...]:
    """The tool calls in a model's reply, those with unreadable arguments last.

    Args:
        reply: the model's message.
        taken: the ids of calls earlier in the conversation. A call with one of them, with the id of another
            call of the reply, or without an id, gets an id of its own.
    """
    seen = set(taken)
    readable = reply.tool_calls[:_MOST_REQUESTS]
    unreadable = reply.invalid_tool_calls[: _MOST_REQUESTS - len(readable)]
    return (
        *(_request(_own_id(call["id"], seen), call["name"], call["args"]) for call in readable),
        *(_unread(_own_id(call["id"], seen), call["name"], call["args"]) for call in unreadable),
    )


def ids_of(reply: AIMessage) -> list[str | None]:
    """The ids that the provider gave the calls of `requests_of`, in their order."""
    return [call["id"] for call in (*reply.tool_calls, *reply.invalid_tool_calls)][:_MOST_REQUESTS]


def _request(identity: str, name: str, given: dict[str, Any]) -> ToolRequest:
    name = visible_line(name, _LONGEST_NAME)
    try:
        arguments = bounded(given, _ARGUMENTS)
    except DataError as error:
        return ToolRequest(id=identity, name=name, problem=f"its arguments cannot be read: {error}")
    length = len(json.dumps(arguments, ensure_ascii=False))
    if length > _LONGEST_ARGUMENTS:
        problem = f"its arguments are {length:,} characters long; {_LONGEST_ARGUMENTS:,} are allowed"
        return ToolRequest(id=identity, name=name, problem=problem)
    return ToolRequest(id=identity, name=name, arguments=arguments)


def _unread(identity: str, name: str | None, given: Any) -> ToolRequest:
    """A call whose arguments LangChain could not read; of a tool without any, they may be anything empty."""
    name = visible_line(name or "", _LONGEST_NAME)
    if not given or (isinstance(given, str) and given.strip() in _NO_ARGUMENTS):
        return ToolRequest(id=identity, name=name)
    return ToolRequest(id=identity, name=name, problem="its arguments are no valid JSON object")


def _own_id(given: str | None, seen: set[str]) -> str:
    """What the provider calls a request, as far as it can be kept and sent back; else an id of our own."""
    identity = entered(given or "", _LONGEST_ID)
    if not identity.strip() or identity in seen:
        identity = next(name for number in count(1) if (name := f"call-{number}") not in seen)
    seen.add(identity)
    return identity
