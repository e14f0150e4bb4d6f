"""Place ores in the rock, and raise hills for ores that the land has too few of."""

from __future__ import annotations

import numpy as np

from fieldcraft.envs.gridworld.land import Land, depth, shift
from fieldcraft.envs.gridworld.tables import Tables

_OUTCROP_RADIUS = 3


def add_ores(tables: Tables, random: np.random.Generator, land: Land) -> None:
    """Distribute the ores in the rock, and raise hills for those of which the rules require more.

    Raises:
        ValueError: the world is too small to hold them.
    """
    ores, ids = tables.rules.ores, tables.block_ids
    terrain = tables.rules.terrain
    deep = depth(land.rock, max((ore.depth for ore in ores.values()), default=1))
    hosts = [ids[name] for name in (terrain.rock, terrain.deep_rock, *terrain.pockets)]
    is_host = np.zeros(256, dtype=np.bool_)
    is_host[hosts] = True
    for name, ore in ores.items():
        allowed = is_host[land.surface] & (deep >= ore.depth) & (land.distance >= ore.distance)
        chance = random.random(allowed.shape, dtype=np.float32)
        seeds = allowed & (chance < ore.density)
        near = shift(seeds, 0, 1) | shift(seeds, 1, 0)
        land.surface[seeds | (near & allowed & (chance < ore.vein))] = ids[name]
    for name, ore in ores.items():
        while int((land.surface == ids[name]).sum()) < ore.at_least:
            _add_outcrop(tables, random, land, name)


def _add_outcrop(tables: Tables, random: np.random.Generator, land: Land, name: str) -> None:
    """Raise a hill of rock with the ore in its middle, as deep as the rules require."""
    ore, ids, terrain = tables.rules.ores[name], tables.block_ids, tables.rules.terrain
    radius, size = max(_OUTCROP_RADIUS, ore.depth), land.surface.shape[0]
    centres = land.distance >= ore.distance + 2
    centres[: radius + 1] = centres[-radius - 1 :] = False
    centres[:, : radius + 1] = centres[:, -radius - 1 :] = False
    ore_ids = [ids[other] for other in tables.rules.ores]
    centres &= ~np.isin(land.surface, ore_ids)
    places = np.flatnonzero(centres)
    if not len(places):
        enough = int(2 * (ore.distance + 12))
        cure = f"use a size of {enough} or more" if size < enough else "use a larger one, or rules with fewer"
        raise ValueError(
            f"size {size} is too small for its ores: no room for {ore.at_least} {name} "
            f"{ore.distance:g} tiles or more from the spawn; {cure}"
        )
    nearer = places[np.argsort(land.distance.ravel()[places], kind="stable")[: max(1, len(places) // 3)]]
    z, x = divmod(int(nearer[int(random.integers(len(nearer)))]), size)
    along = np.arange(size)
    far = np.hypot(along[None, :] - x, along[:, None] - z)
    hill = (far <= radius) & ~np.isin(land.surface, ore_ids)
    land.surface[hill] = ids[terrain.rock]
    land.under[hill] = ids[terrain.cave]
    land.rock[hill] = True
    land.surface[hill & (far <= 1)] = ids[name]
