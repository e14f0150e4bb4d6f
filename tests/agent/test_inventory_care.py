"""Room in the inventory comes before anything else, whatever the world calls what it holds things in."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.roles.storage_tasks import care_for_inventory
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.envs import EnvironmentSpec, GainGoal, ItemGoal, Names, Observation, RoomGoal, make


def code(source: str) -> str:
    return f"```python\n{source}```"


@pytest.fixture
def spec() -> EnvironmentSpec:
    return EnvironmentSpec(
        id="crates-v1", description="Crates.", container="crate", names=Names(items=("crate", "stone"))
    )


def full(**changes: object) -> Observation:
    return Observation.model_validate({"slots_used": 34, "slots_total": 36, "chests": {}, **changes})


def words(observation: Observation, spec: EnvironmentSpec) -> str | None:
    task = care_for_inventory(observation, spec)
    return task.words if task else None


def test_a_container_is_made_then_placed_then_filled(spec: EnvironmentSpec) -> None:
    assert words(full(), spec) == "Craft 1 crate"
    assert words(full(inventory={"crate": 1}), spec) == "Place 1 crate"
    seen = words(full(chests={"(1, 64, 2)": None}), spec)
    assert seen == "Deposit items that are not needed into the crate at (1, 64, 2)"


def test_nothing_is_asked_while_there_is_room_or_where_there_is_no_container(spec: EnvironmentSpec) -> None:
    assert words(full(slots_used=20), spec) is None
    assert words(full(), spec.model_copy(update={"container": "chest"})) is None


def test_a_container_that_cannot_be_made_makes_way_for_other_tasks(spec: EnvironmentSpec) -> None:
    failed, other = ("Craft 1 crate", False), ("Mine 1 stone", True)

    def rests(*finished: tuple[str, bool]) -> bool:
        return care_for_inventory(full(), spec, finished) is None

    assert [rests(failed, *[other] * count) for count in range(4)] == [True, True, False, False]
    assert [rests(failed, failed, *[other] * count) for count in range(5)] == [True] * 4 + [False]
    assert not rests(failed, failed, ("Craft 1 crate", True))
    assert not rests(other, other)


def test_the_nearest_container_with_room_is_filled_and_a_full_one_is_not(spec: EnvironmentSpec) -> None:
    here = {"x": 0, "y": 64, "z": 0}
    places = {"(9, 64, 0)": None, "(1, 64, 0)": {"stone": 64}, "(3, 64, 0)": None}
    seen = full(position=here, chests=places, chest_slots={"(1, 64, 0)": 0, "(9, 64, 0)": 20})
    assert words(seen, spec) == "Deposit items that are not needed into the crate at (3, 64, 0)"
    seen = full(position=here, chests=places, chest_slots=dict.fromkeys(places, 0))
    assert words(seen, spec) == "Craft 1 crate"


def test_a_container_with_room_for_all_comes_before_a_nearer_one_and_one_with_hardly_any_does_not_count(
    spec: EnvironmentSpec,
) -> None:
    near, far = "(1, 64, 0)", "(9, 64, 0)"
    values = {"position": {"x": 0, "y": 64, "z": 0}, "chests": {near: {"stone": 64}, far: {"stone": 64}}}
    deposit = "Deposit items that are not needed into the crate at "
    assert words(full(**values, chest_slots={near: 4, far: 20}), spec) == deposit + far
    assert words(full(**values, chest_slots={near: 4, far: 5}), spec) == deposit + far
    assert words(full(**values, chest_slots={near: 2, far: 1}), spec) == "Craft 1 crate"


def test_a_new_container_may_be_placed_and_filled_at_once_where_the_world_counts_what_is_gained(
    spec: EnvironmentSpec,
) -> None:
    task = care_for_inventory(full(), spec.model_copy(update={"goals": ("item", "gain")}))
    assert task is not None
    assert task.goal == GainGoal(item="crate")
    assert "put what is not needed into it" in task.context
    task = care_for_inventory(full(), spec)
    assert task is not None
    assert (task.goal, task.context) == (ItemGoal(item="crate"), "")


def test_the_world_judges_whether_room_was_made_and_no_more_is_asked_than_fits(spec: EnvironmentSpec) -> None:
    task = care_for_inventory(full(chests={"(1, 64, 2)": None}), spec)
    assert task is not None
    assert task.goal == RoomGoal(slots=2 + 7)
    task = care_for_inventory(full(chests={"(1, 64, 2)": None}, chest_slots={"(1, 64, 2)": 3}), spec)
    assert task is not None
    assert task.goal == RoomGoal(slots=2 + 3)
    assert "has 3 empty slots" in task.context


def test_making_room_takes_at_most_one_iteration_in_ten(spec: EnvironmentSpec) -> None:
    def due(iterations: int, chores: int) -> bool:
        return care_for_inventory(full(), spec, iterations=iterations, chores=chores) is not None

    assert [due(0, 2), due(0, 3), due(9, 3), due(10, 3), due(10, 4)] == [True, False, False, True, False]


def test_room_is_made_by_the_skill_that_made_it_before_and_no_model_is_asked(
    toy_settings: Callable[..., RunSettings], tmp_path: Path
) -> None:
    more = 'def more_wood(bot):\n    for _ in range(3):\n        bot.chop()\n    print("{}")\n'
    script = {
        "curriculum": [f'{{"task": "Chop wood, round {number}"}}' for number in range(9)],
        "critic": ['{"success": true}'] * 9,
        "actor": [code(more.format("one")), code("def stow_wood(bot):\n    bot.stow()\n")]
        + [code(more.format(number)) for number in ("two", "three")],
        "describer": ["Chops wood.", "Stows all wood.", "Chops.", "More."],
        "answerer": ["Nothing."] * 20,
    }
    (tmp_path / "a.json").write_text(json.dumps(script))
    settings = toy_settings(
        environment="toy_world:PantryWorld",
        model=f"scripted:{tmp_path / 'a.json'}",
        budget=BudgetLimits(iterations=4),
    )
    events: list[Any] = []
    with new_session(settings, runs=tmp_path / "runs", listeners=(events.append,)) as session:
        state = session.explorer.explore()
    sources = [event.source for event in events if isinstance(event, e.ExecutionStarted)]
    assert [success for _, success in state.finished_tasks] == [True] * 4
    assert sources[3] == "def stow_wood_again(bot):\n    return stow_wood(bot)\n"
    assert state.calls["actor"] == 3
    assert state.chores == 2
    assert sorted(state.kept) == ["more-wood", "stow-wood"]


def test_a_renamed_world_names_its_own_container() -> None:
    world = make("gridworld-v1")
    try:
        world.reset(seed=1)
        assert world.spec.container == "chest"
        world.reset(seed=1, options={"permutation": 3})
        assert world.spec.container in world.spec.names.items
        assert world.spec.container != "chest"
    finally:
        world.close()


@pytest.mark.parametrize("curriculum", ["auto", "random"])
def test_what_the_container_takes_goes_with_its_task(
    curriculum: str, toy_settings: Callable[..., RunSettings], tmp_path: Path
) -> None:
    script = {
        "curriculum": ['{"task": "Saw 1 plank"}'],
        "answerer": ["A plank takes 1 wood."],
        "critic": ['{"success": false}'],
        "actor": [
            code("def saw(bot):\n    bot.saw()\n"),
            "GIVE UP: tired",
            code("def saw(bot):\n    pass\n"),
        ],
    }
    (tmp_path / "a.json").write_text(json.dumps(script))
    settings = toy_settings(
        environment="broken_world:Full",
        curriculum=curriculum,
        model=f"scripted:{tmp_path / 'a.json'}",
        budget=BudgetLimits(iterations=2),
    )
    events: list[Any] = []
    with new_session(settings, runs=tmp_path / "runs", listeners=(events.append,)) as session:
        session.explorer.explore()
    proposed = [event.task for event in events if isinstance(event, e.TaskProposed)][1]
    assert (proposed.words, proposed.context) == ("Craft 1 plank", "A plank takes 1 wood.")
