"""What the agent sees: the observation, and the nearby names."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fieldcraft.envs.gridworld.world import World
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.types import Position, PrimitiveError

_SEEN_RADIUS = 16

Mask = npt.NDArray[np.bool_]


def _present(world: World, radius: int, *, seen_only: bool) -> Mask:
    """For each block, whether it is among the tiles around the agent; bare ground never counts."""
    z, x = divmod(world.cell, world.stride)
    window = (slice(z - radius, z + radius + 1), slice(x - radius, x + radius + 1))
    tiles = world.surface_map[window]
    if seen_only:
        tiles = tiles * world.seen_map[window]
    present = np.zeros(256, dtype=np.bool_)
    present[tiles] = True
    present[0] = present[world.tables.bedrock] = False
    return present


def _names(world: World, present: Mask) -> list[str]:
    """The names of blocks, sorted as their numbers are."""
    names = world.tables.block_names
    return [names[block] for block in present.nonzero()[0].tolist()]


def time_of_day(world: World) -> str:
    """The time of day, as named by Voyager."""
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
    """The whole observation."""
    radius = world.tables.rules.world.view_radius
    in_view = _present(world, radius, seen_only=False)
    beyond = _present(world, _SEEN_RADIUS, seen_only=True) & ~in_view
    inventory = world.inventory
    return Observation(
        tick=world.tick,
        position=world.position(world.cell),
        biome=world.biome(world.cell),
        time=time_of_day(world),
        health=float(world.health),
        hunger=float(world.hunger),
        nearby_blocks=_names(world, in_view),
        seen_blocks=_names(world, beyond),
        nearby_entities=_entities(world, radius),
        equipment=dict(inventory.equipment),
        inventory=dict(inventory.counts),
        slots_used=inventory.slots_used(),
        slots_total=inventory.slots,
        chests=_chests(world),
        chest_slots={str(world.position(cell)): free for cell, free in free_slots(world).items()},
        events=_events(world),
        extra={},
    )


def _entities(world: World, radius: int) -> dict[str, float]:
    """The distance of the nearest mob of each kind in view."""
    nearest: dict[int, int] = {}
    row, column = divmod(world.cell, world.stride)
    for cell in world.mob_cells(radius):
        z, x = divmod(cell, world.stride)
        kind, apart = world.mobs[cell] >> 8, (z - row) ** 2 + (x - column) ** 2
        if apart < nearest.get(kind, apart + 1):
            nearest[kind] = apart
    names = world.tables.mob_names
    return {names[kind]: round(apart**0.5, 1) for kind, apart in nearest.items()}


def _chests(world: World) -> dict[str, dict[str, int] | None]:
    return {
        str(world.position(cell)): dict(contents)
        for cell, contents in world.chests.items()
        if world.seen[cell]
    }


def free_slots(world: World) -> dict[int, int]:
    """How many slots are free in each container that was seen."""
    items = world.tables.rules.items
    return {
        cell: world.tables.block(world.surface[cell]).container
        - sum(-(-count // items[name].stack) for name, count in contents.items())
        for cell, contents in world.chests.items()
        if world.seen[cell]
    }


def _events(world: World) -> list[str]:
    """The latest events, after the deaths and broken tools of the last day that are no longer among them."""
    since = world.tick - world.tables.rules.world.day_ticks
    losses = [text for tick, text in world.losses if tick > since and text not in world.events]
    return losses + world.events


def nearby(world: World, radius: int, kind: str | None) -> dict[str, Position]:
    """The nearest position of each block (remembered), then of each mob (in view), within a radius."""
    if kind not in (None, "block", "mob"):
        raise PrimitiveError(f"nearby: the kind is block or mob, not {kind!r}")
    limit = min(radius, world.tables.rules.world.search_radius)
    blocks = {} if kind == "mob" else _blocks_near(world, limit)
    mobs = {} if kind == "block" else _mobs_near(world, limit)
    return {name: world.position(cell) for found in (blocks, mobs) for name, cell in sorted(found.items())}


def _blocks_near(world: World, radius: int) -> dict[str, int]:
    found = {}
    for name in _names(world, _present(world, radius, seen_only=True)):
        cells = world.cells_of(world.tables.block_ids[name], radius)
        found[name] = min((world.apart(world.cell, cell), cell) for cell in cells)[1]
    return found


def _mobs_near(world: World, radius: int) -> dict[str, int]:
    nearest: dict[str, tuple[float, int]] = {}
    for cell in world.mob_cells(min(radius, world.tables.rules.world.view_radius)):
        name = world.tables.mob_names[world.mobs[cell] >> 8]
        place = (world.apart(world.cell, cell), cell)
        nearest[name] = min(place, nearest.get(name, place))
    return {name: cell for name, (_, cell) in nearest.items()}
