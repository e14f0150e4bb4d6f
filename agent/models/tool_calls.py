"""Tool calls on their way between LangChain's messages and ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.messages import Message, ToolRequest

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, ToolMessage

_LONGEST_ARGUMENTS = 100_000
"""Characters of JSON."""


def requests_of(reply: AIMessage) -> tuple[ToolRequest, ...]:
    """The tool calls in a model's reply, those with unreadable arguments last."""
    readable = [
        _request(number, call["id"], call["name"], call["args"])
        for number, call in enumerate(reply.tool_calls, 1)
    ]
    unreadable = [
        ToolRequest(
            id=call["id"] or f"unreadable-{number}",
            name=_sound(call["name"] or "")[:200],
            problem="its arguments are no valid JSON object",
        )
        for number, call in enumerate(reply.invalid_tool_calls, 1)
    ]
    return (*readable, *unreadable)


def _request(number: int, identity: str | None, name: str, arguments: dict[str, Any]) -> ToolRequest:
    identity, name = identity or f"call-{number}", _sound(name)[:200]
    try:
        text = json.dumps(arguments, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        return ToolRequest(id=identity, name=name, problem=f"its arguments cannot be read: {error}"[:300])
    if len(text) > _LONGEST_ARGUMENTS:
        problem = f"its arguments are {len(text):,} characters long; {_LONGEST_ARGUMENTS:,} are allowed"
        return ToolRequest(id=identity, name=name, problem=problem)
    return ToolRequest(id=identity, name=name, arguments=json.loads(_sound(text)))


def _sound(text: str) -> str:
    """`text` without halves of characters, which no file can hold."""
    return text.encode("utf-8", "replace").decode()


def assistant_turn(message: Message) -> AIMessage:
    """An assistant's turn with what it asked for."""
    from langchain_core.messages import AIMessage, ToolCall

    calls = [
        ToolCall(name=request.name, args=request.arguments, id=request.id, type="tool_call")
        for request in message.requests
    ]
    return AIMessage(content=message.text, tool_calls=calls)


def tool_turn(message: Message) -> ToolMessage:
    """The outcome of one tool call."""
    from langchain_core.messages import ToolMessage

    return ToolMessage(content=message.text, tool_call_id=message.answers)
