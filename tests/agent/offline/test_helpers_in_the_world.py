"""What programs of the offline model do with their helpers, in a real grid world."""

from __future__ import annotations

import re

import pytest

from fieldcraft.agent.models.offline.programmer.snippets import HELPERS
from fieldcraft.envs import PrimitiveError, make


@pytest.fixture
def world():
    made = make("gridworld-v1")
    made.reset(seed=4, options={"mob_density": 0})
    yield made
    made.close()


@pytest.fixture
def helpers():
    space = {"PrimitiveError": PrimitiveError, "re": re}
    exec("\n".join(HELPERS.values()), space)
    return space


def give(world, **items):
    for name, count in items.items():
        world.world.take(name, count)


def beside(world, mob, right=3):
    state = world.world
    mob_id = state.tables.mob_ids[mob]
    state.put_mob(state.cell + right, mob_id << 8 | state.tables.mob(mob_id).health)


def test_what_is_lacking_is_taken_out_of_a_container(world, helpers):
    give(world, chest=1, diamond=5, stick=1)
    world.deposit("diamond", 5, world.place("chest"))
    helpers["_fetch"](world, 3, "diamond")
    assert world.inventory()["diamond"] == 3
    helpers["_fetch"](world, 9, "diamond", "stick")
    assert world.inventory()["diamond"] == 5


def test_what_is_worn_or_kept_and_the_best_weapon_are_not_put_away(world, helpers):
    give(world, iron_boots=1, iron_sword=1, wooden_sword=1, dirt=9, apple=2)
    assert sorted(helpers["_spare"](world, "chest", ("apple",))) == ["dirt", "wooden_sword"]
    assert world.observe().equipment["feet"] == "iron_boots"


def test_better_armour_stays_on(world, helpers):
    give(world, iron_boots=1, leather_boots=1)
    helpers["_wear"](world, "iron_boots", "leather_boots", "dirt")
    assert world.observe().equipment["feet"] == "iron_boots"


def test_the_weak_get_away_from_what_the_strong_fight(world, helpers):
    beside(world, "slime")
    world.world.health = 3
    before = world.position()
    helpers["_guard"](world, "slime")
    assert world.position().distance(before) > 12
    world.world.health = 20
    give(world, iron_sword=1)
    beside(world, "slime")
    helpers["_guard"](world, "slime")
    assert world.progress().killed == {"slime": 1}


def test_what_was_seen_far_away_is_gone_back_to(world, helpers):
    state = world.world
    far = state.cell + 40
    state.surface[far], state.seen[far] = state.tables.block_ids["emerald_ore"], 1
    assert helpers["_look_for"](world, "emerald_ore", walks=0)


def test_what_is_lacked_and_only_has_to_be_mined_is_mined(world, helpers):
    state = world.world
    state.set_block(state.cell + 2, state.tables.block_ids["oak_log"])
    helpers["_gather"](world, ("oak_log", 1), ("furnace", 1))
    assert world.inventory() == {"oak_log": 1}


def test_recipes_are_studied_without_failed_calls(world, helpers):
    helpers["_study"](world, "torch", "bread")
    explained = [happening.subject for happening in world.happenings() if happening.what == "explained"]
    assert explained == ["torch", "bread"]
