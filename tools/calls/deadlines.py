"""One thread that watches the deadlines of all work that may hang."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MOST_EXTENDED = 20
"""How many times its timeout a call may take, if it reports progress."""


@dataclass
class Ticket:
    """A watched deadline; the work sets `met` when it finishes in time."""

    expire: Callable[[], None]
    met: bool = False


class Deadlines:
    """Calls `expire` for each ticket that is not `met` in time. Its thread ends when no deadline is left."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Ticket]] = []
        self._numbers = itertools.count()
        self._keeping = False

    def watch(self, seconds: float, expire: Callable[[], None]) -> Ticket:
        """Call `expire` after `seconds`, unless the ticket is met before; it must not block or raise."""
        ticket = Ticket(expire)
        with self._changed:
            self._forget_met()
            entry = (time.monotonic() + seconds, next(self._numbers), ticket)
            heapq.heappush(self._heap, entry)
            if not self._keeping:
                self._keeping = True
                threading.Thread(target=self._keep, name="fieldcraft-deadlines", daemon=True).start()
            elif self._heap[0] is entry:
                self._changed.notify()
        return ticket

    def clear(self) -> None:
        """Drop all deadlines."""
        with self._changed:
            self._heap.clear()
            self._changed.notify()

    def _forget_met(self) -> None:
        while self._heap and self._heap[0][2].met:
            heapq.heappop(self._heap)

    def _keep(self) -> None:
        while True:
            with self._changed:
                self._forget_met()
                if not self._heap:
                    self._keeping = False
                    return
                left = self._heap[0][0] - time.monotonic()
                if left > 0:
                    self._changed.wait(left)
                    continue
                _, _, ticket = heapq.heappop(self._heap)
            ticket.expire()


class MovableDeadline:
    """The deadline of one call (`fieldcraft.tools.context.DeadlinePort`).

    Args:
        deadlines: watch it.
        timeout: seconds from its beginning, and from each progress.
        expire: called once when it has passed, with the seconds that the call was given; must not block
            or raise.
    """

    def __init__(self, deadlines: Deadlines, timeout: float, expire: Callable[[float], None]) -> None:
        self._deadlines = deadlines
        self._timeout = timeout
        self._expire = expire
        self._lock = threading.Lock()
        self._met = False
        self._pauses = 0
        self._paused_at = 0.0
        self._paused_for = 0.0
        self._began = time.monotonic()
        self._ends = self._began + timeout
        self._ticket = deadlines.watch(timeout, self._look)

    def extend(self) -> None:
        """See `DeadlinePort`; no call takes longer than `MOST_EXTENDED` times its timeout."""
        with self._lock:
            latest = self._began + self._paused_for + MOST_EXTENDED * self._timeout
            self._ends = max(self._ends, min(time.monotonic() + self._timeout, latest))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """See `DeadlinePort`."""
        with self._lock:
            self._paused_at = self._paused_at if self._pauses else time.monotonic()
            self._pauses += 1
        try:
            yield
        finally:
            with self._lock:
                self._pauses -= 1
                if not self._pauses:
                    waited = time.monotonic() - self._paused_at
                    self._paused_for += waited
                    self._ends += waited

    def meet(self) -> None:
        """Watch it no longer, since the call has ended."""
        with self._lock:
            self._met = self._ticket.met = True

    def _look(self) -> None:
        with self._lock:
            if self._met:
                return
            left = self._timeout if self._pauses else self._ends - time.monotonic()
            if left > 0:
                self._ticket = self._deadlines.watch(left, self._look)
                return
            self._met = True
        self._expire(self._ends - self._began - self._paused_for)
