"""Ask a model outside of a run with a prompt that fits its window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fieldcraft.agent.models.client import ModelClient
from fieldcraft.agent.models.errors import PromptTooLong
from fieldcraft.agent.models.messages import Answer, Message
from fieldcraft.agent.prompts.fitting import NoRoom, Prompted, fit
from fieldcraft.agent.prompts.rendering import render

_SHRINKS = 8
"""How often a prompt that was refused as too long is asked with again, shorter."""

Question = Prompted | list[Message]
Ask = Callable[..., Answer]


def answer_of(
    client: ModelClient, question: Question, tools: tuple[dict[str, Any], ...], *, role: str, call: int
) -> Answer:
    """Ask with a prompt as the window takes it; after a refusal, from which that is learned, a shorter one.

    Raises:
        ModelUnavailable, ModelRefused: as `ModelClient.ask` does.
    """
    refused: PromptTooLong | None = None
    for _ in range(_SHRINKS + 1):
        messages = _fitting(client, question, tools)
        if messages is None and refused is not None:
            raise refused
        whole = messages or _whole(question)
        try:
            return client.ask(whole, role=role, call=call, tools=tools)
        except PromptTooLong as refusal:
            client.window.learn_refusal(refusal, client.window.count(whole, tools))
            refused = refusal
            if messages is None or not isinstance(question, Prompted):
                raise
    assert refused is not None
    raise refused


def _whole(question: Question) -> list[Message]:
    return render(question.template, **question.values) if isinstance(question, Prompted) else question


def _fitting(
    client: ModelClient, question: Question, tools: Sequence[dict[str, Any]]
) -> list[Message] | None:
    """The messages of a question as they fit, or `None` if they never do.

    No server is asked for its window while nothing is known of it.
    """
    messages = _whole(question)
    room = client.window.room if client.window.known is not None else None
    if room is None or not isinstance(question, Prompted):
        return messages
    try:
        return fit(
            render, question, messages, room=room, count=lambda asked: client.window.count(asked, tools)
        ).messages
    except NoRoom:
        return None


def prompted(template: str, values: Mapping[str, Any]) -> Prompted:
    """A template with its values, as a question."""
    return Prompted(template, values, len(render(template, **values)))
