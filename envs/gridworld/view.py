"""What the agent is told: the observation, and the names that are near."""

from __future__ import annotations

import numpy as np

from fieldcraft.envs.gridworld.world import World
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.types import Position

_SEEN_RADIUS = 16


def _blocks_around(world: World, radius: int, *, seen_only: bool) -> list[str]:
    """The names of the blocks around the agent, sorted; bare ground is not named."""
    z, x = divmod(world.cell, world.stride)
    window = (slice(z - radius, z + radius + 1), slice(x - radius, x + radius + 1))
    shape = (world.stride, world.stride)
    tiles = np.frombuffer(world.surface, dtype=np.uint8).reshape(shape)[window]
    if seen_only:
        tiles = tiles * np.frombuffer(world.seen, dtype=np.uint8).reshape(shape)[window]
    names, border = world.tables.block_names, world.tables.bedrock
    return sorted(names[block] for block in frozenset(tiles.tobytes()) if block not in (0, border))


def time_of_day(world: World) -> str:
    """The word for the time that Voyager shows."""
    constants = world.tables.rules.world
    now = world.tick % constants.day_ticks
    if constants.night_start <= now < constants.night_end:
        return "night"
    if now < 1000 or now >= constants.night_end:
        return "sunrise"
    if now < 6000:
        return "day"
    return "noon" if now < 9000 else "day" if now < 12000 else "sunset"


def observe(world: World) -> Observation:
    """The whole observation; built without validation, since every value is ours."""
    tables, radius = world.tables, world.tables.rules.world.view_radius
    nearby = _blocks_around(world, radius, seen_only=False)
    entities: dict[str, float] = {}
    for cell in world.mob_cells(radius):
        name = tables.mob_names[world.mobs[cell] >> 8]
        entities[name] = min(round(world.apart(world.cell, cell), 1), entities.get(name, 99.0))
    inventory = world.inventory
    remembered = _blocks_around(world, _SEEN_RADIUS, seen_only=True)
    return Observation.model_construct(
        tick=world.tick,
        position=world.position(world.cell),
        biome=world.biome(world.cell),
        time=time_of_day(world),
        health=float(world.health),
        hunger=float(world.hunger),
        nearby_blocks=nearby,
        seen_blocks=[name for name in remembered if name not in nearby],
        nearby_entities=entities,
        equipment=dict(inventory.equipment),
        inventory=dict(inventory.counts),
        slots_used=inventory.slots_used(),
        slots_total=inventory.slots,
        chests=_chests(world),
        events=list(world.events),
        extra={},
    )


def _chests(world: World) -> dict[str, dict[str, int] | None]:
    return {
        str(world.position(cell)): dict(contents) if cell in world.opened else None
        for cell, contents in world.chests.items()
        if world.seen[cell]
    }


def nearby(world: World, radius: int) -> dict[str, Position]:
    """The nearest position of each block (remembered) and mob (in view) within a radius."""
    places: dict[str, Position] = {}
    nearest: dict[str, tuple[float, int]] = {}
    limit = min(radius, world.tables.rules.world.search_radius)
    for name in _blocks_around(world, limit, seen_only=True):
        cells = world.cells_of(world.tables.block_ids[name], limit)
        nearest[name] = min((world.apart(world.cell, cell), cell) for cell in cells)
    for cell in world.mob_cells(min(limit, world.tables.rules.world.view_radius)):
        name = world.tables.mob_names[world.mobs[cell] >> 8]
        place = (world.apart(world.cell, cell), cell)
        nearest[name] = min(place, nearest.get(name, place))
    for name in sorted(nearest):
        places[name] = world.position(nearest[name][1])
    return places
