"""A world is served as an environment of Gymnasium that passes Gymnasium's own check."""

from __future__ import annotations

import warnings

import odd_environments as odd
import pytest
from gymnasium.utils.env_checker import check_env

from fieldcraft.envs import Environment, ItemGoal, from_gymnasium, make, to_gymnasium


def checked(environment):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*not having a spec.*")
        check_env(environment)


@pytest.mark.parametrize("render_mode", [None, "rgb_array"])
def test_the_grid_world_passes_the_check(render_mode):
    environment = to_gymnasium(
        make("gridworld-v1"), calls=[("explore", {}), ("mine", {"block": "oak_log"})], render_mode=render_mode
    )
    checked(environment)
    environment.close()


def test_an_environment_that_became_a_world_passes_it_again():
    checked(to_gymnasium(from_gymnasium(odd.Corridor, name="corridor-v0")))


def test_the_table_has_each_primitive_with_each_name():
    calls = to_gymnasium(make("gridworld-v1")).calls
    assert ("mine", {"block": "oak_log"}) in calls
    assert ("explore", {}) in calls or any(name == "explore" for name, _ in calls)


def test_what_is_new_is_rewarded_and_a_goal_ends_the_episode():
    environment = to_gymnasium(
        make("gridworld-v1"),
        calls=[("find", {"block": "oak_log"}), ("mine", {"block": "oak_log"})],
        goal=ItemGoal(item="oak_log"),
    )
    environment.reset(seed=0)
    environment.step(0)
    _, reward, terminated, truncated, info = environment.step(1)
    assert "error" not in info, info
    assert reward >= 2
    assert (terminated, truncated) == (True, False)


def test_what_the_world_refuses_is_in_the_info():
    environment = to_gymnasium(make("gridworld-v1"), calls=[("mine", {"block": "no_such_block"})], steps=1)
    environment.reset(seed=0)
    _, reward, terminated, truncated, info = environment.step(0)
    assert "no_such_block" in info["error"]
    assert (reward, terminated, truncated) == (0.0, False, True)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"calls": []}, "a table of 0 calls"),
        ({"calls": [("fly", {})]}, "has no primitive 'fly'"),
        ({"calls": [("mine", {"block": object()})]}, "have to be JSON data"),
        ({"render_mode": "human"}, "does not render 'human'"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(settings, told):
    with pytest.raises(ValueError, match=told):
        to_gymnasium(make("gridworld-v1"), **settings)


def test_a_served_world_is_still_an_environment_of_the_contract():
    assert isinstance(to_gymnasium(make("gridworld-v1")).world, Environment)
