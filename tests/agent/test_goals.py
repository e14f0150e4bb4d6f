"""Goals of what was gained and mined during a task, and what a critique says became of a thing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from toy_world import PantryWorld, ToyWorld

from fieldcraft.agent import RunSettings
from fieldcraft.agent.prompts.rendering import AnswerUnusable
from fieldcraft.agent.roles.critic import EnvironmentCritic, Moment, NoCritic
from fieldcraft.agent.roles.proposals.goals import check_goal
from fieldcraft.agent.roles.whereabouts import whereabouts
from fieldcraft.agent.task import Task
from fieldcraft.envs import (
    GainGoal,
    Happening,
    ItemGoal,
    MineGoal,
    Observation,
    Progress,
    RoomGoal,
    happened,
)
from fieldcraft.skills import Execution


def test_what_is_gained_counts_from_the_tasks_start_whatever_becomes_of_it() -> None:
    world = PantryWorld()
    world.reset(seed=1)
    world.chop()
    before = world.progress()
    assert not world.check(GainGoal(item="wood", count=1), before).met
    world.chop()
    world.stow()
    assert world.check(GainGoal(item="wood", count=1), before).met
    assert not world.check(ItemGoal(item="wood"), before).met


def test_mined_blocks_are_a_goal() -> None:
    world = ToyWorld()
    world.progress = lambda: Progress(mined={"log": 5})  # type: ignore[method-assign]
    assert world.check(MineGoal(block="log", count=2), Progress(mined={"log": 3})).met
    assert not world.check(MineGoal(block="log", count=3), Progress(mined={"log": 3})).met


def test_a_goal_of_a_kind_that_the_world_cannot_check_goes_back_with_the_kinds_it_can() -> None:
    with pytest.raises(AnswerUnusable, match="cannot check the kind 'gain'; it can check item, place, kill"):
        check_goal(GainGoal(item="wood"), ToyWorld.spec, Observation())
    check_goal(GainGoal(item="wood"), PantryWorld.spec, Observation())


def test_a_goal_of_room_that_is_there_already_goes_back() -> None:
    now = Observation(slots_used=10, slots_total=36)
    with pytest.raises(AnswerUnusable, match="met already"):
        check_goal(RoomGoal(slots=20), ToyWorld.spec, now)
    check_goal(RoomGoal(slots=27), ToyWorld.spec, now)


def test_a_critique_says_where_the_thing_went(toy_settings: Callable[..., RunSettings]) -> None:
    world = PantryWorld()
    world.reset(seed=1)
    world.stow()
    after = Moment(
        observation=world.observe(),
        progress=world.progress(),
        happened=[
            Happening(what="mined", subject="log", gave={"wood": 2}, times=3),
            Happening(what="stored", subject="wood", used={"wood": 5}),
            Happening(what="crafted", subject="plank", used={"wood": 1}, gave={"plank": 2}),
        ],
    )
    verdict = EnvironmentCritic(world, NoCritic()).judge(
        Task(words="Hold 3 wood", goal=ItemGoal(item="wood", count=3)), after, Execution(), after
    )
    assert "6 wood were gained since then; 5 were stored in a container, 1 was used up" in verdict.critique


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Happening(what="ate", subject="bread", times=2), "2 were eaten"),
        (Happening(what="died", used={"bread": 4}), "4 were lost at a death"),
        (Happening(what="lost", subject="bread", used={"bread": 1}, why="no room"), "1 was lost (no room)"),
        (Happening(what="smelted", subject="iron", used={"bread": 1}), "1 was used up in smelting"),
        (Happening(what="traded_away", used={"bread": 1}), "1 was used up (traded away)"),
    ],
)
def test_what_became_of_a_thing_is_said_in_words(entry: Happening, words: str) -> None:
    assert whereabouts("bread", [entry]).endswith(f"{words}.")
    assert whereabouts("cake", [entry]) == ""


class Babbling(ToyWorld):
    """Says what is not valid."""

    def happenings(self) -> list[Happening]:
        return ["nonsense"]  # type: ignore[list-item]


def test_equal_happenings_are_one_and_invalid_ones_cost_nothing(tmp_path: Path) -> None:
    world = PantryWorld()
    world.reset(seed=1)
    for _ in range(3):
        world.stow()
    assert [(entry.what, entry.times) for entry in happened(world)] == [("stored", 3)]
    assert happened(world) == []
    assert happened(Babbling()) == []
