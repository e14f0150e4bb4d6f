"""`explore`, `solve` and `replay` for callers with an event loop, asyncio's or another that `anyio` knows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import takewhile
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, TypeVar, Unpack

from fieldcraft.agent.api import replaying, run_agent, solving
from fieldcraft.agent.arguments import (
    ExploreArguments,
    ReplayArguments,
    SolveArguments,
    keys_of,
    refuse_unknown,
)
from fieldcraft.agent.replaying import Replayed
from fieldcraft.agent.result import RunResult
from fieldcraft.envs import Environment
from fieldcraft.skills import SkillLibrary

if TYPE_CHECKING:
    from fieldcraft.agent.session import Session

T = TypeVar("T")

CANCELLED = "its task was cancelled"
"""The reason that a run gives for its end when its task was cancelled."""


async def aexplore(
    environment: str | Environment = "gridworld-v1", **arguments: Unpack[ExploreArguments]
) -> RunResult:
    """`explore` in a thread of its own. Takes and returns the same.

    Parts that are objects, and listeners, are called in that thread.

    Raises:
        CancelledError: the task was cancelled. The run has stopped at its next event, is recorded, and can be
            resumed.
    """
    refuse_unknown("aexplore", arguments, keys_of(ExploreArguments))
    return await _run(environment, arguments)


async def asolve(
    task: str, environment: str | Environment = "gridworld-v1", **arguments: Unpack[SolveArguments]
) -> RunResult:
    """`solve` in a thread of its own, see `aexplore`."""
    refuse_unknown("asolve", arguments, keys_of(SolveArguments))
    return await _run(environment, solving(task, arguments))


async def areplay(
    library: Path | str | SkillLibrary,
    environment: str | Environment = "gridworld-v1",
    **arguments: Unpack[ReplayArguments],
) -> list[Replayed]:
    """`replay` in a thread of its own. One that is cancelled ends after the skill that it is at."""
    refuse_unknown("areplay", arguments, keys_of(ReplayArguments))
    stopped = Event()

    def tried() -> list[Replayed]:
        with closing(replaying(library, environment, arguments)) as results:
            return list(takewhile(lambda _: not stopped.is_set(), results))

    return await in_thread(tried, stopped.set)


async def _run(environment: str | Environment, arguments: ExploreArguments) -> RunResult:
    stopper = _Stopper()
    return await in_thread(partial(run_agent, environment, arguments, stopper.attach), stopper.stop)


class _Stopper:
    """Asks a run to stop, also one that is not open yet."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._wanted = False

    def attach(self, session: Session) -> None:
        self._session = session
        if self._wanted:
            session.recorder.request_stop(CANCELLED)

    def stop(self) -> None:
        self._wanted = True
        if self._session is not None:
            self._session.recorder.request_stop(CANCELLED)


async def in_thread(work: Callable[[], T], stop: Callable[[], None]) -> T:
    """The result of `work`, done in a thread.

    Where the task is cancelled, `stop` is called, the end of the work is waited for, and the cancellation is
    passed on. The work has a task of its own because asyncio's
    `cancel`, unlike anyio's, would end the waiting for a thread at once.
    """
    import anyio
    from anyio.to_thread import run_sync

    result: list[T] = []
    failure: list[BaseException] = []

    def worked() -> None:
        try:
            result.append(work())
        except BaseException as error:
            failure.append(error)

    async with anyio.create_task_group() as group:

        async def in_shelter() -> None:
            await run_sync(worked)
            group.cancel_scope.cancel()

        async def watch() -> None:
            try:
                await anyio.sleep_forever()
            finally:
                if not (result or failure):
                    stop()

        group.start_soon(in_shelter)
        group.start_soon(watch)
    if failure:
        raise failure[0]
    return result[0]
