"""Asking a role's model, once: recorded, paid for, bounded, repaired."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.folders import inside, why
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.journal.store import JournalError
from fieldcraft.agent.models.errors import ModelUnavailable
from fieldcraft.agent.models.messages import Answer, Message, ToolRequest
from fieldcraft.agent.prompts.rendering import AnswerUnusable, Prompts
from fieldcraft.agent.redact import redact
from fieldcraft.common.errors import Paused
from fieldcraft.common.secrets.redaction import redact_data
from fieldcraft.common.text import cut_text, valid_text

ANSWER_SHOWN = 4_000
"""Characters of an unusable answer that its author is shown again."""

OWN_PROMPT = 200_000
"""Characters of a prompt that a part of a user's own asks with."""

_COST_OF_FAILURE = {"input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "money"}
_AS_ANSWERED = {*_COST_OF_FAILURE, "model", "priced", "estimated", "seconds", "waited", "truncated"}

T = TypeVar("T")


class Client(Protocol):
    """What answers: a `ModelClient`."""

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


class ModelsSilent(Paused, RuntimeError):
    """Too many model calls failed in a row; the message says how the last one did. The run can be resumed."""


class Tools(Protocol):
    """Who makes the tool calls that a model asks for: a `ToolAccess`."""

    def offer(self, role: str) -> tuple[dict[str, Any], ...]:
        """The tools of a role, in the form of OpenAI's API."""

    def answer(self, role: str, requests: Sequence[ToolRequest]) -> list[Message]:
        """The outcome of each request."""


class Asker:
    """Puts prompts to the model of each role, and makes the tool calls that it asks for on the way."""

    def __init__(
        self,
        recorder: Recorder,
        clients: Mapping[str, Client],
        tools: Tools | None = None,
        prompts: Prompts | None = None,
    ) -> None:
        self._prompts = prompts or Prompts()
        self._recorder = recorder
        self._clients = clients
        self._tools = tools
        self._settings = recorder.run.settings

    def text(self, role: str, template: str, **values: Any) -> str:
        """The answer as text.

        Raises:
            BudgetExhausted: before the call.
            ModelsSilent: no answer, several calls in a row.
        """
        return self._ask(role, template, self._prompts.render(template, **values))[0]

    def plain(self, role: str, prompt: str) -> str:
        """The answer to a prompt that is no template, as text. Raises as `text` does."""
        return self._ask(role, "own", [Message(role="user", text=cut_text(valid_text(prompt), OWN_PROMPT))])[
            0
        ]

    def parsed(
        self,
        role: str,
        template: str,
        parse: Callable[[str], T],
        *,
        shape: type[BaseModel] | None = None,
        **values: Any,
    ) -> T:
        """The answer as `parse` reads it; an unusable one goes back with what is wrong with it.

        Where the answer is JSON of the class `shape`, the model is asked by its schema if it has that.

        Raises:
            AnswerUnusable: still unusable after the settings' number of repairs.
            BudgetExhausted: before a call.
            ModelsSilent: no answer, several calls in a row.
        """
        messages = self._prompts.render(template, **values)
        for left in range(self._settings.repairs, -1, -1):
            answer, messages = self._ask(role, template, messages, shape)
            try:
                return parse(answer)
            except AnswerUnusable as problem:
                if not left:
                    raise
                messages = [
                    *messages,
                    Message(role="assistant", text=cut_text(answer, ANSWER_SHOWN) or "(empty)"),
                    *self._prompts.render("repair", problem=str(problem)),
                ]
        raise AssertionError("unreachable")

    def _ask(
        self, role: str, template: str, messages: list[Message], shape: type[BaseModel] | None = None
    ) -> tuple[str, list[Message]]:
        """The answer, and the conversation that led to it; tool calls are bounded by `tool_steps`."""
        for left in range(self._settings.tool_steps, -1, -1):
            answer = self._ask_once(role, template, messages, shape)
            if not answer.requests or not left or self._tools is None:
                break
            messages = [
                *messages,
                Message(role="assistant", text=answer.text, requests=answer.requests),
                *self._tools.answer(role, answer.requests),
                *(self._prompts.render("last_step") if left == 1 else ()),
            ]
        return answer.text, messages

    def _ask_once(
        self, role: str, template: str, messages: list[Message], shape: type[BaseModel] | None
    ) -> e.ModelAnswered:
        while True:
            self._recorder.check_budget(another_program=False)
            call = self._recorder.state.calls.get(role, 0) + 1
            outcome = self._recorder.effect(
                e.ModelAsked(role=role, call=call, template=template),
                (e.ModelAnswered, e.ModelFailed),
                lambda call=call: self._call(role, template, call, messages, shape),  # type: ignore[misc]
            )
            if isinstance(outcome, e.ModelAnswered):
                return outcome
            failures = self._recorder.model_failures
            if failures >= self._settings.model_failures and isinstance(outcome, e.ModelFailed):
                raise ModelsSilent(f"{failures} model calls in a row failed: {outcome.error}")

    def _call(
        self,
        role: str,
        template: str,
        call: int,
        messages: list[Message],
        shape: type[BaseModel] | None,
    ) -> e.ModelAnswered | e.ModelFailed:
        if self._settings.keep_prompts:
            self._keep_prompt(role, template, call, messages)
        try:
            answer = self._clients[role].ask(
                messages, role=role, call=call, tools=self._offer(role), shape=shape
            )
        except ModelUnavailable as error:
            return e.ModelFailed(
                role=role,
                call=call,
                error=redact(str(error)),
                **error.usage.model_dump(include=_COST_OF_FAILURE),
            )
        return e.ModelAnswered(
            role=role,
            call=call,
            text=redact(answer.text),
            reasoning=redact(answer.reasoning),
            refusal=redact(answer.refusal),
            turn=redact_data(answer.turn),
            **answer.model_dump(include=_AS_ANSWERED),
            requests=tuple(
                request.model_copy(update={"arguments": redact_data(request.arguments)})
                for request in answer.requests
            ),
        )

    def _offer(self, role: str) -> tuple[dict[str, Any], ...]:
        offered = self._tools.offer(role) if self._tools is not None else ()
        return offered if offered and self._clients[role].calls_tools else ()

    def _keep_prompt(self, role: str, template: str, call: int, messages: list[Message]) -> None:
        text = "\n\n".join(f"<!-- {message.role} -->\n{redact(_shown(message))}" for message in messages)
        try:
            with inside(self._recorder.run.folder, "prompts", create=True) as folder:
                folder.write(f"{role}-{call:05d}-{template}.md", valid_text(text + "\n").encode(), sync=False)
        except OSError as error:
            raise JournalError(
                f"a prompt cannot be kept: {why(error)}; mend it and resume, or leave --keep-prompts out"
            ) from error


def _shown(message: Message) -> str:
    calls = [f"calls {request.name} {request.model_dump_json()}" for request in message.requests]
    return "\n".join([message.text, *calls] if message.text else calls or [""])
