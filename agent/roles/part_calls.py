"""Calling a part of a user's own: what it raises is its fault, but for what ends the run."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Sized
from threading import Lock
from typing import TypeVar

from fieldcraft.agent.approvals.parked import CallParked
from fieldcraft.agent.journal.recorder import BudgetExhausted, JournalDiverged, StopRequested
from fieldcraft.agent.journal.store import JournalError
from fieldcraft.agent.models.errors import ModelRefused
from fieldcraft.agent.redact import redact
from fieldcraft.agent.roles.model_calls import AnswerWithheld, Asker, ModelsSilent
from fieldcraft.common.plugins import BrokenPart
from fieldcraft.common.text import visible_line
from fieldcraft.skills.sandbox.base import SandboxUnavailable

T = TypeVar("T")

PAUSES = (
    BudgetExhausted,
    CallParked,
    JournalDiverged,
    JournalError,
    ModelRefused,
    ModelsSilent,
    SandboxUnavailable,
    StopRequested,
)
"""What comes through a part and is not its fault; it ends the run as it would from a built-in part."""
SHOWN = 1_000
"""Characters of an object or an error that are shown."""

_BRIEFLY = reprlib.Repr()
_BRIEFLY.maxstring = _BRIEFLY.maxother = SHOWN


class Asking:
    """What a part asks its role's model with.

    One question at a time: those of several threads would come back in another order after a resume, each
    with an answer to another.
    """

    def __init__(self, asker: Asker, role: str) -> None:
        self._asker, self._role = asker, role
        self._now = Lock()
        self._pause: Exception | None = None

    def __call__(self, prompt: str) -> str:
        """The answer."""
        if not isinstance(prompt, str) or not prompt.strip():
            raise TypeError(f"ask takes one question as text, not {shown(prompt)}")
        if not self._now.acquire(blocking=False):
            raise RuntimeError("ask takes one question at a time; ask the next when the answer is there")
        try:
            return self._asker.plain(self._role, prompt)
        except PAUSES as pause:
            self._pause = pause
            raise
        finally:
            self._now.release()

    def called(self, name: str, call: Callable[[], T]) -> T:
        """What the part returns, unless a question that it asked ends the run, also where it caught that."""
        self._pause = None
        found = called(name, call)
        if self._pause is not None:
            raise self._pause
        return found


def called(name: str, call: Callable[[], T]) -> T:
    """What a part returns.

    Raises:
        BrokenPart: it raised; the message names the part and the error.
    """
    try:
        return call()
    except (*PAUSES, AnswerWithheld):
        raise
    except Exception as error:
        problem = visible_line(redact(f"{type(error).__name__}: {error}"), SHOWN)
        raise BrokenPart(f"{name} failed: {problem}; mend it and resume the run") from error


def attributes_of(part: object) -> dict[str, str]:
    """The part's own attributes in a few letters each, to see which of them change."""
    attributes = dict(getattr(part, "__dict__", {}))
    return {name: f"{_length(value)} {_text(value)}" for name, value in attributes.items()}


def _length(value: object) -> int:
    try:
        return len(value) if isinstance(value, Sized) else 0
    except Exception:
        return 0


def shown(value: object) -> str:
    """A user's object on one short line, for messages."""
    return visible_line(redact(f"{_text(value)} ({type(value).__name__})"), 200)


def _text(value: object) -> str:
    """The beginning of the `repr` of a user's object, which may be large or fail."""
    try:
        return _BRIEFLY.repr(value)[:SHOWN]
    except Exception as error:
        return f"<no repr: {type(error).__name__}>"
