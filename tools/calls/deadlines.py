"""One thread that watches the deadlines of all work that may hang."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


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
