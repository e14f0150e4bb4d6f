"""What a tool may use of a run, as Protocols, which packages above this one implement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from fieldcraft.tools.traits import Effect


class ModelPort(Protocol):
    """A model that a tool may call, on the run's budget."""

    def ask(self, prompt: str) -> str:
        """The model's answer as text. Raises `ToolError` if there is none."""


@dataclass(frozen=True)
class ToolCall:
    """A call as it is recorded.

    Attributes:
        number: the number of the call within its task, from 1; the same call has the same number when a
            resumed run repeats its task.
        arguments: the caller's arguments as JSON data.
        effect: the side effects that the tool declares.
    """

    number: int
    name: str
    arguments: Mapping[str, Any]
    effect: Effect


@dataclass(frozen=True)
class ToolOutcome:
    """How a call ended: with a `value` of JSON data, or with an `error` for the caller.

    Attributes:
        seconds: from the submission to the end, including a person's approval.
        attempts: how often the tool was called; 0 for a refused call or a cached result.
    """

    value: Any = None
    error: str | None = None
    seconds: float = 0.0
    attempts: int = 0


class RecorderPort(Protocol):
    """Records calls, and returns the recorded outcomes of calls when a run is resumed.

    For each call come `recorded`, then (unless it is refused or cached) `tool_started`, the effect,
    and in every case `tool_finished`. `recorded` and `tool_started` are called in the thread that submits,
    in the order of submission; `tool_finished` in any thread, before the caller sees the outcome.
    """

    def recorded(self, call: ToolCall) -> ToolOutcome | None:
        """The recorded outcome of this call; if there is one, the call is not made and not recorded again.

        For an interrupted call, `None` repeats it, and an outcome with an error does not; only an effect
        with `may_repeat` may be repeated.
        """

    def tool_started(self, call: ToolCall) -> None:
        """Record that the tool is about to be called; for a tool that writes, on disk before it returns."""

    def tool_finished(self, call: ToolCall, outcome: ToolOutcome) -> None:
        """Record how a call ended. Must not raise."""


class BudgetPort(Protocol):
    """The remaining budget of the run."""

    def refusal(self) -> str | None:
        """The reason why no further call is allowed, or `None`. Called from any thread."""


class LibraryView(Protocol):
    """Read access to the skill library."""

    def describe(self, query: str, k: int) -> Sequence[str]:
        """Descriptions of the `k` skills nearest to `query`."""


@dataclass(frozen=True)
class Passage:
    """A part of a text. `source` is its place in the corpus: a path, an id or a URL."""

    source: str
    title: str
    text: str


class CorpusPort(Protocol):
    """Search over a person's own texts (`fieldcraft.tools.builtin.corpus.Corpora`)."""

    def search(self, query: str, count: int) -> Sequence[Passage]:
        """The `count` best passages, best first. Raises `ToolError` if the texts cannot be searched."""


class WorldView(Protocol):
    """Read access to the world."""

    def reference(self) -> str:
        """The primitives and the names they accept."""

    def last_seen(self, name: str) -> str | None:
        """A description of where a block, mob or item of this name was last seen; `None` if it was not."""

    def day(self) -> str | None:
        """The day in the world as text; `None` if the world has no days."""


class PersonPort(Protocol):
    """The person at the terminal, whom a tool may ask in the middle of a call."""

    def ask(self, question: str, given_up: Callable[[], bool]) -> str:
        """The person's line; waits until there is one, or `given_up` is true. Called from any thread.

        Raises `ToolError` if nobody is there to answer, or nobody does.
        """


class DeadlinePort(Protocol):
    """The deadline of a call in progress. Its methods may be called from any thread."""

    def extend(self) -> None:
        """Restart the timeout, since the call made progress; only so often."""

    def paused(self) -> AbstractContextManager[None]:
        """A block in which the deadline does not run, such as while a person decides."""


@dataclass(frozen=True)
class ToolContext:
    """Everything that a tool may use; what a run does not provide is `None`.

    Attributes:
        redact: removes secrets from text that is kept or shown.
        person: asked in the middle of a call; approvals have a way of their own.
    """

    model: ModelPort | None = None
    recorder: RecorderPort | None = None
    budget: BudgetPort | None = None
    library: LibraryView | None = None
    world: WorldView | None = None
    corpus: CorpusPort | None = None
    redact: Callable[[str], str] = str
    person: PersonPort | None = None


_NOTHING = ToolContext()
_current: ContextVar[ToolContext] = ContextVar("fieldcraft_tool_context", default=_NOTHING)
_call: ContextVar[ToolCall | None] = ContextVar("fieldcraft_tool_call", default=None)
_deadline: ContextVar[DeadlinePort | None] = ContextVar("fieldcraft_tool_deadline", default=None)


def current_context() -> ToolContext:
    """The context of the current call, for use inside a tool; an empty one outside a call."""
    return _current.get()


def current_call() -> ToolCall | None:
    """The current call, for use inside a tool; `None` outside a call."""
    return _call.get()


def current_deadline() -> DeadlinePort | None:
    """The deadline of the current call if it can be moved, for use inside a tool."""
    return _deadline.get()


@contextmanager
def using_context(
    context: ToolContext, call: ToolCall, deadline: DeadlinePort | None = None
) -> Iterator[None]:
    """Make `context`, `call` and `deadline` the current ones of this thread or task."""
    before = _current.set(context), _call.set(call), _deadline.set(deadline)
    try:
        yield
    finally:
        _current.reset(before[0])
        _call.reset(before[1])
        _deadline.reset(before[2])
