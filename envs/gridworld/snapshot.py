"""Save and load a grid world: a versioned header, a checksum, JSON, tiles and mobs."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fieldcraft.envs.gridworld.nature import pass_second
from fieldcraft.envs.gridworld.options import LARGEST, SMALLEST, Options, read_options
from fieldcraft.envs.gridworld.tables import MARGIN, Tables
from fieldcraft.envs.gridworld.terrain import BIOME_TILES, Terrain
from fieldcraft.envs.gridworld.world import SECOND, Reached, World

_MAGIC = b"FCGRID"
_VERSION = 2
_HEADER = struct.Struct("<6sHIII")
"""Magic, version, CRC-32 of what follows the header, length of the JSON, length of the tiles."""

_MOST_MEMORY = 64_000_000
"""The most bytes of the JSON."""

_Number = Annotated[int, Field(ge=0, lt=1 << 63)]
_Counts = dict[str, _Number]


class _Life(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    items: _Counts
    milestones: _Counts
    killed: _Counts
    placed: _Counts
    mined: _Counts = {}
    gained: _Counts = {}
    distance: _Number
    deaths: _Number


class _Memory(BaseModel):
    """The JSON of a snapshot, as `World.memory` gives it."""

    model_config = ConfigDict(strict=True, extra="forbid")

    seed: Annotated[int, Field(gt=-(1 << 63), lt=1 << 64)]
    rules: str
    options: Options
    cell: _Number
    spawn: _Number
    tick: _Number
    next_second: _Number
    dice: Annotated[int, Field(ge=0, lt=1 << 64)]
    health: _Number
    hunger: _Number
    counts: _Counts
    wear: _Counts
    equipment: dict[str, str]
    chests: list[tuple[_Number, _Counts]]
    furnaces: list[tuple[_Number, int]]
    growing: list[tuple[_Number, _Number]]
    placed: list[_Number] = []
    life: _Life
    events: list[str]
    losses: list[tuple[_Number, str]] = []
    known: list[str] = []
    last_death: str


def body(world: World) -> bytes:
    """The whole state: JSON and tiles. Equal worlds have equal bodies."""
    return b"".join(_parts(world))


def save(world: World) -> bytes:
    """The snapshot of a world."""
    memory, *tiles = _parts(world)
    checksum = zlib.crc32(memory)
    for part in tiles:
        checksum = zlib.crc32(part, checksum)
    header = _HEADER.pack(_MAGIC, _VERSION, checksum, len(memory), sum(map(len, tiles)))
    return b"".join((header, memory, *tiles))


def _parts(world: World) -> tuple[bytes | bytearray, ...]:
    """JSON, surface, under, seen as bits, biomes, and of the mobs the cells, then the states."""
    memory = json.dumps(world.memory(), separators=(",", ":")).encode()
    seen = np.packbits(world.seen_map).tobytes()
    mobs = struct.pack(f"<{2 * len(world.mobs)}I", *world.mobs, *world.mobs.values())
    return memory, world.surface, world.under, seen, world.biomes, mobs


def load(snapshot: bytes, current: World | None) -> World:
    """The world of a snapshot.

    Args:
        snapshot: what `save` returned.
        current: a world whose rules are used again if they are the snapshot's.

    Raises:
        ValueError: the bytes are no snapshot, of another version, damaged, or of rules that are gone.
    """
    memory, tiles = _unpack(snapshot)
    options = memory.options
    if current is not None and memory.rules == current.tables.digest:
        tables = current.tables
    else:
        options, tables = read_options(options.model_dump())
        if tables.digest != memory.rules:
            raise ValueError(
                "the rules file has changed since the snapshot was taken; give its old rules file"
            )
    if not SMALLEST <= options.size <= LARGEST:
        raise ValueError("damaged snapshot: no world has its size")
    return _rebuild(memory, tiles, options, tables)


def _unpack(snapshot: bytes) -> tuple[_Memory, memoryview]:
    if len(snapshot) < _HEADER.size:
        raise ValueError("not a snapshot of a grid world: too short")
    magic, version, checksum, memory_length, tiles_length = _HEADER.unpack_from(snapshot)
    if magic != _MAGIC:
        raise ValueError("not a snapshot of a grid world")
    if version != _VERSION:
        raise ValueError(f"snapshot of format {version}; this version reads format {_VERSION}")
    content = memoryview(snapshot)[_HEADER.size :]
    if len(content) != memory_length + tiles_length:
        raise ValueError("damaged snapshot: it has been cut short or added to")
    if zlib.crc32(content) != checksum:
        raise ValueError("damaged snapshot: the checksum does not match")
    if memory_length > _MOST_MEMORY:
        raise ValueError(f"damaged snapshot: it remembers more than {_MOST_MEMORY:,} bytes")
    try:
        memory = _Memory.model_validate_json(bytes(content[:memory_length]))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])[:100]
        raise ValueError(f"damaged snapshot: its memory is not one of a grid world ({where})") from None
    return memory, content[memory_length:]


def _rebuild(memory: _Memory, tiles: memoryview, options: Options, tables: Tables) -> World:
    cells = (options.size + 2 * MARGIN) ** 2
    squares = (-(-options.size // BIOME_TILES)) ** 2
    bits = -(-cells // 8)
    mobs = tiles[2 * cells + bits + squares :]
    if len(tiles) < 2 * cells + bits + squares or len(mobs) % 8:
        raise ValueError("damaged snapshot: the tiles do not fit the size of the world")
    terrain = Terrain(
        surface=bytearray(tiles[:cells]),
        under=bytearray(tiles[cells : 2 * cells]),
        biomes=bytes(tiles[2 * cells + bits : 2 * cells + bits + squares]),
        spawn=memory.spawn,
        mobs=dict(zip(*np.frombuffer(mobs, dtype="<u4").reshape(2, -1).tolist(), strict=True)),
    )
    if not _is_sound(memory, tiles[: 2 * cells], terrain, options, tables):
        raise ValueError("damaged snapshot: it holds what no world of its rules can hold")
    packed = np.frombuffer(tiles[2 * cells : 2 * cells + bits], dtype=np.uint8)
    seen = bytearray(np.unpackbits(packed, count=cells))
    world = World(tables, options, memory.seed, terrain, pass_second=pass_second, seen=seen)
    for name in ("cell", "tick", "next_second", "dice", "health", "hunger", "events", "losses", "last_death"):
        setattr(world, name, getattr(memory, name))
    world.inventory.counts = memory.counts
    world.inventory.wear = memory.wear
    world.inventory.equipment = memory.equipment
    for name in ("chests", "furnaces", "growing"):
        setattr(world, name, dict(getattr(memory, name)))
    world.placed, world.known = set(memory.placed), set(memory.known)
    world.reached = Reached(**vars(memory.life))
    return world


def _is_sound(
    memory: _Memory, blocks: memoryview, terrain: Terrain, options: Options, tables: Tables
) -> bool:
    """Whether all places lie inside, and all blocks, mobs, items and biomes are those of the rules."""
    stride, end = options.size + 2 * MARGIN, MARGIN + options.size
    places = [memory.cell, memory.spawn, *memory.placed]
    places += [cell for part in (memory.chests, memory.furnaces, memory.growing) for cell, _ in part]
    rows, columns = np.divmod(np.array([*places, *terrain.mobs]), stride)
    held = {*memory.counts, *memory.wear, *memory.equipment.values()}
    held = held.union(*(contents for _, contents in memory.chests))
    return (
        bool(min(rows.min(), columns.min()) >= MARGIN and max(rows.max(), columns.max()) < end)
        and int(np.frombuffer(blocks, dtype=np.uint8).max()) < len(tables.block_names)
        and max(terrain.mobs.values(), default=0) >> 8 < len(tables.mob_names)
        and max(terrain.biomes) < len(options.biomes)
        and tables.rules.biomes.keys() >= set(options.biomes)
        and held <= tables.rules.items.keys()
        and memory.tick < memory.next_second <= memory.tick + SECOND
    )
