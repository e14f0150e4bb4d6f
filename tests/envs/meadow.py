"""Arranging a grid world for a test: things held, blocks and mobs at hand, level ground."""

from __future__ import annotations

import pytest

from fieldcraft.envs import Position, PrimitiveError
from fieldcraft.envs.gridworld import GridWorld
from fieldcraft.envs.gridworld.world import World


def refused(world: GridWorld, name: str, *arguments: object) -> str:
    with pytest.raises(PrimitiveError) as caught:
        world.call_primitive(name, arguments)
    return str(caught.value)


def give(world: GridWorld, **items: int) -> None:
    for name, count in items.items():
        world.world.take(name, count)


def put(world: GridWorld, block: str, right: int, down: int) -> Position:
    state = world.world
    cell = state.cell + down * state.stride + right
    state.set_block(cell, state.tables.block_ids[block])
    return state.position(cell)


def put_mob(world: GridWorld, mob: str, right: int, down: int) -> None:
    state = world.world
    mob_id = state.tables.mob_ids[mob]
    state.put_mob(state.cell + down * state.stride + right, mob_id << 8 | state.tables.mob(mob_id).health)


def clear_ground(state: World) -> None:
    grass = state.tables.block_ids["grass_block"]
    for row in range(-9, 10):
        for column in range(-9, 10):
            state.surface[state.cell + row * state.stride + column] = grass
