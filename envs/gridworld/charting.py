"""Draw the whole land from above for people, with a few pixels for each tile."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from fieldcraft.envs.gridworld.land import Mask, shift
from fieldcraft.envs.gridworld.tables import MARGIN, Tables
from fieldcraft.envs.gridworld.world import World
from fieldcraft.envs.types import Chart

_SIDE, _TILE = 1024, 8
"""The most pixels of a picture's side, and of a tile's."""
_SHADOW, _LIGHT = np.float32(0.8), np.float32(1.12)
_INSIDE = (slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
_SPAWN, _AGENT = (255, 255, 255), (232, 62, 52)

Colours = npt.NDArray[np.float32]


def chart(world: World, *, whole: bool) -> Chart:
    """The tiles that were ever seen, the others transparent; or all, with the spawn and the agent marked."""
    seen = world.seen_map[_INSIDE] > 0
    if whole:
        seen = np.ones_like(seen)
    rows, columns = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    tile = max(1, min(_TILE, _SIDE // max(seen[box].shape)))
    pixels = np.dstack([_ground(world), seen * np.uint8(255)])[box].repeat(tile, 0).repeat(tile, 1)
    picture = Image.fromarray(pixels)
    if whole:
        _mark(picture, world, world.spawn, tile, _SPAWN)
        if world.cell != world.spawn:
            _mark(picture, world, world.cell, tile, _AGENT)
    data = io.BytesIO()
    picture.save(data, "PNG", optimize=True)
    down, across = seen[box].shape
    return Chart(
        png=data.getvalue(), west=int(columns[0]), north=int(rows[0]), across=int(across), down=int(down)
    )


def _ground(world: World) -> npt.NDArray[np.uint8]:
    """Each tile in its block's colour, lit from the north-west where it stands above its neighbours."""
    colours, is_plant, is_high = _palette(world.tables)
    surface = world.surface_map[_INSIDE]
    under = np.frombuffer(world.under, dtype=np.uint8).reshape(world.surface_map.shape)[_INSIDE]
    shown = colours[surface]
    mixed = is_plant[surface][..., None]
    shown = np.where(mixed, (shown + colours[under]) / 2, shown)
    high = is_high[surface]
    north, west = shift(high, 1, 0), shift(high, 0, 1)
    in_shadow, lit = ~high & (north | west), high & ~(north & west)
    shown[in_shadow] *= _SHADOW
    shown[lit] *= _LIGHT
    return np.clip(shown, 0, 255).astype(np.uint8)


@lru_cache(maxsize=4)
def _palette(tables: Tables) -> tuple[Colours, Mask, Mask]:
    """Of each block: its colour, whether the ground shows beside it, and whether it stands above that."""
    blocks = [tables.rules.blocks[name] for name in tables.block_names]
    colours = [[int(block.color[at : at + 2], 16) for at in (1, 3, 5)] for block in blocks]
    plants = [bool(block.walk) and block.beneath is None and block.hardness == 0 for block in blocks]
    return (
        np.array(colours, dtype=np.float32),
        np.array(plants, dtype=np.bool_),
        np.array([not block.walk for block in blocks], dtype=np.bool_),
    )


def _mark(picture: Image.Image, world: World, cell: int, tile: int, colour: tuple[int, int, int]) -> None:
    """A ring on a cell, to be found on any ground."""
    row, column = divmod(cell, world.stride)
    x, y = ((place - MARGIN + 0.5) * tile for place in (column, row))
    pen = ImageDraw.Draw(picture)
    for radius, ink in ((13, (20, 20, 24)), (10, colour), (5, (20, 20, 24))):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)
