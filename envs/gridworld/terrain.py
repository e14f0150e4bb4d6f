"""Generate a new world from a seed: the spawn, the land, its ores and its animals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fieldcraft.envs.gridworld.animals import animals
from fieldcraft.envs.gridworld.deposits import add_ores
from fieldcraft.envs.gridworld.land import (
    BIOME_TILES,
    Blocks,
    beneath,
    climate_of,
    floors,
    jitter,
    shape_land,
)
from fieldcraft.envs.gridworld.sowing import add_scarce
from fieldcraft.envs.gridworld.tables import MARGIN, Tables

__all__ = ["BIOME_TILES", "Terrain", "generate"]

_CORNER = 8


@dataclass(frozen=True)
class Terrain:
    """A fresh world: padded by `MARGIN` tiles of bedrock on each side, row by row.

    `mobs` maps a cell to `mob id << 8 | health`; `biomes` holds one byte for each square of
    `BIOME_TILES` tiles, without padding.
    """

    surface: bytearray
    under: bytearray
    biomes: bytes
    spawn: int
    mobs: dict[int, int]


def generate(tables: Tables, *, size: int, seed: int, biomes: Sequence[str], mob_density: float) -> Terrain:
    """Make the world of a seed; the same arguments give the same world everywhere.

    Raises:
        ValueError: the world is too small to hold the ores of its rules.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    spawn_x, spawn_z = _spawn_point(tables, size)
    along = np.arange(size, dtype=np.float32)
    distance = np.hypot(along[None, :] - spawn_x, along[:, None] - spawn_z)
    chosen = tuple(biomes)
    climate = climate_of(tables, random, size, chosen)
    land = shape_land(tables, random, jitter(random, climate, size), distance, chosen)
    add_ores(tables, random, land)
    around = distance <= tables.rules.world.spawn_clearing
    floor = floors(tables, chosen)[land.kinds]
    land.surface[around] = floor[around]
    land.under[around] = beneath(tables)[floor[around]]
    add_scarce(tables, random, land, chosen)
    stride = size + 2 * MARGIN
    cells = _pad(land.surface, tables.bedrock)
    return Terrain(
        surface=cells,
        under=_pad(land.under, 0),
        biomes=climate.tobytes(),
        spawn=(spawn_z + MARGIN) * stride + spawn_x + MARGIN,
        mobs=animals(tables, random, land, chosen, mob_density),
    )


def _spawn_point(tables: Tables, size: int) -> tuple[int, int]:
    """The middle; in a small world a corner, so that far ores still fit."""
    farthest = max((ore.distance for ore in tables.rules.ores.values() if ore.at_least), default=0)
    if size / 2 >= farthest + 12:
        return size // 2, size // 2
    return _CORNER, _CORNER


def _pad(tiles: Blocks, border: int) -> bytearray:
    return bytearray(np.pad(tiles, MARGIN, constant_values=border).tobytes())
