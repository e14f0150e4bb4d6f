"""Model calls whose prompts fit the model's window: shortened before they are sent, and after a refusal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorded_log import recorded
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.models.errors import PromptTooLong, WindowTooSmall
from fieldcraft.agent.models.failures.setting_aside import OfferedTools
from fieldcraft.agent.models.messages import Answer, Message
from fieldcraft.agent.models.windows.window import ContextWindow
from fieldcraft.agent.prompts.fitting import Fitted, NoRoom, Prompted, fit

SHRINKS = 8
"""Refusals of one call for the length of its prompt that are answered by a shorter one."""

Render = Callable[..., list[Message]]
logger = logging.getLogger(__name__)


class Client(Protocol):
    """What answers: a `ModelClient`."""

    @property
    def name(self) -> str:
        """The model, for messages."""

    @property
    def window(self) -> ContextWindow:
        """How much of a prompt it takes."""

    @property
    def calls_tools(self) -> bool:
        """Whether it can be offered tools."""

    def ask(
        self,
        messages: list[Message],
        *,
        role: str,
        call: int,
        tools: Sequence[dict[str, Any]] = (),
        shape: type[BaseModel] | None = None,
    ) -> Answer:
        """Answer once, or raise `ModelUnavailable` or `ModelRefused`."""


@dataclass(frozen=True)
class Shortened:
    """An answer, and the window that its prompt was shortened for; 0 where it went out whole."""

    answer: Answer
    window: int


class FittedCalls:
    """Asks models with prompts that fit, and says once of each kind of prompt what was left out."""

    def __init__(self, recorder: Recorder, render: Render) -> None:
        self._recorder = recorder
        self._render = render
        self._said: set[tuple[str, str]] = set()
        self._offered = OfferedTools(self._warn)

    def ask(
        self,
        client: Client,
        prompt: Prompted,
        messages: Sequence[Message],
        *,
        role: str,
        call: int,
        tools: Sequence[dict[str, Any]] = (),
        keep: Callable[[list[Message]], None] = lambda _: None,
    ) -> Shortened:
        """Ask until the model takes the prompt and the tools.

        Args:
            client: the model.
            prompt: what the conversation began with.
            messages: the conversation as a whole.
            role: who asks.
            call: the number of this role's call.
            tools: that the model may call.
            keep: called with what is sent.

        Raises:
            WindowTooSmall: the shortest prompt is too long, or the model refused every one that was tried.
        """
        return self._offered.ask(
            client.name,
            tools,
            lambda taken: self._ask(client, prompt, messages, role=role, call=call, tools=taken, keep=keep),
        )

    def _ask(
        self,
        client: Client,
        prompt: Prompted,
        messages: Sequence[Message],
        *,
        role: str,
        call: int,
        tools: Sequence[dict[str, Any]],
        keep: Callable[[list[Message]], None],
    ) -> Shortened:
        """Ask until the model takes the prompt, with these tools."""
        window = client.window
        for left in range(SHRINKS, -1, -1):
            fitted = fitting(client, self._render, prompt, messages, role=role, tools=tools)
            keep(fitted.messages)
            tokens = window.count(fitted.messages, tools)
            try:
                answer = client.ask(fitted.messages, role=role, call=call, tools=tools, shape=prompt.shape)
            except PromptTooLong as refusal:
                if not left:
                    raise _refused(client, role, tokens) from refusal
                logger.info("%s, asked for the %s: %s", client.name, role, refusal)
                window.learn_refusal(refusal, tokens)
                continue
            if not answer.estimated and answer.attempts == 1:
                window.learn_usage(tokens, answer.input_tokens)
            shortened = bool(fitted.left_out)
            if shortened:
                self._tell(client, role, prompt.template, fitted)
            return Shortened(answer, (window.size or window.room or 0) if shortened else 0)
        raise AssertionError("unreachable")

    def _tell(self, client: Client, role: str, template: str, fitted: Fitted) -> None:
        """Say what was left out, once for each role and template."""
        if (role, template) in self._said:
            return
        self._said.add((role, template))
        text = (
            f"prompts of the {role} ({template}) are shortened to fit {_window(client)} of {client.name}: "
            f"{', '.join(fitted.left_out)} left out where there is no room"
        )
        self._warn(text)

    def _warn(self, text: str) -> None:
        recorded.warning("%s", text)
        self._recorder.record_metadata(e.Warned(text=text))


def fitting(
    client: Client,
    render: Render,
    prompt: Prompted,
    messages: Sequence[Message],
    *,
    role: str,
    tools: Sequence[dict[str, Any]] = (),
) -> Fitted:
    """The conversation as the model's window takes it.

    Raises:
        WindowTooSmall: the message says what the shortest prompt takes, and what to do.
    """
    window = client.window
    room = window.room
    if room is None:
        return Fitted(list(messages))
    try:
        return fit(render, prompt, messages, room=room, count=lambda messages: window.count(messages, tools))
    except NoRoom as problem:
        raise WindowTooSmall(
            f"{client.name}: the shortest prompt of the {role} takes about {problem.least:,} tokens, and "
            f"{_left(client, room)}; choose a model with a larger one, or "
            "correct model_options.context or model_options.max_output_tokens"
        ) from problem


def _refused(client: Client, role: str, tokens: int) -> WindowTooSmall:
    return WindowTooSmall(
        f"{client.name} refused {SHRINKS + 1} prompts of the {role} as too long, the last one of about "
        f"{tokens:,} tokens; choose a model with a larger window, or give its tokens as model_options.context"
    )


def _left(client: Client, room: int) -> str:
    window = client.window
    if window.size is not None and room == max(0, window.size - window.reserve):
        return f"{_window(client)} leaves {room:,} beside the answer"
    return f"the model refused more than {room:,}"


def _window(client: Client) -> str:
    size = client.window.size
    return "the window" if size is None else f"a window of {size:,} tokens"
