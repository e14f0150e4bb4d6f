"""The proof that every item can be had from empty hands: each world holds enough sources, in reach."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from fieldcraft.envs.gridworld import GridWorld
from fieldcraft.envs.gridworld.animals import habitants
from fieldcraft.envs.gridworld.loading import load_rules
from fieldcraft.envs.gridworld.obtainable import Source, natural_blocks, rounds, sources
from fieldcraft.envs.gridworld.rules import Rules
from fieldcraft.envs.gridworld.tables import MARGIN
from fieldcraft.envs.gridworld.world import World

WORLDS = [(seed, size) for size in (64, 192) for seed in range(8)]


def tiles(world: World) -> Counter[str]:
    """How many tiles show each block."""
    inside = world.surface_map[MARGIN:-MARGIN, MARGIN:-MARGIN]
    counts = np.bincount(inside.ravel(), minlength=256).tolist()
    return Counter({name: counts[block] for name, block in world.tables.block_ids.items() if counts[block]})


def living(world: World) -> set[str]:
    """The mobs that are there, and the hostile ones that may appear."""
    tables = world.tables
    found = {tables.mob_names[state >> 8] for state in world.mobs.values()}
    for z, x in np.ndindex(world.size, world.size):
        cell = (z + MARGIN) * world.stride + x + MARGIN
        hostile = habitants(tables, world.surface[cell], world.biome(cell), hostile=True)
        found.update(tables.mob_names[mob] for mob in hostile)
    return found


def in_reach(world: World) -> np.ndarray:
    """The cells that can be walked or dug to from the spawn; never through lava or the world's edge."""
    names = world.tables.block_names
    open_ids = [
        index
        for index, name in enumerate(names)
        if (block := world.tables.rules.blocks[name]).walk or (block.hardness is not None and not block.takes)
    ]
    passable = np.isin(world.surface_map, open_ids)
    reached = np.zeros(passable.shape, dtype=bool)
    reached[divmod(world.spawn, world.stride)] = True
    count = 0
    while count != (count := int(reached.sum())):
        for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
            reached |= np.roll(reached, step, axis) & passable
    return reached


def dearest(rules: Rules) -> Counter[str]:
    """The most of each ore that one of any item takes, at the least drops; tools and stations come on top."""
    reached, natural, most = rounds(rules), natural_blocks(rules), Counter[str]()
    ways = {
        name: [way for way in found if way.kind != "mining" or way.origin in natural]
        for name, found in sources(rules).items()
    }

    def earliest(need: str) -> str:
        return min(rules.alternatives(need), key=lambda item: (reached[item], item))

    def last_need(way: Source) -> int:
        return max((reached[earliest(need)] for need in way.needs), default=0)

    for item in rules.items:
        wanted, ores = Counter({item: 1}), Counter[str]()
        while wanted:
            name, count = wanted.popitem()
            if not ways[name]:
                continue
            way = min(ways[name], key=last_need)
            made, needs = _output(rules, way, name)
            if way.origin in rules.ores:
                ores[way.origin] += -(-count // made)
            for need, amount in needs.items():
                wanted[earliest(need)] += amount * -(-count // made)
        most |= ores
    return most


def _output(rules: Rules, way: Source, item: str) -> tuple[int, dict[str, int]]:
    """How many of an item a source gives at least, and what it takes."""
    if way.kind == "crafting":
        recipe = rules.recipes[int(way.place[1])]
        return recipe.count, dict(recipe.needs)
    if way.origin in rules.ores:
        return next(drop.count for drop in rules.blocks[way.origin].drops if drop.item == item), {}
    return 1, dict.fromkeys(way.needs, 1)


@pytest.mark.parametrize(("seed", "size"), WORLDS)
def test_a_world_holds_what_every_item_needs(seed, size):
    world = GridWorld()
    world.reset(seed=seed, options={"size": size})
    rules = world.world.tables.rules
    assert set(rounds(rules, blocks=set(tiles(world.world)), mobs=living(world.world))) == set(rules.items)


def test_worlds_hold_enough_ore_for_the_dearest_item():
    rules, _ = load_rules()
    needed = dearest(rules)
    assert needed["iron_ore"] == 31, "an anvil takes three blocks of iron and four ingots"
    needed["iron_ore"] += 3
    assert all(ore.at_least >= needed[name] for name, ore in rules.ores.items())


@pytest.mark.parametrize(("seed", "size"), WORLDS)
def test_every_ore_can_be_reached(seed, size):
    world = GridWorld()
    world.reset(seed=seed, options={"size": size})
    state, reached = world.world, in_reach(world.world)
    for ore in state.tables.rules.ores:
        assert reached[state.surface_map == state.tables.block_ids[ore]].all(), ore
