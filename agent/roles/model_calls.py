"""Asking a role's model, once: recorded, paid for, bounded, repaired."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.folders import inside, why
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.journal.store import JournalError
from fieldcraft.agent.models.errors import ModelRationed, ModelUnavailable
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

_COST_OF_FAILURE = {
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "reasoning_tokens",
    "money",
    "estimated",
}
_AS_ANSWERED = {*_COST_OF_FAILURE, "model", "priced", "seconds", "waited", "truncated"}

T = TypeVar("T")


class Client(Protocol):
    """What answers: a `ModelClient`."""

    @property
    def calls_tools(self) -> bool:
        """Whether it can be offered tools."""

    def ask(
        self, messages: list[Message], *, role: str, call: int, tools: Sequence[dict[str, Any]] = ()
    ) -> Answer:
        """Answer once, or raise `ModelUnavailable` or `ModelRefused`."""


class ModelsSilent(Paused, RuntimeError):
    """Too many model calls failed in a row, or a rate limit is longer than the settings allow to wait.

    The message says how the last call failed. The run can be resumed.
    """


class RunWaits:
    """Shows a run's waits for rate limits, and ends them where the run is to stop.

    Args:
        recorder: of the run.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def announce(self, model: str, role: str, seconds: float) -> None:
        """Record that the model is asked again after `seconds`."""
        self._recorder.record_metadata(e.ModelWaited(role=role, model=model, seconds=seconds))

    def stopping(self) -> bool:
        """Whether the run is to stop."""
        return self._recorder.stopping


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
        self._over_limit: ModelRationed | None = None

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

    def parsed(self, role: str, template: str, parse: Callable[[str], T], **values: Any) -> T:
        """The answer as `parse` reads it; an unusable one goes back with what is wrong with it.

        Raises:
            AnswerUnusable: still unusable after the settings' number of repairs.
            BudgetExhausted: before a call.
            ModelsSilent: no answer, several calls in a row.
        """
        messages = self._prompts.render(template, **values)
        for left in range(self._settings.repairs, -1, -1):
            answer, messages = self._ask(role, template, messages)
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

    def _ask(self, role: str, template: str, messages: list[Message]) -> tuple[str, list[Message]]:
        """The answer, and the conversation that led to it; tool calls are bounded by `tool_steps`."""
        for left in range(self._settings.tool_steps, -1, -1):
            answer = self._ask_once(role, template, messages)
            if not answer.requests or not left or self._tools is None:
                break
            messages = [
                *messages,
                Message(role="assistant", text=answer.text, requests=answer.requests),
                *self._tools.answer(role, answer.requests),
                *(self._prompts.render("last_step") if left == 1 else ()),
            ]
        return answer.text, messages

    def _ask_once(self, role: str, template: str, messages: list[Message]) -> e.ModelAnswered:
        while True:
            self._over_limit = None
            self._recorder.check_budget(another_program=False)
            call = self._recorder.state.calls.get(role, 0) + 1
            outcome = self._recorder.effect(
                e.ModelAsked(role=role, call=call, template=template),
                (e.ModelAnswered, e.ModelFailed),
                lambda call=call: self._call(role, template, call, messages),  # type: ignore[misc]
            )
            if isinstance(outcome, e.ModelAnswered):
                return outcome
            self._pause_at_limit()
            failures = self._recorder.model_failures
            if failures >= self._settings.model_failures and isinstance(outcome, e.ModelFailed):
                raise ModelsSilent(f"{failures} model calls in a row failed: {outcome.error}")

    def _pause_at_limit(self) -> None:
        """Pause the run where its latest call met a rate limit that is not to be waited out."""
        if self._over_limit is not None and not self._recorder.stopping:
            raise ModelsSilent(redact(str(self._over_limit))) from self._over_limit

    def _call(
        self, role: str, template: str, call: int, messages: list[Message]
    ) -> e.ModelAnswered | e.ModelFailed:
        if self._settings.keep_prompts:
            self._keep_prompt(role, template, call, messages)
        try:
            answer = self._clients[role].ask(messages, role=role, call=call, tools=self._offer(role))
        except ModelUnavailable as error:
            self._over_limit = error if isinstance(error, ModelRationed) else None
            return e.ModelFailed(
                role=role,
                call=call,
                error=redact(str(error)),
                waited=error.waited,
                rationed=isinstance(error, ModelRationed),
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
