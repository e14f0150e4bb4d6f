"""Asking a role's model, once: recorded, paid for, bounded, repaired."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.folders import why
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.journal.store import JournalError
from fieldcraft.agent.models.endings import refusal_in_words
from fieldcraft.agent.models.errors import ModelRationed, ModelUnavailable
from fieldcraft.agent.models.messages import Message, ToolRequest
from fieldcraft.agent.prompts.answers import leading_object
from fieldcraft.agent.prompts.fitting import Prompted, begun_with
from fieldcraft.agent.prompts.rendering import AnswerUnusable, MoreWanted, Prompts
from fieldcraft.agent.redact import redact
from fieldcraft.agent.roles.fitted_calls import Client, FittedCalls
from fieldcraft.agent.seeing import RunPictures
from fieldcraft.agent.tooling.offering.topics import topic_of
from fieldcraft.agent.transcript import Transcript
from fieldcraft.common.errors import Paused
from fieldcraft.common.secrets.redaction import redact_data
from fieldcraft.common.text import cut_text, valid_text

ANSWER_SHOWN = 4_000
"""Characters of an unusable answer that its author is shown again."""

_CUT_OFF = "it was cut at the model's limit of output tokens: raise model_options.max_output_tokens"
_ONLY_CALLS = "it holds nothing but tool calls, and no more can be made; write the answer itself"

MOST_WANTED = 2
"""How often an answer may ask for more before it must be given."""

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

PROGRAMS = frozenset({"actor", "actor_javascript"})
"""The templates that ask for a program."""

T = TypeVar("T")


class AnswerWithheld(AnswerUnusable):
    """The model, or a filter of its provider, refused to answer; the message holds its words."""


@dataclass(frozen=True)
class _Said:
    """An answer, and the conversation that led to it.

    Attributes:
        cut: at the model's limit of output.
        only_calls: it holds nothing but more tool calls than may be made.
    """

    text: str
    messages: list[Message]
    cut: bool
    only_calls: bool


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

    def announce(self, model: str, role: str, seconds: float, waited: float) -> None:
        """Record that the model is asked again after `seconds`."""
        self._recorder.record_metadata(e.ModelWaited(role=role, model=model, seconds=seconds, waited=waited))

    def stopping(self) -> bool:
        """Whether the run is to stop."""
        self._recorder.within_a_wait()
        return self._recorder.stopping


class Tools(Protocol):
    """Who makes the tool calls that a model asks for: a `ToolAccess`."""

    def offer(self, role: str, about: str = "") -> tuple[dict[str, Any], ...]:
        """The tools of a role, in the form of OpenAI's API; of many, those that fit what it is about."""

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
        self._calls = FittedCalls(recorder, self._prompts.render)
        self._settings = recorder.run.settings
        self._transcript = Transcript(recorder.run.folder)
        self._pictures = RunPictures(recorder.run.folder)
        self._last_turns: dict[str, tuple[int, dict[str, Any]]] = {}
        self._over_limit: ModelRationed | None = None

    def text(self, role: str, template: str, **values: Any) -> str:
        """The answer as text.

        Raises:
            BudgetExhausted: before the call.
            AnswerWithheld: the model refused.
            ModelsSilent: no answer, several calls in a row.
        """
        prompt, messages = self._begin(role, template, values)
        return self._text(role, prompt, messages)

    def plain(self, role: str, prompt: str) -> str:
        """The answer to a prompt that is no template, as text. Raises as `text` does."""
        messages = [Message(role="user", text=cut_text(valid_text(prompt), OWN_PROMPT))]
        return self._text(role, Prompted("own", {}, len(messages)), messages)

    def _text(self, role: str, prompt: Prompted, messages: list[Message]) -> str:
        """The answer; one that was cut is asked for once more, shorter."""
        said = self._ask(role, prompt, messages)
        if not said.cut:
            return said.text
        shorter = self._ask(role, prompt, self._sent_back(said, "cut_short"))
        return shorter.text if shorter.text.strip() else said.text

    def parsed(
        self,
        role: str,
        template: str,
        parse: Callable[[str], T],
        *,
        repairs: int | None = None,
        repairable: type[AnswerUnusable] = AnswerUnusable,
        shape: type[BaseModel] | None = None,
        **values: Any,
    ) -> T:
        """The answer as `parse` reads it; an unusable one goes back with what is wrong with it.

        One that was cut is asked for once again as a whole, but shorter: models that are asked for the rest
        start again in the middle of a line, or repeat themselves. Of one in JSON only an object that it
        begins with counts then, for all others may stand in reasoning that was cut before its end. One that
        asks for more gets that, up to `MOST_WANTED` times.

        Args:
            role: who asks.
            template: the prompt.
            parse: reads the answer, or raises `AnswerUnusable`.
            repairs: how often an unusable answer goes back, where it is not what the settings say.
            repairable: what must be wrong with it for that.
            shape: the class of an answer in JSON, by whose schema the model is asked where it has that.
            values: the template's variables.

        Raises:
            AnswerWithheld: the model refused; the same question is not put to it again.
            AnswerUnusable: still unusable after the repairs.
            BudgetExhausted: before a call.
            ModelsSilent: no answer, several calls in a row.
        """
        prompt, messages = self._begin(role, template, values, shape)
        left = self._settings.repairs if repairs is None else repairs
        asked_shorter, wanted = False, 0
        while True:
            said = self._ask(role, prompt, messages)
            try:
                return parse(leading_object(said.text) if said.cut and shape is not None else said.text)
            except AnswerUnusable as wrong:
                if isinstance(wrong, MoreWanted) and wanted < MOST_WANTED:
                    wanted += 1
                    messages = self._sent_back(said, wrong.template, **wrong.values)
                    continue
                problem = type(wrong)(_ONLY_CALLS) if said.only_calls else wrong
                if said.cut and asked_shorter:
                    raise AnswerUnusable(f"{problem} ({_CUT_OFF})") from None
                if said.cut:
                    asked_shorter = True
                    messages = self._sent_back(said, "cut_short")
                    continue
                if not left or not isinstance(problem, repairable):
                    raise problem from None
                left -= 1
                messages = self._sent_back(said, "repair", problem=str(problem))

    def _begin(
        self, role: str, template: str, values: Mapping[str, Any], shape: type[BaseModel] | None = None
    ) -> tuple[Prompted, list[Message]]:
        """A conversation from a template, with the picture of the world where the role sees it."""
        seen = self._recorder.state.picture if role in self._settings.see else ""
        picture = self._pictures.read(seen) if seen else None
        pictures = () if picture is None else (picture,)
        prompt = Prompted(template, values, 0, shape, pictures)
        messages = begun_with(self._prompts.render, prompt, values)
        return replace(prompt, length=len(messages)), messages

    def _sent_back(self, said: _Said, template: str, **values: Any) -> list[Message]:
        """The conversation with an answer that cannot be used, and why."""
        shown = Message(role="assistant", text=cut_text(said.text, ANSWER_SHOWN) or "(empty)")
        return [*said.messages, shown, *self._prompts.render(template, **values)]

    def _ask(self, role: str, prompt: Prompted, messages: list[Message]) -> _Said:
        """The answer; tool calls on the way are bounded by `tool_steps`."""
        for left in range(self._settings.tool_steps, -1, -1):
            answer = self._ask_once(role, prompt, messages)
            if answer.refusal:
                raise AnswerWithheld(f"the model refused to answer: {answer.refusal}")
            if not answer.requests or not left or self._tools is None:
                break
            messages = [
                *messages,
                Message(
                    role="assistant",
                    text=answer.text,
                    requests=answer.requests,
                    turn=self._turn(role, answer),
                ),
                *self._tools.answer(role, answer.requests),
                *(self._prompts.render("last_step") if left == 1 else ()),
            ]
        only_calls = bool(answer.requests) and not answer.text.strip()
        return _Said(answer.text, messages, answer.truncated, only_calls)

    def _turn(self, role: str, answer: e.ModelAnswered) -> dict[str, Any]:
        """What the provider wants back: as it came, or after a resume as the journal has it, redacted."""
        call, turn = self._last_turns.get(role, (0, {}))
        return turn if call == answer.call else answer.turn

    def _ask_once(self, role: str, prompt: Prompted, messages: list[Message]) -> e.ModelAnswered:
        while True:
            self._over_limit = None
            self._recorder.check_budget(another_program=False)
            call = self._recorder.state.calls.get(role, 0) + 1
            outcome = self._recorder.effect(
                e.ModelAsked(role=role, call=call, template=prompt.template),
                (e.ModelAnswered, e.ModelFailed),
                lambda call=call: self._call(role, prompt, call, messages),  # type: ignore[misc]
            )
            if isinstance(outcome, e.ModelAnswered):
                self._stop_if_refused(outcome)
                return outcome
            self._pause_at_limit()
            failures = self._recorder.model_failures
            if failures >= self._settings.model_failures and isinstance(outcome, e.ModelFailed):
                raise ModelsSilent(f"{failures} model calls in a row failed: {outcome.error}")

    def _stop_if_refused(self, answer: e.ModelAnswered) -> None:
        refusals = self._recorder.refusals.get(answer.role, 0)
        if answer.refusal and refusals >= self._settings.model_failures:
            raise ModelsSilent(
                f"the model of the {answer.role} refused {refusals} times in a row to answer: "
                f"{answer.refusal}"
            )

    def _pause_at_limit(self) -> None:
        """Pause the run where its latest call met a rate limit that is not to be waited out."""
        if self._over_limit is not None and not self._recorder.stopping:
            raise ModelsSilent(redact(str(self._over_limit))) from self._over_limit

    def _call(
        self, role: str, prompt: Prompted, call: int, messages: list[Message]
    ) -> e.ModelAnswered | e.ModelFailed:
        try:
            outcome = self._calls.ask(
                self._clients[role],
                prompt,
                messages,
                role=role,
                call=call,
                tools=self._offer(role, topic_of(prompt.values, messages)),
                keep=lambda sent: self._keep_prompt(role, prompt.template, call, sent),
            )
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
        answer = outcome.answer
        refusal = answer.refusal
        if not answer.requests and (prompt.shape is not None or prompt.template in PROGRAMS):
            refusal = refusal or refusal_in_words(answer.text)
        self._last_turns[role] = (call, answer.turn)
        return e.ModelAnswered(
            shortened_for=outcome.window,
            role=role,
            call=call,
            text=redact(answer.text),
            reasoning=redact(answer.reasoning),
            refusal=redact(refusal),
            turn=redact_data(answer.turn),
            **answer.model_dump(include=_AS_ANSWERED),
            requests=tuple(
                request.model_copy(update={"arguments": redact_data(request.arguments)})
                for request in answer.requests
            ),
        )

    def offers_tools(self, role: str) -> bool:
        """Whether the model of a role may call tools on the way to its answer."""
        return bool(self._offer(role))

    def _offer(self, role: str, about: str = "") -> tuple[dict[str, Any], ...]:
        offered = self._tools.offer(role, about) if self._tools is not None else ()
        return offered if offered and self._clients[role].calls_tools else ()

    def _keep_prompt(self, role: str, template: str, call: int, messages: list[Message]) -> None:
        if not self._settings.keep_prompts:
            return
        try:
            self._transcript.keep(role, template, call, messages)
        except OSError as error:
            raise JournalError(
                f"a prompt cannot be kept: {why(error)}; mend it and resume, or add --no-keep-prompts"
            ) from error
