"""The end of a call: its outcome is counted and recorded once, before the caller sees it."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

from fieldcraft.tools.calls.results import bounded_text
from fieldcraft.tools.calls.workers import fail, settle
from fieldcraft.tools.context import ToolCall, ToolOutcome
from fieldcraft.tools.errors import ToolError

_LONGEST_HEARD = 20_000
"""The most characters of an error that are processed; the caller gets the first of them."""


class Bookkeeper(Protocol):
    """What counts and records outcomes: the executor."""

    def book(self, call: ToolCall, outcome: ToolOutcome) -> ToolOutcome:
        """Count and record an outcome; returns the outcome for the caller."""


class Ending:
    """The caller's future of one call.

    Attributes:
        future: settled by exactly one of `refuse`, `answer`, `follow`.
        call: the call that ends.
    """

    def __init__(self, books: Bookkeeper, call: ToolCall) -> None:
        self.future: Future[Any] = Future()
        self.call = call
        self._books = books
        self._started = time.monotonic()
        self._attempts = 0

    def count_attempt(self) -> None:
        """Record that the tool is about to be called."""
        self._attempts += 1

    def refuse(self, error: ToolError) -> None:
        """End the call without making it."""
        self._finish(None, error)

    def answer(self, value: Any) -> None:
        """End the call with a cached value, which is copied."""
        self._finish(copy.deepcopy(value), None)

    def replay(self, outcome: ToolOutcome) -> None:
        """End the call with the outcome that was recorded before the run was resumed."""
        if outcome.error is None:
            settle(self.future, outcome.value)
        else:
            fail(self.future, ToolError(outcome.error))

    def follow(self, running: Future[Any], remember: Callable[[ToolCall, Any], None] | None) -> None:
        """End as the future `running` does; cancelling the caller's future cancels it."""

        def take(done: Future[Any]) -> None:
            error = ToolError("the caller cancelled the call") if done.cancelled() else done.exception()
            value = None if error else done.result()
            if error is None and remember is not None:
                remember(self.call, value)
            self._finish(value, error)

        running.add_done_callback(take)
        self.future.add_done_callback(lambda ended: running.cancel() if ended.cancelled() else None)

    def _finish(self, value: Any, error: BaseException | None) -> None:
        message = None if error is None else bounded_text(error, _LONGEST_HEARD)
        made = ToolOutcome(value, message, time.monotonic() - self._started, self._attempts)
        outcome = self._books.book(self.call, made)
        if error is None:
            settle(self.future, value)
        else:
            fail(self.future, error if outcome.error == str(error) else ToolError(outcome.error))
