"""Python's and NumPy's global random states, for environments that draw from them instead of their own.

An episode gets global states of its own, seeded at its reset, and those of the process are put back after
each call. Exchanging them costs more than most steps, so it is done at resets, and at steps only once an
environment was seen to draw from them.
"""

from __future__ import annotations

import ctypes
import random
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np

T = TypeVar("T")

_WATCHED_CALLS, _EVERY = 100, 16
"""The first calls after a reset, at which Python's state is looked at, and how often afterwards."""
_WORDS = 624


class _Seen:
    """NumPy's global generator, and its words where they lie."""

    generator: Any = None
    words: Any = None


_seen = _Seen()


class _States(NamedTuple):
    python: Any
    numpy: Any


class GlobalDraws:
    """The global random states of one environment.

    Attributes:
        used: whether it was seen to draw from them; from then on its steps run with states of their own.
    """

    def __init__(self) -> None:
        self.used = False
        self._own = _taken()
        self._calls = 0

    def begin(self, seed: int, reset: Callable[[], T]) -> T:
        """What `reset` returns, run with global states that depend on `seed` alone."""
        outer = _taken()
        self._calls = 0
        try:
            random.seed(seed)
            np.random.seed(seed % 2**32)
            seeded = _mark(), random.getstate()
            return reset()
        finally:
            self.used = self.used or seeded != (_mark(), random.getstate())
            self._own = _taken()
            _put(outer)

    def call(self, play: Callable[[], T]) -> tuple[T, bool]:
        """What `play` returns, and whether it was the first to draw from states that were not its own."""
        if self.used:
            return self._swapped(play), False
        self._calls += 1
        watched = self._calls <= _WATCHED_CALLS or self._calls % _EVERY == 0
        before, python = _mark(), random.getstate() if watched else None
        result = play()
        self.used = _mark() != before or (watched and random.getstate() != python)
        return result, self.used

    def kept(self) -> Any:
        """The states of the environment now, to be given to `take_up` with a copy of it."""
        return self._own

    def take_up(self, kept: Any) -> None:
        """Go on with states that `kept` returned."""
        self._own = kept

    def _swapped(self, play: Callable[[], T]) -> T:
        outer = _taken()
        _put(self._own)
        try:
            return play()
        finally:
            self._own = _taken()
            _put(outer)


def _taken() -> _States:
    return _States(random.getstate(), np.random.get_state())


def _put(states: _States) -> None:
    random.setstate(states.python)
    np.random.set_state(states.numpy)


def _mark() -> tuple[int, int]:
    """What changes with each draw of NumPy's global state, read where it lies: two words out of 625."""
    generator = np.random.mtrand.get_bit_generator()
    if generator is not _seen.generator:
        _seen.generator, _seen.words = generator, None
        if isinstance(generator, np.random.MT19937):
            _seen.words = (ctypes.c_uint32 * (_WORDS + 1)).from_address(int(generator.ctypes.state_address))
    words = _seen.words
    return (hash(str(generator.state)), 0) if words is None else (words[0], words[_WORDS])
