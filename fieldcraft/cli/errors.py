"""Expected errors end as one line that names the cure; a fault of our own crashes loudly."""

from __future__ import annotations

from dataclasses import dataclass

from fieldcraft.common.errors import FieldcraftError, InputError, Paused

FAILURE = 1
USAGE = 2
STOPPED = 130


class UsageProblem(InputError, ValueError):
    """Something on the command line or in the settings cannot be used; the message names the cure."""


class CommandFailed(FieldcraftError, RuntimeError):
    """A command could not do what it was asked for a reason outside of it; the message names the cure."""


class Stopped(Paused):
    """Somebody stopped the command where no run could tell of it; the message says what is left of it."""


@dataclass(frozen=True)
class Failure:
    """What to tell a person, and the exit code to end with."""

    message: str
    exit_code: int


def explain(error: BaseException) -> Failure | None:
    """What to say about an expected error; `None` for one that nobody expected."""
    if not isinstance(error, FieldcraftError):
        return None
    if isinstance(error, Paused):
        return Failure(str(error), STOPPED)
    return Failure(str(error), USAGE if isinstance(error, InputError) else FAILURE)
