"""A world is reset once at a start, and what is wrong with its options is said before anything is spent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tool_workshop import cut, live, resume
from toy_world import CountedWorld

from fieldcraft.agent import RunSettings
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.loop.opening import BadWorldOptions
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.cli.main import main
from fieldcraft.skills import SkillLibrary

Settings = Callable[..., RunSettings]
WORLDS = ["toy_world:CountedWorld", "toy_world:CountedForgetfulWorld"]


@pytest.fixture(autouse=True)
def notes() -> Iterator[list[Any]]:
    CountedWorld.notes.clear()
    yield CountedWorld.notes


@pytest.mark.parametrize("world", WORLDS)
def test_a_new_run_resets_its_world_once(
    world: str, toy_settings: Settings, tmp_path: Path, notes: list[Any]
) -> None:
    settings = toy_settings(environment=world, options={"size": 3}, budget=BudgetLimits(iterations=1))
    live(settings, tmp_path / "runs")
    assert notes == [{"size": 3}]


@pytest.mark.parametrize("other_loop", [False, True])
@pytest.mark.parametrize(
    ("world", "expected"),
    [(WORLDS[0], [{"size": 3}, "restored"]), (WORLDS[1], [{"size": 3, "as_it_is": True}])],
)
def test_a_resumed_run_resets_and_restores_its_world_once(
    world: str,
    expected: list[Any],
    other_loop: bool,
    toy_settings: Settings,
    tmp_path: Path,
    notes: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = toy_settings(environment=world, options={"size": 3}, budget=BudgetLimits(iterations=1))
    live(settings, tmp_path / "runs", name="whole")
    whole = tmp_path / "runs/whole"
    done = next(event.number for event in Journal(whole).read() if isinstance(event, e.ExecutionFinished))
    if other_loop:
        monkeypatch.setattr(e, "LOOP", 2)
    notes.clear()
    resume(cut(whole, done))
    assert notes == expected


def test_a_run_that_died_before_its_world_began_begins_it(
    toy_settings: Settings, tmp_path: Path, notes: list[Any]
) -> None:
    settings = toy_settings(environment=WORLDS[1], options={"size": 3}, budget=BudgetLimits(iterations=1))
    live(settings, tmp_path / "runs", name="whole")
    notes.clear()
    resume(cut(tmp_path / "runs/whole", 1))
    assert notes == [{"size": 3}]


def test_bad_options_leave_no_run_behind(toy_settings: Settings, tmp_path: Path) -> None:
    settings = toy_settings(environment=WORLDS[0], options={"bad": 1})
    with pytest.raises(BadWorldOptions, match="toy_world:CountedWorld: the option bad is bad"):
        live(settings, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_replay_resets_the_world_once_for_each_skill(
    toy_settings: Settings, tmp_path: Path, notes: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    live(toy_settings(), tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    names = SkillLibrary(tmp_path / "library").names()
    main(["replay", "--library", str(tmp_path / "library"), "--env", WORLDS[0]])
    assert notes == [{}] * len(names)
