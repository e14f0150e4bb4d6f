"""A call in progress: what its server may ask for in the middle of it, and what its caller is told."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TypeVar

from fieldcraft.common.text import visible_line
from fieldcraft.tools.context import (
    DeadlinePort,
    ToolCall,
    ToolContext,
    current_call,
    current_context,
    current_deadline,
    using_context,
)

T = TypeVar("T")

MOST_NOTES = 10
"""The most lines about what happened in the middle of a call."""

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class CallInProgress:
    """A call of one tool, resource or prompt of a server.

    Attributes:
        name: what is called, for messages.
        context: what a run provides to the call.
        asked: how many questions for a person, and for a model, the server put.
        notes: lines for the caller.
        ended: its outcome is known, or it was given up.
    """

    name: str
    context: ToolContext = field(default_factory=current_context)
    asked: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    _call: ToolCall | None = field(default_factory=current_call)
    _deadline: DeadlinePort | None = field(default_factory=current_deadline)

    def note(self, line: str) -> None:
        """Tell the caller what happened in the middle of the call."""
        if len(self.notes) < MOST_NOTES:
            self.notes.append(f"({line})")

    def may_ask(self, what: str, most: int) -> bool:
        """Whether the server may put one more question of a kind; counts it."""
        self.asked[what] = self.asked.get(what, 0) + 1
        return self.asked[what] <= most

    async def progressed(self, progress: float, total: float | None, message: str | None) -> None:
        """Move the deadline, since the server reports progress."""
        if self._deadline is not None:
            self._deadline.extend()
        of = f" of {total:g}" if total is not None else ""
        words = f": {visible_line(message)}" if message else ""
        logger.info("%s: %g%s%s", self.name, progress, of, words)

    async def waiting_for(self, work: Callable[[Callable[[], bool]], T]) -> T:
        """Do `work` on a thread, in the call's context; its deadline does not run meanwhile.

        Args:
            work: is given a function that says whether nobody waits for it any more.
        """
        loop, done = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()
        given_up = threading.Event()

        def settle(value: T | None, error: BaseException | None) -> None:
            if not done.done():
                done.set_result(value) if error is None else done.set_exception(error)

        def on_thread() -> None:
            value, fault = None, None
            try:
                with self._as_current():
                    value = work(lambda: given_up.is_set() or self.ended.is_set())
            except Exception as error:
                fault = error
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, value, fault)

        paused = nullcontext() if self._deadline is None else self._deadline.paused()
        with paused:
            threading.Thread(target=on_thread, name="fieldcraft-mcp-question", daemon=True).start()
            try:
                result: T = await done
                return result
            finally:
                given_up.set()

    def _as_current(self) -> AbstractContextManager[None]:
        return nullcontext() if self._call is None else using_context(self.context, self._call)
