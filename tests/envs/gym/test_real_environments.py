"""Environments that nobody here wrote run by their id alone, and keep every rule of the contract."""

from __future__ import annotations

import odd_environments as odd
import pytest

from fieldcraft.envs import check_environment, from_gymnasium, make

IDS = (
    "CartPole-v1",
    "MountainCarContinuous-v0",
    "Pendulum-v1",
    "FrozenLake-v1",
    "Taxi-v4",
    "Blackjack-v1",
    "CliffWalking-v1",
    "MiniGrid-Empty-5x5-v0",
    "MiniGrid-DoorKey-6x6-v0",
    "minigrid:BabyAI-GoToObj-v0",
)


@pytest.mark.parametrize("env_id", IDS)
def test_an_id_is_enough(env_id):
    name = f"gym:{env_id}"
    assert [str(problem) for problem in check_environment(make(name), name=name)] == []


@pytest.mark.parametrize(
    "factory", [odd.Corridor, odd.SameArray, odd.LateDice, odd.ManyParts, odd.SharedCopies]
)
def test_odd_ones_keep_the_contract_too(factory):
    world = from_gymnasium(factory, name="odd-v0")
    assert [str(problem) for problem in check_environment(world)] == []
