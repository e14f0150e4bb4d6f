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
from fieldcraft.envs import EnvironmentSpec, Names, Observation, make


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
    script = {"answerer": ["A plank takes 1 wood."], "actor": ["GIVE UP: tired"]}
    (tmp_path / "a.json").write_text(json.dumps(script))
    settings = toy_settings(
        environment="broken_world:Full",
        curriculum=curriculum,
        model=f"scripted:{tmp_path / 'a.json'}",
        evidence=0,
        budget=BudgetLimits(iterations=1),
    )
    events: list[Any] = []
    with new_session(settings, runs=tmp_path / "runs", listeners=(events.append,)) as session:
        session.explorer.explore()
    proposed = next(event.task for event in events if isinstance(event, e.TaskProposed))
    assert (proposed.words, proposed.context) == ("Craft 1 plank", "A plank takes 1 wood.")
