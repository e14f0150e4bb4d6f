"""Keep host and program on one core, which avoids a wake-up of another core for each round trip."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager


class Pin:
    """Pins the calling thread to its current core in a `with` block.

    Threads and processes started meanwhile inherit the pinning; start them within `paused()`.
    `processor` is `None` where nothing is pinned: not wanted, or not possible on this system.
    """

    def __init__(self, *, wanted: bool) -> None:
        self.processor: int | None = None
        self._wanted = wanted and hasattr(os, "sched_setaffinity")
        self._before: set[int] = set()

    def __enter__(self) -> Pin:
        if self._wanted:
            self._before = os.sched_getaffinity(0)
            processor = ctypes.CDLL(None).sched_getcpu()
            if processor in self._before:
                os.sched_setaffinity(0, {processor})
                self.processor = processor
        return self

    def __exit__(self, *_: object) -> None:
        if self.processor is not None:
            os.sched_setaffinity(0, self._before)
            self.processor = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """A block in which the thread may run anywhere again."""
        if self.processor is None:
            yield
            return
        os.sched_setaffinity(0, self._before)
        try:
            yield
        finally:
            os.sched_setaffinity(0, {self.processor})
