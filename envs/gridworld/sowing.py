"""Add blocks of which the land has too few, so that every item is obtainable."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fieldcraft.envs.gridworld.land import Land, Mask, beneath
from fieldcraft.envs.gridworld.tables import Tables

_CLEAR_OF_SPAWN = 12


def add_scarce(tables: Tables, random: np.random.Generator, land: Land, biomes: tuple[str, ...]) -> None:
    """Bring every plant, log, ground, liquid and pocket of these biomes up to the least number of tiles."""
    least = tables.rules.terrain.at_least
    counts = np.bincount(land.surface.ravel(), minlength=256)
    for block, hosts in _wanted(tables, biomes):
        lacking = least - int(counts[tables.block_ids[block]])
        if lacking > 0:
            _sow(tables, random, land, block=block, count=lacking, hosts=hosts)


def _wanted(tables: Tables, biomes: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each block that a world of these biomes needs, with those that it may take the place of."""
    terrain, trees = tables.rules.terrain, tables.rules.trees
    rules = [tables.rules.biomes[name] for name in biomes]
    grounds = tuple(dict.fromkeys(biome.floor for biome in rules))
    every = tuple(dict.fromkeys((*grounds, *terrain.beach.floors)))
    for block in (*grounds, *terrain.beach.floors, terrain.water):
        yield block, tuple(ground for ground in every if ground != block)
    for block in terrain.water_plants:
        yield block, (terrain.water,)
    for block in (*terrain.pockets, terrain.lava, terrain.deep_rock):
        yield block, (terrain.deep_rock, terrain.rock) if block == terrain.lava else (terrain.rock,)
    for block in terrain.shore:
        yield block, tuple(terrain.beach.floors)
    for biome in rules:
        for block in (*(trees[tree].log for tree in biome.trees), *biome.plants):
            yield block, (biome.floor,)


def _sow(
    tables: Tables,
    random: np.random.Generator,
    land: Land,
    *,
    block: str,
    count: int,
    hosts: tuple[str, ...],
) -> None:
    """Put a block on random tiles of its hosts away from the spawn, or of any open ground."""
    ids = tables.block_ids
    away = land.distance > _CLEAR_OF_SPAWN
    open_ground = np.frombuffer(tables.walk, dtype=np.uint8)[land.surface] == tables.rules.world.step_ticks
    places = np.flatnonzero(away & np.isin(land.surface, [ids[host] for host in hosts]))
    if len(places) < count:
        places = np.flatnonzero(away & open_ground)
    chosen = random.choice(places, min(count, len(places)), replace=False)
    under = int(beneath(tables)[ids[block]])
    land.under.ravel()[chosen] = under if under else land.surface.ravel()[chosen]
    land.surface.ravel()[chosen] = ids[block]
    leaves = {tree.log: tree.leaves for tree in tables.rules.trees.values()}
    if block in leaves:
        sown = np.zeros(land.surface.shape, dtype=np.bool_)
        sown.ravel()[chosen] = True
        _add_crowns(land, sown, open_ground, ids[leaves[block]])


def _add_crowns(land: Land, sown: Mask, open_ground: Mask, leaves: int) -> None:
    """Leaves to the east and west of sown logs."""
    for step in (-1, 1):
        grown = np.roll(sown, step, axis=1) & open_ground & ~sown
        land.under[grown] = land.surface[grown]
        land.surface[grown] = leaves
