"""A picture of the world from above: shaded tiles, creatures, the unseen dark, and what is carried."""

from __future__ import annotations

import colorsys
import io
from functools import lru_cache
from hashlib import sha256

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from fieldcraft.envs.gridworld.rules import Block
from fieldcraft.envs.gridworld.tables import Tables
from fieldcraft.envs.gridworld.view import time_of_day
from fieldcraft.envs.gridworld.world import World

_TILE = 24
_ACROSS, _DOWN = 12, 8
_PANEL = 92
_SLOT = 40
_DARK = (18, 20, 28)
_NIGHT = np.array([0.42, 0.48, 0.78], dtype=np.float32)
_TEXTURES = 4

Shades = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw(world: World) -> bytes:
    """A PNG of 25 by 17 tiles around the agent with a panel below; reads the world and changes nothing."""
    image = Image.fromarray(_tint(world, _tiles(world)))
    canvas = Image.new("RGB", (image.width, image.height + _PANEL), _DARK)
    canvas.paste(image)
    pen = ImageDraw.Draw(canvas)
    _draw_mobs(world, pen)
    _draw_agent(pen)
    _draw_panel(world, pen, image.height)
    data = io.BytesIO()
    canvas.save(data, "PNG")
    return data.getvalue()


def _tiles(world: World) -> Pixels:
    """The ground as pixels; what was never seen is dark, what is out of view is dimmed."""
    textures = _textures(world.tables)
    pixels = np.empty(((2 * _DOWN + 1) * _TILE, (2 * _ACROSS + 1) * _TILE, 3), dtype=np.uint8)
    view = world.tables.rules.world.view_radius
    for down in range(-_DOWN, _DOWN + 1):
        for right in range(-_ACROSS, _ACROSS + 1):
            cell = world.cell + down * world.stride + right
            top, left = (down + _DOWN) * _TILE, (right + _ACROSS) * _TILE
            square = pixels[top : top + _TILE, left : left + _TILE]
            if not world.seen[cell]:
                square[:] = _DARK
                continue
            block = world.surface[cell]
            texture = textures[block, (cell * 2654435761 >> 7) % _TEXTURES]
            ground = textures[world.under[cell], (cell * 40503 >> 3) % _TEXTURES]
            square[:] = np.where(texture[..., 3:] > 0, texture[..., :3], ground[..., :3])
            _shade_edges(world, square, cell)
            if max(abs(down), abs(right)) > view:
                square[:] = square // 8 * 5
    return pixels


def _shade_edges(world: World, square: Pixels, cell: int) -> None:
    """A shadow on the ground south and east of what stands up."""
    walk = world.tables.walk
    if not walk[world.surface[cell]]:
        return
    if not walk[world.surface[cell - world.stride]]:
        square[:5] = square[:5] // 8 * 5
    if not walk[world.surface[cell - 1]]:
        square[:, :3] = square[:, :3] // 8 * 6


@lru_cache(maxsize=4)
def _textures(tables: Tables) -> Pixels:
    """Some variants of each block as RGBA, drawn from its color and a hash of its name."""
    names = tables.block_names
    textures = np.zeros((len(names), _TEXTURES, _TILE, _TILE, 4), dtype=np.uint8)
    for index, name in enumerate(names):
        for variant in range(_TEXTURES):
            seed = int.from_bytes(sha256(f"{name}/{variant}".encode()).digest()[:8], "big")
            textures[index, variant] = _texture(
                tables.rules.blocks[name], seed, ore=name in tables.rules.ores
            )
    return textures


