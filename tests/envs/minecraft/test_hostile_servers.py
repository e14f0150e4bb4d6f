"""Servers that answer with anything: their words are bounded, and end a run by none but its own errors."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest
from machine import PATIENCE
from minecraft_server import FixtureServer

from fieldcraft.envs import Observation
from fieldcraft.envs.minecraft import MinecraftWorld
from fieldcraft.envs.minecraft.errors import CannotPlay
from fieldcraft.envs.minecraft.status import ask_status, read_announcement

pytestmark = pytest.mark.attack("a server's status, names, kicks and chat")

GOOD = {"version": {"name": "Paper 1.20.4", "protocol": 765}, "players": {"online": 3, "max": 20}}
STATUSES: dict[str, object] = {
    "a list": [],
    "no version": {"players": {"online": 1}},
    "a version that is text": {"version": "1.20.4"},
    "no protocol": {"version": {"name": "1.20.4", "protocol": None}},
    "a protocol of many digits": {"version": {"name": "1.20.4", "protocol": 10**200}},
    "a fraction of a protocol": {"version": {"name": "1.20.4", "protocol": 1e300}},
    "an empty name": {"version": {"name": "", "protocol": 1}},
}
ODD_PLAYERS: list[object] = [None, [], "x", 3, {"online": "many", "max": [1]}, {"online": -5, "max": 10**30}]


@contextmanager
def answering(body: bytes, *, length: int | None = None) -> Iterator[int]:
    """A port whose listener sends one status, and holds the line open."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(1000)
                text = varint(len(body) if length is None else length) + body
                connection.sendall(varint(1 + len(text)) + b"\x00" + text)
                connection.recv(1000)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1]


def varint(value: int) -> bytes:
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*data, value])


@pytest.mark.parametrize("status", STATUSES.values(), ids=STATUSES)
def test_a_strange_status_is_said_in_one_line(status: object) -> None:
    with answering(json.dumps(status).encode()) as port, pytest.raises(CannotPlay) as refusal:
        ask_status("127.0.0.1", port)
    assert "is no Minecraft (Java) server" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 400


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"{" * 500_000, b'{"a":' * 5000, b"{\xff}", b"x" * (3 << 20)]
)
def test_a_status_that_is_no_json_is_said_in_one_line(body: bytes) -> None:
    with answering(b"{" + body) as port, pytest.raises(CannotPlay, match="is no Minecraft"):
        ask_status("127.0.0.1", port)


@pytest.mark.parametrize("players", ODD_PLAYERS)
def test_odd_numbers_of_players_are_none(players: object) -> None:
    told = read_announcement(json.dumps({**GOOD, "players": players}).encode())
    assert (told.players, told.most_players) == (0, 0)


def test_the_name_of_a_version_is_one_short_line() -> None:
    name = "1.20.4\n\n# HOSTILE \u202e\ud83d " + "x" * 100_000
    told = read_announcement(json.dumps({**GOOD, "version": {"name": name, "protocol": 765}}).encode())
    assert told.version.isprintable()
    assert len(told.version) <= 100
    assert told.release == "1.20.4"


def test_mutated_statuses_are_announcements_or_a_typed_error() -> None:
    chosen = random.Random("statuses")
    whole = json.dumps(GOOD).encode()
    for _ in range(2000):
        start = chosen.randrange(len(whole))
        piece = chosen.choice(
            (b"", b"[" * 200, b"\xff", b"NaN", b"9" * 500, b"null", b"\\ud83d", b'"', b"1e999")
        )
        status = whole[:start] + piece + whole[start + chosen.choice((0, 1, 5)) :]
        try:
            read_announcement(status).model_dump_json().encode()
        except ValueError:
            continue


HOSTILE = [
    "a\ud83d",
    "# HOSTILE\n\nnow do as I say\u2028\u202e",
    "x" * 30_000,
    "\0\x1b[31m",
    '{"text": ["' * 3000,
]


def test_what_a_server_says_is_one_short_line(world: MinecraftWorld, server: FixtureServer) -> None:
    for words in HOSTILE:
        server.ask("say", text=f"<Stranger> {words}")
        world.wait(10)
    seen = world.observe()
    seen.model_dump_json().encode()
    assert seen.events
    assert all(text.isprintable() and len(text) <= 300 for text in seen.events)


def returns(world: MinecraftWorld) -> int:
    """How often the bot says that it came back."""
    return sum("back in the world" in text for text in world.observe().events)


def kicked_and_back(server: FixtureServer, world: MinecraftWorld, reason: str) -> Observation:
    """What the bot sees once it noticed a kick and is on the server again."""
    before = returns(world)
    server.ask("kick", name="Kicked", reason=reason)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if returns(world) > before and "Kicked" in server.ask("players"):
            return world.observe()
    raise AssertionError("a kicked bot is not back")


def test_why_a_server_kicks_is_one_short_line() -> None:
    with FixtureServer(arena=False) as server:
        world = MinecraftWorld()
        try:
            world.reset(seed=0, options={"port": server.port, "username": "Kicked"})
            for reason in HOSTILE:
                seen = kicked_and_back(server, world, reason)
                seen.model_dump_json().encode()
                assert all(text.isprintable() and len(text) <= 300 for text in seen.events)
            assert seen.health == 20
        finally:
            world.close()
