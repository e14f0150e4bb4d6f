"""A deadline for code of a world that runs in this process: what passes it is ended with an exception.

In the main thread a signal interrupts it, even where it sleeps or reads. In another thread it is ended at its
next line of Python: what waits inside the operating system for ever is not. Code that takes no notice of
either (a loop in C, an `except:` that catches all) can only be ended with its process: `--world-process`.
"""

from __future__ import annotations

import ctypes
import logging
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

GRACE_SECONDS = 1.0
"""How long code may go on past its deadline: what ends by itself leaves the world in better order."""
AGAIN_SECONDS = 1.0
"""How long after it was interrupted the code is interrupted again."""
STUBBORN = 3
"""Interruptions after which a line says that the code does not heed them."""

logger = logging.getLogger(__name__)


class Overdue(BaseException):
    """Raised inside code that passed its deadline; no `except Exception` of its own catches it."""


class TookTooLong(Exception):
    """The code was ended because it passed its deadline."""


class _Here(threading.local):
    fuse: Fuse | None = None


_here = _Here()


class Fuse:
    """Ends what `run` calls at `deadline` (monotonic seconds, may be changed).

    One may lie within another: a program that calls one in another language is waited for by both.
    """

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self._inside = False
        self._interrupted = 0
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._before: Any = None
        self._around: Fuse | None = None
        self._by_signal = False

    def __enter__(self) -> Fuse:
        self._around, _here.fuse = _here.fuse, self
        self._by_signal = _signal_is_free()
        if self._by_signal:
            self._before = signal.signal(signal.SIGALRM, self._on_signal)
            signal.setitimer(signal.ITIMER_REAL, max(self._left(), 0.001), AGAIN_SECONDS)
        else:
            threading.Thread(target=self._watch, name="world-deadline", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        _here.fuse = self._around
        if self._by_signal:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL if self._before is None else self._before)
        else:
            self._over.set()

    def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """The function's result.

        Raises:
            TookTooLong: it was ended at the deadline.
            BaseException: what the function raises.
        """
        if self._inside:
            return function(*arguments)
        try:
            try:
                self._inside = True
                return function(*arguments)
            finally:
                self._leave()
        except Overdue as overdue:
            raise TookTooLong from overdue

    def _leave(self) -> None:
        if self._by_signal:
            self._inside = False
            return
        with self._lock:
            self._inside = False
            if self._interrupted:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), None)

    def _left(self) -> float:
        return self.deadline + GRACE_SECONDS - time.monotonic()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._inside and self._is_late():
            raise Overdue

    def _watch(self) -> None:
        pause = self._left()
        while not self._over.wait(max(pause, 0.001)):
            with self._lock:
                if self._inside and self._is_late():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(self._thread), ctypes.py_object(Overdue)
                    )
            pause = max(self._left(), AGAIN_SECONDS)

    def _is_late(self) -> bool:
        left = self._left()
        if left > 0:
            if self._by_signal:
                signal.setitimer(signal.ITIMER_REAL, left, AGAIN_SECONDS)
            return False
        self._interrupted += 1
        if self._interrupted == STUBBORN:
            with suppress(Exception):
                logger.warning(
                    "the world does not end a call that passed its deadline; press Ctrl-C twice to stop the "
                    "run, and resume it with --world-process, which ends the world's process"
                )
        return True


def within(seconds: float, function: Callable[..., T], *arguments: Any) -> T:
    """The function's result, within the thread's present deadline or, where it has none, so many seconds.

    Raises:
        TookTooLong: it was ended.
        BaseException: what the function raises.
    """
    present = _here.fuse
    if present is not None:
        return present.run(function, *arguments)
    with Fuse(time.monotonic() + seconds) as fuse:
        return fuse.run(function, *arguments)


def _signal_is_free() -> bool:
    """Whether a signal can keep the time here: not in other threads, nor where somebody else's alarm runs."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return False
    return signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
