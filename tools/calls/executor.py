"""Call tools with checks, limits, approval, timeouts and records; expected failures become messages."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from fieldcraft.common.text import cut_text, visible_line
from fieldcraft.tools.calls.approval import Approval, AskPerson
from fieldcraft.tools.calls.arguments import LEFT_OUT, Check, TooMuch, checker, plain_arguments
from fieldcraft.tools.calls.ending import Ending
from fieldcraft.tools.calls.gate import Gate
from fieldcraft.tools.calls.limits import CallLimits, key
from fieldcraft.tools.calls.policy import ToolPolicy
from fieldcraft.tools.calls.results import LONGEST_MESSAGE, Results
from fieldcraft.tools.calls.running import Runner
from fieldcraft.tools.calls.workers import fail
from fieldcraft.tools.context import ToolCall, ToolContext, ToolOutcome
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.registry import ToolRegistry
from fieldcraft.tools.traits import Effect, ToolTraits, traits_of

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

_MOST_REMEMBERED = 1_000
_LONGEST_NAME = 100
_LONGEST_ERROR = 2 * LONGEST_MESSAGE


@dataclass(frozen=True)
class _Prepared:
    """A tool with its cached traits and argument check."""

    tool: BaseTool
    traits: ToolTraits
    check: Check


class ToolExecutor:
    """Calls the tools of a registry, for models and for the programs of a sandbox.

    Every call is checked against the tool's schema, counted against the limits of the task and the budget,
    approved if the policy requires it, and recorded; calls run in parallel.

    Args:
        registry: the tools that may be called. The caller has to close it.
        context: what a tool may use, through `current_context()`.
        policy: limits and approval.
        ask_person: asks a person a question and returns the answer; `None` if no person is available.
        results: the folder that keeps complete results that are too long for the caller.
        approvals: a person's earlier decisions for all calls of a tool; read at each call.
        answered: whether a person answered one call before, whatever they decided for all calls of its tool.
    """

    def __init__(
        self,
        registry: ToolRegistry,
        *,
        context: ToolContext | None = None,
        policy: ToolPolicy | None = None,
        ask_person: AskPerson | None = None,
        results: Path | None = None,
        approvals: Mapping[str, bool] | None = None,
        answered: Callable[[ToolCall], bool] = lambda _: False,
    ) -> None:
        self.registry = registry
        self.policy = ToolPolicy() if policy is None else policy
        self._limits = CallLimits(self.policy)
        approval = Approval(ask_person, self._redact, {} if approvals is None else approvals, answered)
        self._gate = Gate(self.policy, self._limits, approval, lambda: self.context.budget)
        self._prepared: dict[str, _Prepared] = {}
        self._remembering = Lock()
        self._remembered: OrderedDict[tuple[str, str], Any] = OrderedDict()
        kept = Results(self.policy.longest_result, results, self._redact)
        self._runner = Runner(context or ToolContext(), self.policy, kept)

    @property
    def context(self) -> ToolContext:
        """What a tool may use; running calls keep the context with which they began."""
        return self._runner.context

    @context.setter
    def context(self, context: ToolContext) -> None:
        self._runner.context = context

    @property
    def seconds_with_person(self) -> float:
        """How long callers have waited for a person's approval so far.

        Code that keeps a deadline over a call moves it by what this grew.
        """
        return self._gate.seconds_with_person

    def _redact(self, text: str) -> str:
        return self.context.redact(text)

    def names(self) -> Sequence[str]:
        """The tools that may be called, sorted."""
        return self.registry.names()

    def allowing(self, patterns: Sequence[str]) -> AllowedTools:
        """A view with only the tools whose names match; limits and records are shared."""
        return AllowedTools(self, self.registry.select(patterns))

    def begin_task(self) -> None:
        """Reset the counts of calls and failures for a new task."""
        self._limits.begin_task()

    def recount(self, name: str, arguments: Mapping[str, Any], *, failed: bool) -> None:
        """Count a recorded call of this task that is not submitted again after a resume."""
        self._limits.recount(name, arguments, failed=failed)

    def submit(self, name: str, arguments: Mapping[str, Any]) -> Future[Any]:
        """Start a call. Returns at once, unless the call waits for a person's approval.

        Returns:
            A future of JSON data, or of a text that describes what was cut from a long result. It fails
            with `ToolError`, whose message is for the caller. Calls beyond the task's limit are not
            recorded, since they would be refused again.

        Raises:
            Exception: any error with which the recorder or `ask_person` ends the run.
        """
        return self.submit_from(self.registry, name, arguments)

    def submit_from(self, registry: ToolRegistry, name: str, arguments: Mapping[str, Any]) -> Future[Any]:
        """As `submit`, for a caller that may use only the tools of `registry`, a subset of the executor's."""
        prepared: _Prepared | ToolError
        try:
            prepared = self._prepare(registry, name)
        except ToolError as error:
            prepared, name = error, visible_line(name, _LONGEST_NAME)
        try:
            arguments, size = plain_arguments(arguments)
            if spent := self._limits.weigh(size):
                raise TooMuch(spent, {LEFT_OUT: spent})
        except TooMuch as error:
            arguments = error.shown
            prepared = ToolError(f"{name} cannot take these arguments: {error}")
        effect = Effect.PURE if isinstance(prepared, ToolError) else prepared.traits.effect
        number = self._limits.count(name)
        ending = Ending(self, ToolCall(number, name, arguments, effect))
        if spent := self._limits.spent(number):
            fail(ending.future, ToolError(f"{name} was not called: {spent}"))
            return ending.future
        try:
            self._begin(ending, prepared)
        except ToolError as error:
            ending.refuse(error)
        return ending.future

    def needs_fresh_world(self, registry: ToolRegistry, name: str) -> bool:
        """Whether the world must be observed before a call of a tool of `registry`."""
        try:
            return self._prepare(registry, name).traits.needs_fresh_world
        except ToolError:
            return False

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Call a tool and wait for its result, as described in `submit`.

        Raises:
            ToolError: the call failed; the message gives the reason.
        """
        return self.submit(name, arguments).result()

    def close(self) -> None:
        """Abort running calls, and let threads and processes end. Safe to call twice."""
        self._runner.close()

    def _prepare(self, registry: ToolRegistry, name: str) -> _Prepared:
        tool = registry.get(name)
        prepared = self._prepared.get(name)
        if prepared is None or prepared.tool is not tool:
            prepared = self._prepared[name] = _Prepared(tool, traits_of(tool), checker(name, tool))
        return prepared

    def _begin(self, ending: Ending, prepared: _Prepared | ToolError) -> None:
        """Return the recorded or cached outcome of the call, or start it.

        Raises:
            ToolError: the call is refused.
        """
        call, recorder = ending.call, self.context.recorder
        known = None if recorder is None else recorder.recorded(call)
        if known is not None:
            if known.error is not None:
                self._limits.failed(call.name, call.arguments)
            ending.replay(known)
            return
        if isinstance(prepared, ToolError):
            raise prepared
        prepared.check(call.arguments)
        if refusal := self._gate.check(call):
            raise ToolError(f"{call.name} was not called: {refusal}")
        pure = call.effect is Effect.PURE
        if pure:
            remembered = self._remembered.get(key(call.name, call.arguments), _NOTHING)
            if remembered is not _NOTHING:
                ending.answer(remembered)
                return
        if recorder is not None:
            recorder.tool_started(call)
        running = self._runner.start(call, prepared.tool, prepared.traits, ending.count_attempt)
        ending.follow(running, self._remember if pure else None)

    def _remember(self, call: ToolCall, value: Any) -> None:
        with self._remembering:
            self._remembered[key(call.name, call.arguments)] = value
            if len(self._remembered) > _MOST_REMEMBERED:
                self._remembered.popitem(last=False)

    def book(self, call: ToolCall, outcome: ToolOutcome) -> ToolOutcome:
        """Count and record an outcome; the message of a repeated failure includes its count."""
        if outcome.error is not None:
            error = cut_text(self._redact(outcome.error), _LONGEST_ERROR)
            outcome = replace(outcome, error=error)
            times = self._limits.failed(call.name, call.arguments)
            if times > 1:
                error = f"{outcome.error} (the same call has failed {times} times in this task)"
                outcome = replace(outcome, error=error)
        if self.context.recorder is not None:
            self.context.recorder.tool_finished(call, outcome)
        return outcome


_NOTHING = object()


class AllowedTools:
    """A subset of an executor's tools, made by `ToolExecutor.allowing`."""

    def __init__(self, executor: ToolExecutor, registry: ToolRegistry) -> None:
        self.registry = registry
        self._executor = executor

    def names(self) -> Sequence[str]:
        """The tools that may be called, sorted."""
        return self.registry.names()

    def submit(self, name: str, arguments: Mapping[str, Any]) -> Future[Any]:
        """As `ToolExecutor.submit`; all other tools are unknown here."""
        return self._executor.submit_from(self.registry, name, arguments)

    def needs_fresh_world(self, name: str) -> bool:
        """Whether the world must be observed before a call of this tool, which may be unknown or broken."""
        return self._executor.needs_fresh_world(self.registry, name)

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """As `ToolExecutor.call`."""
        return self.submit(name, arguments).result()
