"""The land of a grid world: climate, heights, water, rock and caves, with what grows on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from fieldcraft.envs.gridworld.tables import Tables

Field: TypeAlias = npt.NDArray[np.float32]
Blocks: TypeAlias = npt.NDArray[np.uint8]
Mask: TypeAlias = npt.NDArray[np.bool_]

BIOME_TILES = 4
"""Biomes are kept for squares of this many tiles, as Minecraft does."""

_SHARES = 8192


@dataclass(frozen=True)
class Land:
    """The arrays that generation works on, unpadded, indexed [z, x].

    `rock` is 1 in the mountains, caves and all; `distance` counts tiles from the spawn; `kinds` holds
    the place of each tile's biome among the world's biomes.
    """

    surface: Blocks
    under: Blocks
    rock: Mask
    distance: Field
    kinds: Blocks


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


def climate_of(tables: Tables, random: np.random.Generator, size: int, biomes: tuple[str, ...]) -> Blocks:
    """The nearest biome in temperature and wetness, for each square of `BIOME_TILES` tiles.

    A biome that would have too few squares is given those that are nearest to its climate.
    """
    squares = -(-size // BIOME_TILES)
    temperature = _noise(random, squares, 12, 5) + np.float32(tables.rules.terrain.warmer)
    wetness = _noise(random, squares, 12, 5) + np.float32(tables.rules.terrain.wetter)
    rules = [tables.rules.biomes[name] for name in biomes]
    gaps = [(temperature - biome.temperature) ** 2 + (wetness - biome.wetness) ** 2 for biome in rules]
    kinds: Blocks = np.argmin(np.stack(gaps), axis=0).astype(np.uint8)
    least = min(tables.rules.terrain.biome_squares, squares * squares // len(biomes))
    given = np.zeros(kinds.shape, dtype=np.bool_)
    for kind, gap in enumerate(gaps):
        if int((kinds == kind).sum()) < least:
            nearest = np.argsort(np.where(given, np.inf, gap).ravel(), kind="stable")[:least]
            kinds.ravel()[nearest] = kind
            given.ravel()[nearest] = True
    return kinds


def jitter(random: np.random.Generator, climate: Blocks, size: int) -> Blocks:
    """Biomes for single tiles, with ragged borders instead of straight ones."""
    ragged = random.integers(0, BIOME_TILES, size=(size, size), dtype=np.uint8)
    last = climate.shape[0] - 1
    along = np.arange(size)
    rows = np.minimum((along[:, None] + ragged) // BIOME_TILES, last)
    columns = np.minimum((along[None, :] + ragged) // BIOME_TILES, last)
    kinds: Blocks = climate[rows, columns]
    return kinds


def shape_land(
    tables: Tables, random: np.random.Generator, kinds: Blocks, distance: Field, biomes: tuple[str, ...]
) -> Land:
    """The land of tiles whose biomes are `kinds`, calm around the spawn, without ores."""
    terrain, ids = tables.rules.terrain, tables.block_ids
    size = kinds.shape[0]
    rules = [tables.rules.biomes[name] for name in biomes]
    height = _noise(random, size, 36, 14, 6)
    height += np.array([biome.rock - biome.water for biome in rules], dtype=np.float32)[kinds]
    calm = np.exp(-((distance / 15) ** 2)).astype(np.float32)
    height = height * (1 - calm) + np.float32((terrain.rock_level + terrain.water_level) / 2) * calm
    shares = random.integers(0, _SHARES, size=kinds.shape, dtype=np.uint16)

    surface = _cover(tables, biomes)[kinds, shares]
    floor = floors(tables, biomes)[kinds]
    under = np.where(surface == floor, beneath(tables)[floor], floor)
    _add_leaves(tables, random, surface, under, floor)

    beach = height < terrain.beach.level
    sands = _shares_table(tables, terrain.beach.floors, ids[next(iter(terrain.beach.floors))])[shares]
    shore = _shares_table(tables, terrain.shore, 0)[random.integers(0, _SHARES, size=kinds.shape)]
    surface[beach] = np.where(shore, shore, sands)[beach]
    under[beach] = np.where(shore, sands, beneath(tables)[sands])[beach]

    lake = height < terrain.water_level
    surface[lake] = _shares_table(tables, terrain.water_plants, ids[terrain.water])[shares][lake]
    bed = ids[next(iter(terrain.beach.floors))]
    under[lake] = np.where(surface == ids[terrain.water], bed, ids[terrain.water])[lake]

    rock = height > terrain.rock_level
    _shape_rock(tables, random, surface, under, rock)
    return Land(surface, under, rock, distance, kinds)


def _shape_rock(
    tables: Tables, random: np.random.Generator, surface: Blocks, under: Blocks, rock: Mask
) -> None:
    terrain, ids = tables.rules.terrain, tables.block_ids
    deep = depth(rock, max(terrain.deep_depth, terrain.lava_depth))
    pockets = _shares_table(tables, terrain.pockets, ids[terrain.rock])
    chunks = random.integers(0, _SHARES, size=(rock.shape[0] // 3 + 1,) * 2).repeat(3, 0).repeat(3, 1)
    kinds = pockets[chunks[: rock.shape[0], : rock.shape[1]]]
    kinds[(deep >= terrain.deep_depth) & (kinds == ids[terrain.rock])] = ids[terrain.deep_rock]
    surface[rock] = kinds[rock]
    under[rock] = ids[terrain.cave]
    cave = rock & (_noise(random, rock.shape[0], 9, 4) > terrain.cave_level)
    surface[cave] = ids[terrain.cave]
    pools = (
        cave
        & (deep >= terrain.lava_depth)
        & (random.random(rock.shape, dtype=np.float32) < terrain.lava_chance)
    )
    surface[pools] = ids[terrain.lava]


def depth(rock: Mask, deepest: int) -> Blocks:
    """How many tiles each tile lies inside the rock, up to `deepest`; 0 outside."""
    deep = rock.astype(np.uint8)
    inside = rock
    for _ in range(deepest - 1):
        inside = (
            inside & shift(inside, 0, 1) & shift(inside, 0, -1) & shift(inside, 1, 0) & shift(inside, -1, 0)
        )
        deep += inside
    return deep


def shift(mask: Mask, down: int, right: int) -> Mask:
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
def floors(tables: Tables, biomes: tuple[str, ...]) -> Blocks:
    """For each biome, the block that its ground is made of."""
    return np.array([tables.block_ids[tables.rules.biomes[name].floor] for name in biomes], dtype=np.uint8)


@lru_cache(maxsize=8)
def beneath(tables: Tables) -> Blocks:
    """For each block, the one that lies beneath it in the ground."""
    beneath = [tables.rules.blocks[name].beneath for name in tables.block_names]
    return np.array([0 if name is None else tables.block_ids[name] for name in beneath], dtype=np.uint8)