def _texture(block: Block, seed: int, *, ore: bool) -> Pixels:
    random = np.random.Generator(np.random.PCG64(seed))
    color = np.array(_rgb(block.color), dtype=np.float32)
    grain = random.normal(0, 1, (_TILE // 3, _TILE // 3)).astype(np.float32).repeat(3, 0).repeat(3, 1)
    pixels = np.empty((_TILE, _TILE, 4), dtype=np.uint8)
    if block.walk and block.beneath is None and block.hardness == 0 and block.takes is None:
        pixels[..., :3] = np.clip(color + 14 * grain[..., None], 0, 255)
        pixels[..., 3] = _tuft(random)
        return pixels
    strength = 5 if block.walk else 11
    shaded: Shades = color + strength * grain[..., None]
    if not block.walk:
        shaded[:3] += 26
        shaded[:, :2] += 14
        shaded[-3:] -= 30
        shaded[:, -2:] -= 18
        if ore:
            shaded = _speckle(random, shaded, color)
    elif block.takes is not None:
        rows = (np.arange(_TILE) + int(random.integers(8))) % 8
        shaded[rows == 0, 4:-6] += 20
    pixels[..., :3] = np.clip(shaded, 0, 255)
    pixels[..., 3] = 255
    return pixels


def _speckle(random: np.random.Generator, shaded: Shades, color: Shades) -> Shades:
    """Lumps of the ore's color in grey rock."""
    rock = np.float32(118) + (shaded - color)
    for _ in range(6):
        row, column = (int(place) for place in random.integers(3, _TILE - 7, size=2))
        rock[row : row + 5, column : column + 5] = color + 8
        rock[row + 4, column : column + 5] -= 40
    return rock.astype(np.float32)


def _tuft(random: np.random.Generator) -> Pixels:
    """The mask of a small plant: some blades with a crown."""
    mask = np.zeros((_TILE, _TILE), dtype=np.uint8)
    for _ in range(5):
        column, top = int(random.integers(5, _TILE - 6)), int(random.integers(6, 13))
        mask[top:-4, column : column + 2] = 255
        mask[top : top + 4, column - 1 : column + 3] = 255
    return mask


def _tint(world: World, pixels: Pixels) -> Pixels:
    """Blue at night, with dusk and dawn between."""
    constants = world.tables.rules.world
    now = world.tick % constants.day_ticks
    fade = 1500
    dark = min(max((now - constants.night_start + fade) / fade, 0), 1)
    dark *= min(max((constants.night_end + fade - now) / fade, 0), 1)
    tinted = pixels * (1 - dark * (1 - _NIGHT))
    return tinted.astype(np.uint8)


def _draw_mobs(world: World, pen: ImageDraw.ImageDraw) -> None:
    for cell in world.mob_cells(world.tables.rules.world.view_radius):
        row, column = divmod(cell, world.stride)
        own_row, own_column = divmod(world.cell, world.stride)
        left = (column - own_column + _ACROSS) * _TILE
        top = (row - own_row + _DOWN) * _TILE
        mob = world.tables.mob(world.mobs[cell] >> 8)
        _draw_creature(pen, left, top, _rgb(mob.color), angry=mob.hostile)


def _draw_creature(
    pen: ImageDraw.ImageDraw, left: int, top: int, color: tuple[int, int, int], *, angry: bool
) -> None:
    size = _TILE
    pen.ellipse((left + 3, top + size - 7, left + size - 3, top + size - 1), fill=(0, 0, 0))
    body, outline = (left + 3, top + 4, left + size - 4, top + size - 4), _darker(color)
    pen.rounded_rectangle(body, 6, fill=color, outline=outline, width=2)
    eyes = (225, 40, 40) if angry else (25, 25, 30)
    for x in (left + 8, left + size - 11):
        pen.rectangle((x, top + 9, x + 2, top + 12), fill=eyes)


def _draw_agent(pen: ImageDraw.ImageDraw) -> None:
    left, top = _ACROSS * _TILE, _DOWN * _TILE
    middle = left + _TILE // 2
    pen.ellipse((left + 3, top + _TILE - 6, left + _TILE - 3, top + _TILE), fill=(0, 0, 0))
    pen.rounded_rectangle((left + 5, top + 10, left + _TILE - 6, top + _TILE - 2), 4, fill=(32, 150, 160))
    pen.ellipse((middle - 7, top, middle + 6, top + 13), fill=(235, 190, 150), outline=(60, 40, 30), width=1)
    pen.pieslice((middle - 7, top - 1, middle + 6, top + 12), 180, 360, fill=(84, 54, 32))
    for x in (middle - 4, middle + 2):
        pen.rectangle((x, top + 7, x + 1, top + 9), fill=(30, 30, 40))


def _draw_panel(world: World, pen: ImageDraw.ImageDraw, top: int) -> None:
    """Health, hunger and place in one line, then the inventory in slots."""
    constants = world.tables.rules.world
    for index in range(10):
        left = 10 + 16 * index
        _pip(pen, left, top + 10, (222, 58, 58), world.health * 10 / constants.health - index)
        _pip(pen, left + 176, top + 10, (214, 150, 70), world.hunger * 10 / constants.hunger - index)
    day = 1 + world.tick // constants.day_ticks
    place = world.position(world.cell)
    text = f"day {day}, {time_of_day(world)}   {world.biome(world.cell)}   ({place.x:g}, {place.z:g})"
    pen.text((370, top + 9), text, fill=(205, 210, 220), font=_font(13))
    slots = (2 * _ACROSS + 1) * _TILE // (_SLOT + 2)
    items = sorted(
        world.inventory.counts.items(), key=lambda pair: (-world.reached.items.get(pair[0], 0), pair[0])
    )
    for index in range(slots):
        left = 7 + index * (_SLOT + 2)
        box = (left, top + 36, left + _SLOT, top + 36 + _SLOT)
        pen.rounded_rectangle(box, 4, fill=(44, 47, 58), outline=(78, 82, 96))
        if index < len(items):
            _draw_item(world.tables, pen, left, top + 36, *items[index])


def _pip(pen: ImageDraw.ImageDraw, left: int, top: int, color: tuple[int, int, int], filled: float) -> None:
    pen.ellipse((left, top, left + 12, top + 12), fill=(52, 54, 64))
    if filled > 0:
        pen.pieslice((left, top, left + 12, top + 12), 90, 90 + 360 * min(filled, 1), fill=color)


def _draw_item(tables: Tables, pen: ImageDraw.ImageDraw, left: int, top: int, name: str, count: int) -> None:
    """A swatch for a block, a disc for anything else, with the initials and the count."""
    block = tables.placeable.get(name)
    color = _rgb(tables.rules.blocks[block].color) if block else _name_color(name)
    box = (left + 8, top + 5, left + _SLOT - 8, top + _SLOT - 11)
    if block:
        pen.rounded_rectangle(box, 3, fill=color, outline=_darker(color), width=2)
    else:
        pen.ellipse(box, fill=color, outline=_darker(color), width=2)
    initials = "".join(word[0] for word in name.split("_"))[:2].upper()
    light = sum(color) > 380
    place = (left + _SLOT // 2, top + 17)
    pen.text(place, initials, fill=(20, 20, 24) if light else (240, 240, 245), font=_font(11), anchor="mm")
    if count > 1:
        corner = (left + _SLOT - 3, top + _SLOT - 1)
        pen.text(corner, str(count), fill=(250, 250, 250), font=_font(12), anchor="rb")


@lru_cache(maxsize=8)
def _font(size: int) -> Font:
    return ImageFont.load_default(size)


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _darker(color: tuple[int, int, int]) -> tuple[int, int, int]:
    return color[0] * 6 // 10, color[1] * 6 // 10, color[2] * 6 // 10


def _name_color(name: str) -> tuple[int, int, int]:
    """A steady color for an item that is no block."""
    hue = sha256(name.encode()).digest()[0] / 255
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.45, 0.85)
    return int(red * 255), int(green * 255), int(blue * 255)
