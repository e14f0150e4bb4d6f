"""The mobs of each biome, and those of a new world."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fieldcraft.envs.gridworld.land import Land
from fieldcraft.envs.gridworld.tables import MARGIN, Tables


def animals(
    tables: Tables, random: np.random.Generator, land: Land, biomes: tuple[str, ...], density: float
) -> dict[int, int]:
    """Peaceful mobs on random tiles that suit them: each kind's least number, and the rest by chance.

    Returns:
        The state of the mob, `mob id << 8 | health`, by its cell.
    """
    if not density:
        return {}
    size = land.surface.shape[0]
    wanted = int(size * size / tables.rules.world.tiles_per_mob * density)
    places = random.integers(0, size * size, size=wanted)
    draws = random.random(wanted)
    surfaces, kinds = land.surface.ravel()[places].tolist(), land.kinds.ravel()[places].tolist()
    found: dict[int, int] = {}
    for place, draw, surface, kind in zip(places.tolist(), draws.tolist(), surfaces, kinds, strict=True):
        choices = habitants(tables, surface, biomes[kind], hostile=False)
        if choices:
            found[place] = choices[int(draw * len(choices))]
    _add_missing(tables, random, land, biomes, found)
    states = {}
    for place, mob_id in found.items():
        z, x = divmod(place, size)
        cell = (z + MARGIN) * (size + 2 * MARGIN) + x + MARGIN
        states[cell] = mob_id << 8 | tables.mob(mob_id).health
    return states


def _add_missing(
    tables: Tables, random: np.random.Generator, land: Land, biomes: tuple[str, ...], found: dict[int, int]
) -> None:
    """Bring every peaceful kind of mob up to the least number, in its biomes where these have room."""
    present = list(found.values())
    for mob_id, name in enumerate(tables.mob_names):
        mob = tables.rules.mobs[name]
        lacking = tables.rules.world.mobs_at_least - present.count(mob_id)
        if mob.hostile or lacking <= 0:
            continue
        stands = np.isin(land.surface, [tables.block_ids[block] for block in mob.on])
        stands.ravel()[list(found)] = False
        home = np.array([not mob.biomes or biome in mob.biomes for biome in biomes])[land.kinds]
        places = np.flatnonzero(stands & home)
        if len(places) < lacking:
            places = np.flatnonzero(stands)
        for place in random.choice(places, min(lacking, len(places)), replace=False).tolist():
            found[place] = mob_id


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
