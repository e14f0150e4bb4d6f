"""Which tasks of people the world can check by itself."""

from __future__ import annotations

import pytest

from fieldcraft.agent.roles.proposals.persons import goal_of
from fieldcraft.envs import EnvironmentSpec, ItemGoal, KillGoal, Names, Observation

WORLD = EnvironmentSpec(
    id="small-v1", description="A small world.", names=Names(items=("torch",), mobs=("cow",))
)


def test_a_number_of_things_is_wanted_beyond_those_that_are_held() -> None:
    assert goal_of("Craft 2 torch", WORLD, Observation(inventory={"torch": 3})) == ItemGoal(
        item="torch", count=5
    )


def test_without_a_number_one_is_meant() -> None:
    assert goal_of("kill cow.", WORLD, Observation()) == KillGoal(mob="cow", count=1)


@pytest.mark.parametrize(
    "words", ["Craft 0 torch", "Craft -3 torch", "Craft 2 unobtainium", "Look around", ""]
)
def test_of_anything_else_there_is_no_goal_to_check(words: str) -> None:
    assert goal_of(words, WORLD, Observation()) is None
