"""What an environment of Gymnasium does wrong costs a line that says so, and not the world."""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import odd_environments as odd
import pytest

from fieldcraft.envs import (
    BrokenEnvironment,
    EpisodeEnded,
    UnknownEnvironment,
    from_gymnasium,
    make,
)
from fieldcraft.envs.faults import faults_of


def world_of(factory, **settings):
    world = from_gymnasium(factory, name="odd-v0", **settings)
    world.reset(seed=0)
    faults_of(world).unsaid()
    return world


def test_an_environment_that_raises_ends_its_episode_and_goes_on_in_the_next():
    world = world_of(odd.Breaks)
    with pytest.raises(RuntimeError, match="the motor stalled"):
        world.call_primitive("step", (1,))
    with pytest.raises(EpisodeEnded, match=r"failed in step 1"):
        world.call_primitive("step", (0,))
    world.begin_episode(seed=0, number=2)
    assert world.call_primitive("step", (0,))["steps"] == 1


def test_rewards_that_are_no_numbers_count_as_nothing_and_are_told_once():
    world = world_of(odd.BadRewards)
    assert world.call_primitive("step", (0, 3))["reward"] == 0
    assert world.call_primitive("step", (2, 2))["reward"] == 4
    world.call_primitive("step", (0,))
    assert faults_of(world).unsaid() == ["step: 3 of 3 rewards were no finite numbers and count as 0"]


def test_an_observation_outside_of_its_space_is_told_once():
    world = from_gymnasium(odd.OutOfSpace, name="odd-v0")
    world.reset(seed=0)
    world.call_primitive("step", (2,))
    world.observe()
    assert [line[:52] for line in faults_of(world).unsaid()] == [
        "step: an observation is outside of its space Box(0, "
    ]


def test_an_action_space_that_changes_changes_the_primitives():
    world = world_of(odd.ChangesItsSpace)
    world.begin_episode(seed=0, number=2)
    assert "lever_3" in world.primitives
    assert any("action_space: it changed" in line for line in faults_of(world).unsaid())


@pytest.mark.parametrize("dice", [odd.GlobalDice, odd.LateDice])
def test_draws_from_the_process_follow_the_seed_and_leave_the_process_alone(dice):
    def life(stir):
        random.seed(stir)
        np.random.seed(stir)
        world = world_of(dice)
        return [world.call_primitive("step", (1,))["observation"][0] for _ in range(8)], world

    first, world = life(1)
    assert first == life(2)[0]
    kept, before = world.snapshot(), world.observe()
    process = random.getstate(), np.random.get_state()[1].tolist()
    world.call_primitive("step", (1, 5))
    world.restore(kept)
    assert world.observe() == before
    assert process == (random.getstate(), np.random.get_state()[1].tolist())


@pytest.mark.parametrize(
    ("factory", "told"),
    [
        (odd.NeedsDisplay, "it needs a display"),
        (odd.NeedsAnArgument, "give the option it needs: 'level'"),
    ],
)
def test_what_prevents_a_start_names_the_cure(factory, told):
    world = from_gymnasium(factory, name="odd-v0")
    with pytest.raises(ValueError, match=told):
        world.reset(seed=0)


def test_an_environment_that_needs_an_option_starts_with_it():
    world = from_gymnasium(odd.NeedsAnArgument, name="odd-v0")
    world.reset(seed=0, options={"level": 2})
    assert world.call_primitive("go_right")["observation"][1] == 5


def test_the_old_interface_is_named():
    world = world_of(odd.OldInterface)
    with pytest.raises(Exception, match="of the old Gym interface"):
        world.call_primitive("go_right")


@pytest.mark.parametrize(
    ("name", "error", "told"),
    [
        ("gym:FrozenLak-v1", UnknownEnvironment, "did you mean 'FrozenLake-v1'"),
        ("gym:no_such_module:Maze-v0", UnknownEnvironment, "no module 'no_such_module' can be imported"),
        ("gym:odd_environments:Corridr", UnknownEnvironment, "knows no environment 'Corridr'"),
        ("gym:PyFlyt/Hover-v0", BrokenEnvironment, "pip install PyFlyt"),
    ],
)
def test_a_name_that_leads_nowhere_says_what_to_give(name, error, told):
    with pytest.raises(error, match=told):
        make(name)


def test_an_id_without_a_version_is_the_latest():
    assert make("gym:FrozenLake").spec.id == "gym-frozenlake-v1"


def test_without_gymnasium_the_extra_is_named():
    code = (
        "import sys; sys.modules['gymnasium'] = None\n"
        "import importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'gymnasium' else found(name, *more)\n"
        "import fieldcraft\n"
        "try: fieldcraft.make('gym:CartPole-v1')\n"
        "except Exception as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout == "gym:CartPole-v1 needs the extra 'gym': pip install 'fieldcraft[gym]'\n", (
        done.stderr
    )


@pytest.mark.parametrize("changed", [b"", b"\0", b"fieldcraft-gym 1 00\n{}"])
def test_what_is_no_snapshot_is_refused(changed):
    world = world_of(odd.Endless)
    with pytest.raises(ValueError, match="no whole snapshot"):
        world.restore(changed)
