"""The turns of a conversation as LangChain's messages."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.messages import Message
from fieldcraft.common.secrets.redaction import redact

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage, ToolMessage


def to_langchain(messages: Sequence[Message]) -> list[BaseMessage]:
    """The conversation as LangChain's messages."""
    return [_turn(message) for message in messages]


def without_secrets(messages: Sequence[Message]) -> list[Message]:
    """The messages for a remote model, without secrets that this process knows."""
    shown = [(message, redact(message.text)) for message in messages]
    return [m if text == m.text else m.model_copy(update={"text": text}) for m, text in shown]


def _turn(message: Message) -> BaseMessage:
    from langchain_core.messages import HumanMessage, SystemMessage

    match message.role:
        case "system":
            return SystemMessage(content=_content(message))
        case "user":
            return HumanMessage(content=_content(message))
        case "assistant":
            return _assistant_turn(message)
        case "tool":
            return _tool_turn(message)


def _content(message: Message) -> str | list[str | dict[str, Any]]:
    if not message.images:
        return message.text
    pictures = (base64.b64encode(image).decode() for image in message.images)
    return [
        {"type": "text", "text": message.text},
        *(
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}
            for picture in pictures
        ),
    ]


def _assistant_turn(message: Message) -> AIMessage:
    from langchain_core.messages import AIMessage, ToolCall

    calls = [
        ToolCall(name=request.name, args=request.arguments, id=request.id, type="tool_call")
        for request in message.requests
    ]
    return AIMessage(content=message.text, tool_calls=calls)


def _tool_turn(message: Message) -> ToolMessage:
    from langchain_core.messages import ToolMessage

    return ToolMessage(content=message.text, tool_call_id=message.answers)
