"""A world without snapshots is brought back on resume by running its programs again, or its loss is said."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tool_workshop import cut, resume
from toy_world import ForgetfulWorld, LastingWorld

from fieldcraft.agent import RunSettings, new_session, resumed_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.compare import history
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.envs import Observation

Settings = Callable[..., RunSettings]
FORGETFUL = "toy_world:ForgetfulWorld"


class ClockedWorld(ForgetfulWorld):
    """A world that says how often it was reset in this process: no two beginnings are the same."""

    spec = ForgetfulWorld.spec.model_copy(update={"id": "clocked-v1"})
    resets = 0

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        type(self).resets += 1
        return super().reset(seed=seed)

    def observe(self) -> Observation:
        return super().observe().model_copy(update={"extra": {"resets": str(self.resets)}})


class FickleWorld(ForgetfulWorld):
    """A world whose die is not that of its seed: programs that run again go another way."""

    spec = ForgetfulWorld.spec.model_copy(update={"id": "fickle-v1"})
    fells: ClassVar[int] = 0

    def _gain(self, item: str, count: int) -> None:
        type(self).fells += 1
        super()._gain(item, count + self.fells if self.fells > 20 else count)


@pytest.fixture
def whole(toy_settings: Settings, tmp_path: Path) -> Callable[..., Path]:
    def lived(environment: str, **changes: Any) -> Path:
        settings = toy_settings(environment=environment, **changes)
        with new_session(settings, runs=tmp_path / "runs", name="whole") as session:
            session.explorer.explore()
        return tmp_path / "runs" / "whole"

    return lived


def died(unbroken: Path, number: int) -> Path:
    """The run and its library as they were after this event."""
    library = unbroken.parents[1] / "library"
    for kept in Journal(unbroken).read():
        if isinstance(kept, e.SkillKept) and kept.number > number:
            shutil.rmtree(library / kept.name, ignore_errors=True)
    return cut(unbroken, number)


def places(run: Path, *kinds: type[e.BaseEvent]) -> list[int]:
    return [event.number for event in Journal(run).read() if isinstance(event, kinds)]


def warnings(run: Path) -> list[str]:
    return [event.text for event in Journal(run).read() if isinstance(event, e.Warned)]


@pytest.mark.parametrize("after", [e.ExecutionStarted, e.ExecutionFinished, e.Judged, e.TaskFinished])
def test_a_run_cut_in_a_repeatable_world_resumes_to_the_same_history(
    after: type[e.BaseEvent], whole: Callable[..., Path]
) -> None:
    unbroken = whole(FORGETFUL)
    expected = history(unbroken)
    for number in reversed(places(unbroken, after)[1:]):
        folder = died(unbroken, number)
        resume(folder)
        assert history(folder) == expected, number
        assert warnings(folder) == []


def test_a_run_that_was_resumed_twice_is_brought_back_from_its_beginning(whole: Callable[..., Path]) -> None:
    unbroken = whole(FORGETFUL)
    finished = places(unbroken, e.ExecutionFinished)
    folder = died(unbroken, finished[1])
    with resumed_session(folder.name, runs=folder.parent, budget=BudgetLimits(iterations=3)) as session:
        session.explorer.explore()
    with resumed_session(folder.name, runs=folder.parent, budget=BudgetLimits(iterations=5)) as session:
        session.explorer.explore()
    assert history(folder) == history(unbroken)
    back = [event for event in Journal(folder).read() if isinstance(event, e.WorldBroughtBack)]
    assert [(event.whole, event.programs) for event in back] == [(True, 2), (True, 2)]


def test_a_world_that_an_earlier_version_began_anew_is_brought_back_from_there(
    whole: Callable[..., Path],
) -> None:
    """0.1.0 reset the world at a resume: what ran before is not in it."""
    folder = whole(FORGETFUL, budget=BudgetLimits(iterations=1))
    with resumed_session(folder.name, runs=folder.parent, budget=BudgetLimits(iterations=3)) as session:
        session.environment.reset(seed=3)
        session.explorer._restore_world = lambda: None  # type: ignore[method-assign]
        session.explorer.explore()
        left = session.environment.observe()
    with resumed_session(folder.name, runs=folder.parent, budget=BudgetLimits(iterations=3)) as session:
        session.explorer.explore()
        assert session.environment.observe() == left
    assert warnings(folder) == []


@pytest.mark.parametrize(
    ("world", "said"),
    [
        ("test_worlds_brought_back:ClockedWorld", "its reset leads to another beginning, in extra"),
        ("test_worlds_brought_back:FickleWorld", "iteration 1 went another way"),
    ],
)
def test_what_a_world_that_does_not_come_back_lost_is_said_and_seen(
    world: str, said: str, whole: Callable[..., Path]
) -> None:
    folder = whole(world, budget=BudgetLimits(iterations=1))
    resumed: list[Any] = []
    with resumed_session(folder.name, runs=folder.parent, listeners=(resumed.append,)) as session:
        type(session.environment).fells = 100  # type: ignore[attr-defined]
        state = session.explorer.explore()
        assert state.observation == session.environment.observe()
    [lost] = [event.text for event in resumed if isinstance(event, e.Warned)]
    assert "could not be brought back to where the run left it" in lost
    assert said in lost
    [aside] = [event for event in resumed if isinstance(event, e.TailSetAside)]
    assert aside.text == "the run goes on from task 2, in the world as it is now"


def test_gone_things_are_named_with_their_number(whole: Callable[..., Path]) -> None:
    folder = whole("test_worlds_brought_back:ClockedWorld", budget=BudgetLimits(iterations=1))
    resume(folder)
    [lost] = warnings(folder)
    assert "wood gone; tick" in lost
    assert "is 0 again" in lost


def test_a_skill_that_is_no_longer_there_is_named(whole: Callable[..., Path], tmp_path: Path) -> None:
    folder = whole(FORGETFUL)
    shutil.rmtree(tmp_path / "library" / "chop-wood")
    resume(folder)
    assert "the program of iteration 4 cannot be run again" in warnings(folder)[-1]


def test_a_world_that_lives_on_says_what_went_missing_meanwhile(whole: Callable[..., Path]) -> None:
    folder = whole("toy_world:LastingWorld", budget=BudgetLimits(iterations=1))
    held, first, tick = LastingWorld.kept["world"]
    LastingWorld.kept["world"] = [{**held, "wood": held["wood"] - 1}, first, tick]
    resume(folder)
    assert warnings(folder) == ["the world went on without the agent: 1 wood gone"]


class ServedWorld(LastingWorld):
    """A world on a server that says nothing of it: its reset takes it as it is."""

    spec = LastingWorld.spec.model_copy(update={"id": "served-v1"})

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        return super().reset(seed=seed, options={"as_it_is": True} if self.kept else None)

    def options_to_resume(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return dict(options)


def test_nothing_runs_again_in_a_world_that_turns_out_to_live_on(whole: Callable[..., Path]) -> None:
    LastingWorld.kept.clear()
    folder = whole("test_worlds_brought_back:ServedWorld", budget=BudgetLimits(iterations=2))
    with resumed_session(folder.name, runs=folder.parent) as session:
        before = session.environment.observe()
        state = session.explorer.explore()
        assert session.environment.observe() == before == state.observation
    assert warnings(folder) == []


def test_a_stop_while_programs_run_again_is_heard(whole: Callable[..., Path]) -> None:
    folder = whole(FORGETFUL)
    with resumed_session(folder.name, runs=folder.parent) as session:
        session.recorder.request_stop("enough")
        session.explorer.explore()
        assert session.explorer.result.ended == "stopped"
        assert not [event for event in Journal(folder).read() if isinstance(event, e.WorldBroughtBack)]
    resume(folder)
    assert warnings(folder) == []
