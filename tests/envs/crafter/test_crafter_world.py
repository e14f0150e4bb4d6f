"""Crafter keeps the contract, is the same in every process, and can be brought back."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldcraft.envs import AchieveGoal, EpisodeEnded, PrimitiveError, check_environment, make
from fieldcraft.envs.crafter import ACHIEVEMENTS, CrafterWorld, game
from fieldcraft.envs.crafter.names import ACTIONS, MATERIALS

LIVES = """
import random
from fieldcraft.envs import EpisodeEnded
from fieldcraft.envs.crafter import CrafterWorld
from fieldcraft.envs.crafter.names import ACTIONS

world = CrafterWorld()
for seed in (0, 7):
    world.reset(seed=seed)
    print(world._play.digest())
    draws = random.Random(seed)
    try:
        for number in range(300):
            world.step(draws.choice(ACTIONS))
            number % 50 or world.render()
    except EpisodeEnded:
        pass
    print(world.tick, world._play.digest())
"""


def lived(seed, steps):
    """A world after random steps, or at the end of its episode."""
    world = CrafterWorld()
    world.reset(seed=seed)
    walk(world, seed, steps)
    return world


def walk(world, seed, steps):
    draws = np.random.Generator(np.random.PCG64(seed))
    try:
        for _ in range(steps):
            world.step(ACTIONS[draws.integers(len(ACTIONS))])
    except EpisodeEnded:
        pass


def test_it_keeps_the_contract():
    assert [str(problem) for problem in check_environment(make("crafter-v1"), name="crafter-v1")] == []


def test_names_are_those_of_the_package():
    rules = game.package().constants
    assert (list(ACHIEVEMENTS), list(ACTIONS)) == (rules.achievements, rules.actions)
    assert sorted(MATERIALS) == sorted(rules.materials)


def test_lives_are_equal_in_processes_with_other_hashes():
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", LIVES],
            env={**os.environ, "PYTHONHASHSEED": str(number)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    printed = [process.communicate()[0] for process in processes]
    assert len(printed[0].split()) == 6 and printed[0] == printed[1] == printed[2]


def test_the_land_is_the_package_s_own(world):
    theirs = game.package().Env(seed=3)
    theirs.reset()
    theirs.reset()
    world.begin_episode(seed=3, number=2)
    assert (world._play.environment._world._mat_map == theirs._world._mat_map).all()


def test_a_picture_changes_nothing_by_night_either(world):
    world._play.environment._step = 250
    world.wait()
    assert world.observe().time.startswith("night")
    before = world._play.digest()
    assert world.render() == world.render()
    assert world._play.digest() == before


def test_a_snapshot_is_brought_back_by_its_actions_and_by_a_copy_alike(world):
    walk(world, 1, 60)
    snapshot, digest = world.snapshot(), world._play.digest()
    walk(world, 2, 40)
    after = world._play.digest()
    elsewhere = CrafterWorld()
    for one in (world, elsewhere):
        one.restore(snapshot)
        assert one._play.digest() == digest and one.snapshot() == snapshot
        walk(one, 2, 40)
        assert one._play.digest() == after


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_snapshot_changes_nothing(kept, data):
    kept.reset(seed=3)
    snapshot, digest = kept.snapshot(), kept._play.digest()
    place = data.draw(st.integers(0, len(snapshot) - 1))
    damaged = bytearray(snapshot)
    damaged[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError):
        kept.restore(bytes(damaged))
    assert kept._play.digest() == digest


def test_an_episode_ends_at_its_length_and_another_begins(world):
    world.reset(seed=3, options={"length": 3})
    with pytest.raises(EpisodeEnded, match="truncated"):
        world.wait(10)
    with pytest.raises(EpisodeEnded):
        world.wait()
    assert world.tick == 3 and world.observe().ended.outcome == "truncated"
    assert world.begin_episode(seed=3, number=2, options={"length": 3}).ended is None


def test_death_ends_the_episode_as_the_world_does(world):
    world._play.player.health = 1
    world._play.player._recover = -15
    world._play.player.inventory["food"] = 0
    with pytest.raises(EpisodeEnded, match="died"):
        world.wait(5)
    assert world.observe().ended.outcome == "terminated" and world.progress().deaths == 1


@pytest.mark.parametrize("options", [{"length": 0}, {"length": "long"}, {"length": True}, {"lenght": 3}])
def test_wrong_options_are_named(world, options):
    with pytest.raises(ValueError, match="length"):
        world.reset(seed=3, options=options)


def test_achievements_are_the_only_discoveries(world):
    since = world.progress()
    world.collect("wood", 2)
    found = world.progress()
    assert set(found.found()) == {"collect_wood"} and found.times_of("collect_wood") == 2
    assert world.check(AchieveGoal(achievement="collect_wood"), since).met
    assert not world.check(AchieveGoal(achievement="collect_wood"), found).met


def test_programs_get_from_trees_to_stone(world):
    world.collect("wood", 5)
    world.place("table")
    world.make("wood_pickaxe")
    world.make("wood_sword")
    for _ in range(20):
        if world.find("stone"):
            break
        world.explore("down")
    assert world.collect("stone", 2) == 2
    assert {one.what for one in world.happenings()} == {"mined", "placed", "crafted"}
    seen = world.observe()
    assert seen.inventory["stone"] == 2 and "stone" in seen.words and seen.scores == {"score": 5}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("collect", ["iron"]), "need 1 stone_pickaxe"),
        (("make", ["iron_sword"]), r"1 coal \(have 0\).*need a table and a furnace"),
        (("place", ["plant"]), "need 1 sapling"),
        (("walk_to", ["diamond"]), "explore"),
        (("attack", ["skeleton"]), "no skeleton is in view"),
        (("sleep", []), "not tired"),
        (("walk_to_place", [0, 0]), "no way"),
        (("walk_to", ["gold"]), "walk_to"),
        (("step", ["fly"]), "step"),
    ],
)
def test_what_is_missing_is_said(world, call, said):
    with pytest.raises(PrimitiveError, match=said):
        world.call_primitive(*call)


def test_walks_and_placing_keep_out_of_lava(world):
    lava = world._play.environment._world
    x, y = world._play.here
    for right, down in ((1, 0), (-1, 0), (0, -1)):
        lava[x + right, y + down] = "lava"
    world._play.player.inventory["stone"] = 2
    world._play._look()
    with pytest.raises(PrimitiveError, match="lava"):
        world.move("left")
    world.place("stone")
    with pytest.raises(PrimitiveError, match="free beside you"):
        world.place("stone")
    assert world.observe().ended is None and world._play.here == (x, y)
