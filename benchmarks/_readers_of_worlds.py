"""Readers of what worlds and their settings bring."""

from __future__ import annotations

import json
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from _reader import Opened, Reader

from fieldcraft.cli.errors import UsageProblem
from fieldcraft.cli.options.config import load_settings
from fieldcraft.envs.gridworld import GridWorld
from fieldcraft.envs.gridworld import snapshot as form
from fieldcraft.envs.gridworld.loading import RulesError, load_rules, read_text
from fieldcraft.envs.minecraft.errors import Lost
from fieldcraft.envs.minecraft.messages import BOT, PROGRAM, read_message
from fieldcraft.envs.minecraft.status import read_announcement
from fieldcraft.tools.toolformer.syntax.text import find, parse, strip, unfinished

SETTINGS = b"""model = "offline"
seed = 3
[budget]
iterations = 20
[options]
size = 48
[mcp.files]
command = "npx"
args = ["-y", "server"]
"""


@contextmanager
def _settings() -> Iterator[Reader]:
    with tempfile.TemporaryDirectory() as folder:
        before = Path.cwd()
        os.chdir(folder)

        def read(data: bytes) -> object:
            Path("fieldcraft.toml").write_bytes(data)
            return load_settings({})

        try:
            yield Reader([SETTINGS], read, (UsageProblem,))
        finally:
            os.chdir(before)


@contextmanager
def _rules() -> Iterator[Reader]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rules.json")

        def read(data: bytes) -> object:
            path.write_bytes(data)
            return load_rules(path)

        yield Reader([read_text(None).encode()], read, (RulesError,))


@contextmanager
def _snapshot() -> Iterator[Reader]:
    """What the JSON of a snapshot says, under a checksum that fits."""
    world = GridWorld()
    world.reset(seed=1, options={"size": 64})
    whole = world.snapshot()
    begin = form._HEADER.size
    magic, version, _, length, tiles = form._HEADER.unpack_from(whole)

    def read(data: bytes) -> object:
        content = data + whole[begin + length :]
        world.restore(form._HEADER.pack(magic, version, zlib.crc32(content), len(data), tiles) + content)
        return world.observe(), world.progress()

    yield Reader([whole[begin : begin + length]], read, (ValueError,))


@contextmanager
def _calls_in_text() -> Iterator[Reader]:
    """Tool calls in a text, as Toolformer writes them."""

    def read(data: bytes) -> object:
        text = data.decode(errors="replace")
        return parse(text), list(find(text)), strip(text), unfinished(text)

    seeds = [b"Of 1400, 400, or [calculator(400 / 1400) -> 0.29] 29%.", b'[search("a \\" b", k=2) -> x\\]y]']
    yield Reader(seeds, read)


@contextmanager
def _bridge() -> Iterator[Reader]:
    """Messages of a process that runs a JavaScript program, and of one that runs none."""
    answer = {"id": 3, "tick": 40, "walked": 1.5, "value": {"oak_log": 3, "more": [1, None]}}
    event = {"event": "chat", "tick": 4, "walked": 0, "name": "Ann", "text": "hi"}
    call = {"call": 1, "name": "print", "args": ["text", 3]}

    def read(data: bytes) -> object:
        with suppress(Lost):
            read_message(data, BOT)
        return read_message(data, PROGRAM)

    yield Reader([json.dumps(one).encode() for one in (answer, event, call)], read, (Lost,))


@contextmanager
def _status() -> Iterator[Reader]:
    """What a Minecraft server says of itself."""
    said = {"version": {"name": "Paper 1.20.4", "protocol": 765}, "players": {"max": 20, "online": 3}}
    yield Reader([json.dumps(said).encode()], read_announcement, (ValueError,))


WORLD_READERS: dict[str, Opened] = {
    "settings": _settings,
    "rules": _rules,
    "snapshot": _snapshot,
    "calls-in-text": _calls_in_text,
    "bridge": _bridge,
    "server-status": _status,
}
