"""Terrain from a seed: heights, climate, rock, caves, ores, plants and animals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fieldcraft.envs.gridworld.tables import MARGIN, Tables

Field: TypeAlias = npt.NDArray[np.float32]
Blocks: TypeAlias = npt.NDArray[np.uint8]
Mask: TypeAlias = npt.NDArray[np.bool_]

BIOME_TILES = 4
"""Biomes are kept for squares of this many tiles, as Minecraft does."""

_SHARES = 8192
_OUTCROP_RADIUS = 3
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


@dataclass(frozen=True)
class _Land:
    """The arrays that generation works on, unpadded, indexed [z, x]."""

    surface: Blocks
    under: Blocks
    rock: Mask
    distance: Field


def generate(tables: Tables, *, size: int, seed: int, biomes: Sequence[str], mob_density: float) -> Terrain:
    """Make the world of a seed; the same arguments give the same world everywhere.

    Raises:
        ValueError: the world is too small to hold the ores of its rules.
    """
    random = np.random.Generator(np.random.PCG64(seed))
    spawn_x, spawn_z = _spawn_point(tables, size)
    along = np.arange(size, dtype=np.float32)
    distance = np.hypot(along[None, :] - spawn_x, along[:, None] - spawn_z)
    climate = _climate(tables, random, size, tuple(biomes))
    kinds = _jitter(random, climate, size)
    land = _shape_land(tables, random, kinds, distance, tuple(biomes))
    _add_ores(tables, random, land)
    around = distance <= tables.rules.world.spawn_clearing
    floor = _floors(tables, tuple(biomes))[kinds]
    land.surface[around] = floor[around]
    land.under[around] = _beneath(tables)[floor[around]]
    stride = size + 2 * MARGIN
    cells = _pad(land.surface, tables.bedrock)
    return Terrain(
        surface=cells,
        under=_pad(land.under, 0),
        biomes=climate.tobytes(),
        spawn=(spawn_z + MARGIN) * stride + spawn_x + MARGIN,
        mobs=_animals(tables, random, land, kinds, tuple(biomes), mob_density),
    )


def _spawn_point(tables: Tables, size: int) -> tuple[int, int]:
    """The middle; in a small world a corner, so that far ores still fit."""
    farthest = max((ore.distance for ore in tables.rules.ores.values() if ore.at_least), default=0)
    if size / 2 >= farthest + 12:
        return size // 2, size // 2
    return _CORNER, _CORNER


def _noise(random: np.random.Generator, size: int, *scales: int) -> Field:
    """Smooth noise with mean 0.5 and deviation 0.17; each scale (tiles a wave) weighs half the last."""
    total = np.zeros((size, size), dtype=np.float32)
    weight = np.float32(1)
    for scale in scales:
        lattice = random.random((size // scale + 2, size // scale + 2), dtype=np.float32)
        place = np.arange(size, dtype=np.float32) / np.float32(scale)
        low = place.astype(np.intp)
        part = place - low
        part = part * part * (3 - 2 * part)
        rows = lattice[low] * (1 - part)[:, None] + lattice[low + 1] * part[:, None]
        total += weight * (rows[:, low] * (1 - part) + rows[:, low + 1] * part)
        weight *= np.float32(0.5)
    spread = float(total.std()) or 1.0
    noise: Field = np.clip((total - total.mean()) * np.float32(0.17 / spread) + np.float32(0.5), 0, 1)
    return noise


def _climate(tables: Tables, random: np.random.Generator, size: int, biomes: tuple[str, ...]) -> Blocks:
    """The nearest biome in temperature and wetness, for each square of `BIOME_TILES` tiles."""
    squares = -(-size // BIOME_TILES)
    temperature = _noise(random, squares, 12, 5)
    wetness = _noise(random, squares, 12, 5)
    rules = [tables.rules.biomes[name] for name in biomes]
    gaps = [(temperature - biome.temperature) ** 2 + (wetness - biome.wetness) ** 2 for biome in rules]
    kinds: Blocks = np.argmin(np.stack(gaps), axis=0).astype(np.uint8)
    return kinds


def _jitter(random: np.random.Generator, climate: Blocks, size: int) -> Blocks:
    """Biomes for single tiles, with ragged borders instead of straight ones."""
    ragged = random.integers(0, BIOME_TILES, size=(size, size), dtype=np.uint8)
    last = climate.shape[0] - 1
    along = np.arange(size)
    rows = np.minimum((along[:, None] + ragged) // BIOME_TILES, last)
    columns = np.minimum((along[None, :] + ragged) // BIOME_TILES, last)
    kinds: Blocks = climate[rows, columns]
    return kinds


def _shape_land(
    tables: Tables, random: np.random.Generator, kinds: Blocks, distance: Field, biomes: tuple[str, ...]
) -> _Land:
    terrain, ids = tables.rules.terrain, tables.block_ids
    size = kinds.shape[0]
    rules = [tables.rules.biomes[name] for name in biomes]
    height = _noise(random, size, 36, 14, 6)
    height += np.array([biome.rock - biome.water for biome in rules], dtype=np.float32)[kinds]
    calm = np.exp(-((distance / 15) ** 2)).astype(np.float32)
    height = height * (1 - calm) + np.float32((terrain.rock_level + terrain.water_level) / 2) * calm
    shares = random.integers(0, _SHARES, size=kinds.shape, dtype=np.uint16)

    surface = _cover(tables, biomes)[kinds, shares]
    floor = _floors(tables, biomes)[kinds]
    under = np.where(surface == floor, _beneath(tables)[floor], floor)
    _add_leaves(tables, random, surface, under, floor)

    beach = height < terrain.beach.level
    sands = _shares_table(tables, terrain.beach.floors, ids[next(iter(terrain.beach.floors))])[shares]
    shore = _shares_table(tables, terrain.shore, 0)[random.integers(0, _SHARES, size=kinds.shape)]
    surface[beach] = np.where(shore, shore, sands)[beach]
    under[beach] = np.where(shore, sands, _beneath(tables)[sands])[beach]

    lake = height < terrain.water_level
    surface[lake] = _shares_table(tables, terrain.water_plants, ids[terrain.water])[shares][lake]
    bed = ids[next(iter(terrain.beach.floors))]
    under[lake] = np.where(surface == ids[terrain.water], bed, ids[terrain.water])[lake]

    rock = height > terrain.rock_level
    _shape_rock(tables, random, surface, under, rock)
    return _Land(surface, under, rock, distance)


def _shape_rock(
    tables: Tables, random: np.random.Generator, surface: Blocks, under: Blocks, rock: Mask
) -> None:
    terrain, ids = tables.rules.terrain, tables.block_ids
    depth = _depth(rock, max(terrain.deep_depth, terrain.lava_depth))
    pockets = _shares_table(tables, terrain.pockets, ids[terrain.rock])
    chunks = random.integers(0, _SHARES, size=(rock.shape[0] // 3 + 1,) * 2).repeat(3, 0).repeat(3, 1)
    kinds = pockets[chunks[: rock.shape[0], : rock.shape[1]]]
    kinds[(depth >= terrain.deep_depth) & (kinds == ids[terrain.rock])] = ids[terrain.deep_rock]
    surface[rock] = kinds[rock]
    under[rock] = ids[terrain.cave]
    cave = rock & (_noise(random, rock.shape[0], 9, 4) > terrain.cave_level)
    surface[cave] = ids[terrain.cave]
    pools = (
        cave
        & (depth >= terrain.lava_depth)
        & (random.random(rock.shape, dtype=np.float32) < terrain.lava_chance)
    )
    surface[pools] = ids[terrain.lava]


def _depth(rock: Mask, deepest: int) -> Blocks:
    """How many tiles each tile lies inside the rock, up to `deepest`; 0 outside."""
    depth = rock.astype(np.uint8)
    inside = rock
    for _ in range(deepest - 1):
        inside = (
            inside
            & _shift(inside, 0, 1)
            & _shift(inside, 0, -1)
            & _shift(inside, 1, 0)
            & _shift(inside, -1, 0)
        )
        depth += inside
    return depth


def _shift(mask: Mask, down: int, right: int) -> Mask:
    """The mask moved by one tile, repeating its edge."""
    padded = np.pad(mask, 1, mode="edge")
    height, width = mask.shape
    return padded[1 - down : 1 - down + height, 1 - right : 1 - right + width]


def _add_leaves(
    tables: Tables, random: np.random.Generator, surface: Blocks, under: Blocks, floor: Blocks
) -> None:
    leaves_of = np.zeros(256, dtype=np.uint8)
    for tree in tables.rules.trees.values():
        leaves_of[tables.block_ids[tree.log]] = tables.block_ids[tree.leaves]
    crowns = leaves_of[surface]
    chance = random.random(surface.shape, dtype=np.float32)
    for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        near = np.roll(crowns, (down, right), axis=(0, 1))
        grown = (near > 0) & (surface == floor) & (chance < 0.3)
        surface[grown] = near[grown]
        under[grown] = floor[grown]


def _add_ores(tables: Tables, random: np.random.Generator, land: _Land) -> None:
    ores, ids = tables.rules.ores, tables.block_ids
    terrain = tables.rules.terrain
    depth = _depth(land.rock, max((ore.depth for ore in ores.values()), default=1))
    hosts = [ids[name] for name in (terrain.rock, terrain.deep_rock, *terrain.pockets)]
    is_host = np.zeros(256, dtype=np.bool_)
    is_host[hosts] = True
    for name, ore in ores.items():
        allowed = is_host[land.surface] & (depth >= ore.depth) & (land.distance >= ore.distance)
        chance = random.random(allowed.shape, dtype=np.float32)
        seeds = allowed & (chance < ore.density)
        near = _shift(seeds, 0, 1) | _shift(seeds, 1, 0)
        land.surface[seeds | (near & allowed & (chance < ore.vein))] = ids[name]
    for name, ore in ores.items():
        while int((land.surface == ids[name]).sum()) < ore.at_least:
            _add_outcrop(tables, random, land, name)


def _add_outcrop(tables: Tables, random: np.random.Generator, land: _Land, name: str) -> None:
    """Raise a small hill of rock with the ore in its middle, where the land has too little of it."""
    ore, ids, terrain = tables.rules.ores[name], tables.block_ids, tables.rules.terrain
    radius, size = _OUTCROP_RADIUS, land.surface.shape[0]
    centres = land.distance >= ore.distance + 2
    centres[: radius + 1] = centres[-radius - 1 :] = False
    centres[:, : radius + 1] = centres[:, -radius - 1 :] = False
    ore_ids = [ids[other] for other in tables.rules.ores]
    centres &= ~np.isin(land.surface, ore_ids)
    places = np.flatnonzero(centres)
    if not len(places):
        raise ValueError(
            f"size {size} is too small for its ores: no room for {ore.at_least} {name} "
            f"{ore.distance:g} tiles or more from the spawn; "
            f"use a size of {int(2 * (ore.distance + 12))} or more"
        )
    nearer = places[np.argsort(land.distance.ravel()[places], kind="stable")[: max(1, len(places) // 3)]]
    z, x = divmod(int(nearer[int(random.integers(len(nearer)))]), size)
    along = np.arange(size)
    far = np.hypot(along[None, :] - x, along[:, None] - z)
    hill = (far <= radius) & ~np.isin(land.surface, ore_ids)
    land.surface[hill] = ids[terrain.rock]
    land.under[hill] = ids[terrain.cave]
    land.rock[hill] = True
    land.surface[far <= 1] = ids[name]


def _animals(
    tables: Tables,
    random: np.random.Generator,
    land: _Land,
    kinds: Blocks,
    biomes: tuple[str, ...],
    density: float,
) -> dict[int, int]:
    """Peaceful mobs on random tiles that suit them."""
    size = kinds.shape[0]
    wanted = int(size * size / tables.rules.world.tiles_per_mob * density)
    places = random.integers(0, size * size, size=wanted)
    draws = random.random(wanted)
    surfaces, climates = land.surface.ravel()[places].tolist(), kinds.ravel()[places].tolist()
    found = {}
    for place, draw, surface, climate in zip(
        places.tolist(), draws.tolist(), surfaces, climates, strict=True
    ):
        choices = habitants(tables, surface, biomes[climate], hostile=False)
        if not choices:
            continue
        mob_id = choices[int(draw * len(choices))]
        z, x = divmod(place, size)
        cell = (z + MARGIN) * (size + 2 * MARGIN) + x + MARGIN
        found[cell] = mob_id << 8 | tables.mob(mob_id).health
    return found


@lru_cache(maxsize=4096)
def habitants(tables: Tables, surface: int, biome: str, *, hostile: bool) -> tuple[int, ...]:
    """The mobs that may appear on this block in this biome, each as often as its weight says."""
    name = tables.block_names[surface]
    return tuple(
        tables.mob_ids[mob_name]
        for mob_name, mob in tables.rules.mobs.items()
        if mob.hostile == hostile and name in mob.on and (not mob.biomes or biome in mob.biomes)
        for _ in range(max(1, round(mob.weight)))
    )


def _pad(tiles: Blocks, border: int) -> bytearray:
    return bytearray(np.pad(tiles, MARGIN, constant_values=border).tobytes())


def _shares_table(tables: Tables, shares: dict[str, float], otherwise: int) -> Blocks:
    """A table from a random number below `_SHARES` to a block, each as often as its share."""
    table = np.full(_SHARES, otherwise, dtype=np.uint8)
    start = 0.0
    for name, share in shares.items():
        table[round(start * _SHARES) : round((start + share) * _SHARES)] = tables.block_ids[name]
        start += share
    return table


@lru_cache(maxsize=32)
def _cover(tables: Tables, biomes: tuple[str, ...]) -> Blocks:
    """For each biome, a table from a random number to the block on the surface."""
    rows = []
    for name in biomes:
        biome = tables.rules.biomes[name]
        logs = {tables.rules.trees[tree].log: share for tree, share in biome.trees.items()}
        rows.append(_shares_table(tables, {**logs, **biome.plants}, tables.block_ids[biome.floor]))
    return np.stack(rows)


@lru_cache(maxsize=32)
def _floors(tables: Tables, biomes: tuple[str, ...]) -> Blocks:
    return np.array([tables.block_ids[tables.rules.biomes[name].floor] for name in biomes], dtype=np.uint8)


@lru_cache(maxsize=8)
def _beneath(tables: Tables) -> Blocks:
    """For each block, the one that lies beneath it in the ground."""
    beneath = [tables.rules.blocks[name].beneath for name in tables.block_names]
    return np.array([0 if name is None else tables.block_ids[name] for name in beneath], dtype=np.uint8)
