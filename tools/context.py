"""What a tool may need from above, as Protocols: the tool room imports none of the rooms that fill them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol


class ModelPort(Protocol):
    """A model that a tool may ask, on the run's budget."""

    def ask(self, prompt: str) -> str:
        """The model's answer as text. Raises `ToolError` where there is none."""


class RecorderPort(Protocol):
    """Where calls are recorded."""

    def tool_called(self, name: str, arguments: Mapping[str, Any], error: str | None, seconds: float) -> None:
        """Note a finished call; `error` is `None` where it succeeded. Called from any thread."""


class BudgetPort(Protocol):
    """What the run may still use."""

    def refusal(self) -> str | None:
        """Why no further call is allowed, or `None`. Called from any thread."""


class LibraryView(Protocol):
    """The skill library, to be read."""

    def describe(self, query: str, k: int) -> Sequence[str]:
        """The `k` skills nearest to `query`, each in words."""


class WorldView(Protocol):
    """The world, to be read."""

    def reference(self) -> str:
        """The primitives and the names they accept."""

    def last_seen(self, name: str) -> str | None:
        """Where a block or mob of this name was last seen, in words."""


@dataclass(frozen=True)
class ToolContext:
    """Everything a tool may reach; what a run does not offer is `None`."""

    model: ModelPort | None = None
    recorder: RecorderPort | None = None
    budget: BudgetPort | None = None
    library: LibraryView | None = None
    world: WorldView | None = None


_NOTHING = ToolContext()
_current: ContextVar[ToolContext] = ContextVar("fieldcraft_tool_context", default=_NOTHING)


def current_context() -> ToolContext:
    """The context of the call in progress, to be used inside a tool; an empty one outside a call."""
    return _current.get()


@contextmanager
def using_context(context: ToolContext) -> Iterator[None]:
    """Make `context` the current one of this thread."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)
