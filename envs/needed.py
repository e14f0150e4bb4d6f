"""Calls of a world whose failure stops a run: one line for a person, and the run can be resumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from fieldcraft.envs.environment import Environment
from fieldcraft.envs.faults import FILE, told, without_exit
from fieldcraft.envs.registry import BrokenEnvironment

T = TypeVar("T")

LARGEST_SNAPSHOT = 256 * 1024 * 1024
"""Bytes of one snapshot."""


def needed(environment: Environment, what: str, method: Callable[..., T], *arguments: Any) -> T:
    """What a method of the world returns.

    Args:
        environment: the world.
        what: what it failed to do if it raises, for the message.
        method: one of its methods.
        arguments: of the method.

    Raises:
        BrokenEnvironment: it raised an error, which the message names.
        NotImplementedError: the world lacks this.
    """
    try:
        result: T = without_exit(what, method, *arguments)
        return result
    except NotImplementedError:
        raise
    except Exception as error:
        raise BrokenEnvironment(
            f"environment {environment.spec.id!r} failed to {what}: {told(error)} "
            f"(traceback: {FILE} in the run's folder); mend it and resume the run"
        ) from error


def begin_episode(environment: Environment, number: int, *, seed: int, options: Mapping[str, Any]) -> None:
    """Begin the episode `number` of a run with this seed and these options.

    Raises:
        BrokenEnvironment: it failed.
    """
    begin = partial(environment.begin_episode, seed=seed, number=number, options=dict(options))
    needed(environment, f"begin episode {number}", begin)


def taken_snapshot(environment: Environment) -> bytes:
    """A snapshot of the world.

    Raises:
        BrokenEnvironment: it failed, or gave something other than bytes.
    """
    snapshot = needed(environment, "take a snapshot", environment.snapshot)
    if not isinstance(snapshot, bytes):
        raise BrokenEnvironment(
            f"environment {environment.spec.id!r} gave a {type(snapshot).__name__} as its snapshot; "
            "`snapshot` must return bytes"
        )
    if len(snapshot) > LARGEST_SNAPSHOT:
        raise BrokenEnvironment(
            f"environment {environment.spec.id!r} gave a snapshot of {len(snapshot):,} bytes; at most "
            f"{LARGEST_SNAPSHOT:,} are kept after each program, so keep it smaller, or set can_snapshot=False"
        )
    return snapshot
