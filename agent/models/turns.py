"""The turns of a conversation as LangChain's messages."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.keeping.kept_turns import kept_reply
from fieldcraft.agent.models.messages import Message
from fieldcraft.common.secrets.redaction import redact

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage, ToolMessage


_OUTCOMES = "You called tools. This is what came of it:"


MARKED_FROM = 4_000
"""Characters of a beginning from which a provider keeps it."""


def to_langchain(
    messages: Sequence[Message], *, model: str = "", marks: Collection[int] = ()
) -> list[BaseMessage]:
    """The conversation as LangChain's messages.

    Args:
        messages: the turns.
        model: the name of the model that is asked; it gets its own turns back as they came.
        marks: the places of turns of system and user up to which the provider is to cache the conversation.
    """
    names = {request.id: request.name for message in messages for request in message.requests}
    return [_turn(message, model, names, place in marks) for place, message in enumerate(messages)]


def cache_marks(messages: Sequence[Message], *, goes_on: bool) -> list[int]:
    """Where the beginnings end that later calls share: the constant part, and what a conversation began with.

    Args:
        messages: the turns.
        goes_on: the model may ask for tools, so that the same turns are likely to be sent again.
    """
    places: list[int] = []
    length = 0
    for place, message in enumerate(messages[:2]):
        length += len(message.text)
        constant = message.role == "system"
        again = message.role == "user" and (goes_on or len(messages) > place + 1)
        if (constant or again) and length >= MARKED_FROM:
            places.append(place)
    return places


def forms_of(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """The conversation in each form in which a provider may take it, the best one first.

    As it came; without what a provider wanted back (of another time, or cut); with the outcomes of tool calls
    as text, for a provider that takes no tool call but its own.
    """
    yield messages
    if any(message.turn for message in messages):
        yield [message.model_copy(update={"turn": {}}) if message.turn else message for message in messages]
    if any(message.requests for message in messages):
        yield _without_calls(messages)


def _without_calls(messages: Sequence[Message]) -> list[Message]:
    """The conversation with the outcomes of tool calls in the user's turns, two of which never follow."""
    kept: list[Message] = []
    for message in messages:
        if message.role == "assistant" and message.requests:
            kept += [Message(role="assistant", text=message.text)] if message.text.strip() else []
            kept.append(Message(role="user", text=_OUTCOMES))
            continue
        asked = message if message.role != "tool" else Message(role="user", text=message.text)
        before = kept[-1] if kept else None
        if before is not None and before.role == asked.role == "user":
            text, images = f"{before.text}\n\n{asked.text}", (*before.images, *asked.images)
            kept[-1] = before.model_copy(update={"text": text, "images": images})
        else:
            kept.append(asked)
    return kept


def without_secrets(messages: Sequence[Message]) -> list[Message]:
    """The messages for a remote model, without secrets that this process knows."""
    shown = [(message, redact(message.text)) for message in messages]
    return [m if text == m.text else m.model_copy(update={"text": text}) for m, text in shown]


def without_system(conversation: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The conversation with the system's text before the first question, for a model without such turns."""
    from langchain_core.messages import HumanMessage, SystemMessage

    said = "\n\n".join(turn.text for turn in conversation if isinstance(turn, SystemMessage))
    turns = [turn for turn in conversation if not isinstance(turn, SystemMessage)]
    if not said:
        return turns
    first = turns[0] if turns else None
    if not isinstance(first, HumanMessage):
        return [HumanMessage(content=said), *turns]
    asked = first.content
    whole = f"{said}\n\n{asked}" if isinstance(asked, str) else [{"type": "text", "text": said}, *asked]
    return [HumanMessage(content=whole), *turns[1:]]


def _turn(message: Message, model: str, names: Mapping[str, str], marked: bool) -> BaseMessage:
    from langchain_core.messages import HumanMessage, SystemMessage

    match message.role:
        case "system":
            return SystemMessage(content=_content(message, marked))
        case "user":
            return HumanMessage(content=_content(message, marked))
        case "assistant":
            return kept_reply(message, model=model) or _assistant_turn(message)
        case "tool":
            return _tool_turn(message, names.get(message.answers))


def _content(message: Message, marked: bool) -> str | list[str | dict[str, Any]]:
    if not message.images and not marked:
        return message.text
    pictures = (base64.b64encode(image).decode() for image in message.images)
    mark = {"cache_control": {"type": "ephemeral"}} if marked else {}
    return [
        {"type": "text", "text": message.text, **mark},
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


def _tool_turn(message: Message, name: str | None) -> ToolMessage:
    from langchain_core.messages import ToolMessage

    return ToolMessage(content=message.text, tool_call_id=message.answers, name=name)
