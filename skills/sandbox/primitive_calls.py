"""A program's calls of primitives: each within the program's deadline, its faults named and contained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import inf
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from fieldcraft.common.fields import fitted
from fieldcraft.envs import Environment, EpisodeEnded, PrimitiveError
from fieldcraft.envs.faults import WorldFault, as_exception, faults_of, told
from fieldcraft.envs.fuse import Fuse, TookTooLong
from fieldcraft.skills.sandbox.ledger import MESSAGE_LIMIT

LARGEST_ANSWER = 16 * 1024 * 1024
"""Bytes of what one call may return, as JSON."""


class PrimitiveCalls:
    """The primitives of one world, for one program at a time."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._fuse: Fuse | None = None

    @contextmanager
    def until(self, deadline: float) -> Iterator[None]:
        """A block in which calls are ended at `deadline` (monotonic seconds)."""
        self._environment.until = deadline
        try:
            if self._environment.ends_its_calls:
                yield
                return
            with Fuse(deadline) as self._fuse:
                yield
        finally:
            self._fuse, self._environment.until = None, inf

    def move(self, deadline: float) -> None:
        """Let the program's deadline be another one."""
        self._environment.until = deadline
        if self._fuse is not None:
            self._fuse.deadline = deadline

    def answer(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bytes:
        """The frame with what the primitive returned.

        Raises:
            PrimitiveError: the world does not allow it.
            EpisodeEnded: the episode ended in it.
            NeverReturned: it was ended at the deadline.
            Exception: it failed; its traceback is kept.
        """
        call, fuse = self._environment.call_primitive, self._fuse
        try:
            return framed(call(name, args, kwargs) if fuse is None else fuse.run(call, name, args, kwargs))
        except (PrimitiveError, EpisodeEnded, KeyboardInterrupt):
            raise
        except BaseException as error:
            fault = as_exception(f"bot.{name}", error)
            if fault is not error:
                fault.__cause__ = error.__cause__ if isinstance(error, TookTooLong) else error
            faults_of(self._environment).note(f"bot.{name}", fault)
            raise fault from fault.__cause__


def framed(value: Any) -> bytes:
    """The frame with a value for the program.

    Raises:
        ValueError: it is too large.
    """
    try:
        frame = to_json({"value": value}) + b"\n"
    except PydanticSerializationError:
        frame = to_json({"value": fitted(value)}) + b"\n"
    if len(frame) > LARGEST_ANSWER:
        raise ValueError(
            f"it returned {len(frame):,} bytes; at most {LARGEST_ANSWER:,} reach a program, so return less"
        )
    return frame


def failed_call(name: str, error: Exception) -> str:
    """The bounded description of a primitive's own fault."""
    where = "" if isinstance(error, WorldFault) else f" in bot.{name}"
    return f"the environment failed: {told(error)}{where}"[:MESSAGE_LIMIT]


def never_returned(name: str, seconds: float) -> str:
    """What is said of a primitive that was ended."""
    return f"bot.{name} had not returned when the program's {seconds:g} s were over, and was ended"
