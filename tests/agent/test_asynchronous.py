"""`aexplore` and its kin: runs in a thread, stopped with a record when their task is cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import pytest

from fieldcraft import aexplore, areplay, arun_study, asolve, explore
from fieldcraft.agent.arguments import ExploreArguments
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal


@pytest.fixture
def arguments(tmp_path: Path) -> ExploreArguments:
    return {
        "seed": 7,
        "options": {"size": 64},
        "runs": tmp_path / "runs",
        "library": tmp_path / "library",
        "name": "one",
    }


def events_of(run: Path) -> list[e.Event]:
    return list(Journal(run).events())


def test_a_run_goes_on_beside_the_event_loop(arguments: ExploreArguments) -> None:
    threads: set[str] = set()
    arguments["listeners"] = [lambda _: threads.add(threading.current_thread().name)]

    async def main() -> tuple[int, Any]:
        task = asyncio.create_task(aexplore(iterations=2, **arguments))
        turns = 0
        while not task.done():
            turns += 1
            await asyncio.sleep(0.01)
        return turns, await task

    turns, result = asyncio.run(main())
    assert (result.ended, result.spent.iterations) == ("budget", 2)
    assert turns > 10
    assert threading.main_thread().name not in threads


async def cancelled_by_asyncio(run: Coroutine[Any, Any, object], begun: threading.Event) -> bool:
    task = asyncio.create_task(run)
    await asyncio.to_thread(begun.wait, 120)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return task.cancelled()


async def cancelled_by_anyio(run: Coroutine[Any, Any, object], begun: threading.Event) -> bool:
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:

            async def cancel() -> None:
                await anyio.to_thread.run_sync(begun.wait, 120)
                scope.cancel()

            group.start_soon(cancel)
            await run
    return scope.cancelled_caught


async def cancelled_by_time(run: Coroutine[Any, Any, object], begun: threading.Event) -> bool:
    try:
        async with asyncio.timeout(None) as limit:
            loop = asyncio.get_running_loop()
            waiting = loop.run_in_executor(None, begun.wait, 120)
            waiting.add_done_callback(lambda _: limit.reschedule(loop.time()))
            await run
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize("cancel", [cancelled_by_asyncio, cancelled_by_anyio, cancelled_by_time])
def test_a_cancelled_run_is_recorded_before_the_task_ends(
    cancel: Callable[..., Coroutine[Any, Any, bool]], arguments: ExploreArguments, tmp_path: Path
) -> None:
    begun = threading.Event()
    arguments["listeners"] = [lambda event: begun.set() if event.type == "execution_finished" else None]

    async def main() -> list[e.Event]:
        assert await cancel(aexplore(iterations=100_000, **arguments), begun)
        return events_of(tmp_path / "runs" / "one")

    last = asyncio.run(main())[-1]
    assert isinstance(last, e.RunPaused)
    assert last.reason == "its task was cancelled"
    done = explore(resume="one", runs=tmp_path / "runs", iterations=1).spent.iterations
    result = asyncio.run(aexplore(resume="one", runs=tmp_path / "runs", iterations=done + 1))
    assert result.spent.iterations == done + 1


def test_a_run_that_is_cancelled_before_it_is_open_stops_at_once(
    arguments: ExploreArguments, tmp_path: Path
) -> None:
    async def main() -> None:
        task = asyncio.create_task(aexplore(iterations=100_000, **arguments))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    for run in (tmp_path / "runs").glob("*"):
        assert not any(isinstance(event, e.ExecutionStarted) for event in events_of(run))


def test_what_a_run_raises_is_raised(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="aexplore.. has no argument 'sead'; did you mean 'seed'"):
        asyncio.run(aexplore(sead=3))  # type: ignore[call-arg]
    with pytest.raises(LookupError, match="no environment 'gridwold-v1'"):
        asyncio.run(aexplore("gridwold-v1", runs=tmp_path / "runs", library=tmp_path / "library"))


def test_several_runs_go_on_at_a_time_and_their_skills_are_tried(tmp_path: Path) -> None:
    async def main() -> None:
        one, two = await asyncio.gather(
            asolve("mine 2 dirt", iterations=6, seed=99, runs=tmp_path / "runs", library=tmp_path / "a"),
            asolve("mine 1 dirt", iterations=6, seed=98, runs=tmp_path / "runs", library=tmp_path / "b"),
        )
        assert one.solved
        assert two.solved
        replayed = await areplay(tmp_path / "a", seed=5)
        assert [each.skill for each in replayed] == list(one.kept)

    asyncio.run(main())


@pytest.mark.slow
def test_a_cancelled_study_can_be_gone_on_with(tmp_path: Path) -> None:
    async def main() -> None:
        task = asyncio.create_task(
            arun_study("items", folder=tmp_path, name="s", methods=("full",), seeds=(1,), iterations=20)
        )
        while not list((tmp_path / "runs").glob("*/journal*")):
            await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        study = await arun_study(
            "items", folder=tmp_path, name="s", methods=("full",), seeds=(1,), iterations=20
        )
        assert study.counts() == {"done": 1}
        assert study.stopped == ""

    asyncio.run(main())
