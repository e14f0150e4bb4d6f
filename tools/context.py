"""What a tool may need from above, as Protocols: the tool room imports none of the rooms that fill them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from fieldcraft.tools.traits import Effect


class ModelPort(Protocol):
    """A model that a tool may ask, on the run's budget."""

    def ask(self, prompt: str) -> str:
        """The model's answer as text. Raises `ToolError` where there is none."""


@dataclass(frozen=True)
class ToolCall:
    """A call as it is recorded.

    Attributes:
        number: of the call within its task, from 1; the same call has the same number when a run is
            resumed and lives its task again.
        arguments: JSON data, as the caller gave them.
        effect: what the tool is declared to do to what lies outside of the run.
    """

    number: int
    name: str
    arguments: Mapping[str, Any]
    effect: Effect


@dataclass(frozen=True)
class ToolOutcome:
    """How a call ended: a `value` of JSON data, or where there is none an `error` for the caller.

    Attributes:
        seconds: from the submission to the end, a person's approval included.
        attempts: how often the tool was called; 0 for a call that was refused, or answered from memory.
    """

    value: Any = None
    error: str | None = None
    seconds: float = 0.0
    attempts: int = 0


class RecorderPort(Protocol):
    """Where calls are recorded, and where an earlier life of the run finds theirs again.

    A call goes `recorded`, then (unless it is refused or answered from memory) `tool_started`, the effect,
    and in every case `tool_finished`. `recorded` and `tool_started` are called in the thread that submits,
    in the order of submission; `tool_finished` in any thread, before the caller sees the outcome.
    """

    def recorded(self, call: ToolCall) -> ToolOutcome | None:
        """The outcome that this call already had; nothing happens then, and nothing else is called.

        A call that was cut off in the middle is repeated by `None`, or not repeated by an outcome that
        says so; only an effect that `may_repeat` may be.
        """

    def tool_started(self, call: ToolCall) -> None:
        """Note that the tool is about to be called. What writes must be on disk when this returns."""

    def tool_finished(self, call: ToolCall, outcome: ToolOutcome) -> None:
        """Note how a call ended. Must not raise."""


class BudgetPort(Protocol):
    """What the run may still use."""

    def refusal(self) -> str | None:
        """Why no further call is allowed, or `None`. Called from any thread."""


class LibraryView(Protocol):
    """The skill library, to be read."""

    def describe(self, query: str, k: int) -> Sequence[str]:
        """The `k` skills nearest to `query`, each in words."""


@dataclass(frozen=True)
class Passage:
    """A piece of a text. `source` says where it stands, in the words of its corpus: a path, an id, a URL."""

    source: str
    title: str
    text: str


class CorpusPort(Protocol):
    """The texts that a person gave to search in (`fieldcraft.tools.builtin.corpus.Corpora`)."""

    def search(self, query: str, count: int) -> Sequence[Passage]:
        """The `count` best passages, best first. Raises `ToolError` where they cannot be searched."""


class WorldView(Protocol):
    """The world, to be read."""

    def reference(self) -> str:
        """The primitives and the names they accept."""

    def last_seen(self, name: str) -> str | None:
        """Where a block, mob or item of this name was last seen, in words; `None` where it was not."""

    def day(self) -> str | None:
        """What day it is in the world, in words; `None` where it has no days."""


@dataclass(frozen=True)
class ToolContext:
    """Everything a tool may reach; what a run does not offer is `None`.

    Attributes:
        redact: takes secrets out of text that is kept or shown.
    """

    model: ModelPort | None = None
    recorder: RecorderPort | None = None
    budget: BudgetPort | None = None
    library: LibraryView | None = None
    world: WorldView | None = None
    corpus: CorpusPort | None = None
    redact: Callable[[str], str] = str


_NOTHING = ToolContext()
_current: ContextVar[ToolContext] = ContextVar("fieldcraft_tool_context", default=_NOTHING)
_call: ContextVar[ToolCall | None] = ContextVar("fieldcraft_tool_call", default=None)


def current_context() -> ToolContext:
    """The context of the call in progress, to be used inside a tool; an empty one outside a call."""
    return _current.get()


def current_call() -> ToolCall | None:
    """The call in progress, inside a tool; `None` outside."""
    return _call.get()


@contextmanager
def using_context(context: ToolContext, call: ToolCall) -> Iterator[None]:
    """Make `context` and `call` the current ones of this thread or task."""
    context_before, call_before = _current.set(context), _call.set(call)
    try:
        yield
    finally:
        _current.reset(context_before)
        _call.reset(call_before)
