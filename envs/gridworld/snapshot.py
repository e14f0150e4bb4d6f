"""A grid world as bytes and back: a versioned header, a checksum, JSON, tiles and mobs."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

import numpy as np

from fieldcraft.envs.gridworld.options import Options, read_options
from fieldcraft.envs.gridworld.tables import MARGIN, Tables
from fieldcraft.envs.gridworld.terrain import BIOME_TILES, Terrain
from fieldcraft.envs.gridworld.world import Life, World

_MAGIC = b"FCGRID"
_VERSION = 2
_HEADER = struct.Struct("<6sHIII")
"""Magic, version, CRC-32 of what follows the header, length of the JSON, length of the tiles."""


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
    if current is not None and memory["rules"] == current.tables.digest:
        options, tables = Options.model_construct(**_tupled(memory["options"])), current.tables
    else:
        options, tables = read_options(memory["options"])
        if tables.digest != memory["rules"]:
            raise ValueError(
                "the rules file has changed since the snapshot was taken; give its old rules file"
            )
    return _rebuild(memory, tiles, options, tables)


def _tupled(options: dict[str, Any]) -> dict[str, Any]:
    return {**options, "biomes": tuple(options["biomes"])}


def _unpack(snapshot: bytes) -> tuple[dict[str, Any], memoryview]:
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
    memory: dict[str, Any] = json.loads(bytes(content[:memory_length]))
    return memory, content[memory_length:]


def _rebuild(memory: dict[str, Any], tiles: memoryview, options: Options, tables: Tables) -> World:
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
        spawn=memory["spawn"],
        mobs=dict(zip(*np.frombuffer(mobs, dtype="<u4").reshape(2, -1).tolist(), strict=True)),
    )
    packed = np.frombuffer(tiles[2 * cells : 2 * cells + bits], dtype=np.uint8)
    seen = bytearray(np.unpackbits(packed, count=cells))
    world = World(tables, options, memory["seed"], terrain, seen=seen)
    for name in ("cell", "tick", "next_second", "dice", "health", "hunger", "events", "last_death"):
        setattr(world, name, memory[name])
    world.inventory.counts = memory["counts"]
    world.inventory.wear = memory["wear"]
    world.inventory.equipment = memory["equipment"]
    for name in ("chests", "furnaces", "growing"):
        setattr(world, name, dict(memory[name]))
    world.life = Life(**memory["life"])
    return world
