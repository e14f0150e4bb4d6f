"""Shared: a Minecraft server of our own, and a world on it. Without Node they skip, except in CI."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from machine import lacking

from fieldcraft.envs.minecraft import MinecraftWorld
from fieldcraft.envs.minecraft.errors import CannotPlay
from fieldcraft.envs.minecraft.packages import find_node, find_packages
from fieldcraft.skills.sandbox import process_launcher

sys.path.insert(0, str(Path(__file__).parent))

from hostile import Attack, attacker
from minecraft_server import FixtureServer, missing

NAME = "Tester"
VERSIONS = ("1.20.4", "1.21.4")


@pytest.fixture(scope="session", autouse=True)
def _playable() -> None:
    if problem := missing():
        lacking(problem)
    try:
        find_node()
    except CannotPlay:
        lacking("Node.js")
    try:
        find_packages()
    except CannotPlay:
        lacking("Node packages")


@pytest.fixture(scope="module")
def server() -> Iterator[FixtureServer]:
    """A server of the main version, shared by a file's tests."""
    with FixtureServer(VERSIONS[0]) as running:
        yield running


@pytest.fixture(scope="module")
def shared_world(server: FixtureServer) -> Iterator[MinecraftWorld]:
    """A bot on it."""
    world = MinecraftWorld(process_launcher())
    try:
        world.reset(seed=0, options={"port": server.port, "username": NAME})
        yield world
    finally:
        world.close()


@pytest.fixture
def world(server: FixtureServer, shared_world: MinecraftWorld) -> MinecraftWorld:
    """The bot with empty hands in the middle of the arena, which is as it was at first.

    The server empties them: a bot whose hands are empty already does
    not see when its own `/clear` is obeyed, which may be after a
    test has given it something.
    """
    server.ask("clearMobs")
    server.ask("arena")
    shared_world.reset(seed=0, options={"port": server.port, "username": NAME, "position": "0.5,5,0.5"})
    server.ask("clear", name=NAME)
    _wait(shared_world, lambda held: not held, "the bot's hands are never empty")
    return shared_world


@pytest.fixture
def give(server: FixtureServer, world: MinecraftWorld) -> Callable[..., None]:
    """Puts items into the bot's hands, on the server's side: `give(oak_log=3)`."""

    def put(**items: Any) -> None:
        for item, count in items.items():
            server.ask("give", name=NAME, item=item, count=count)
        _wait(
            world,
            lambda held: all(held.get(item, 0) >= count for item, count in items.items()),
            f"the bot never saw {items}",
        )

    return put


@pytest.fixture
def attack(world: MinecraftWorld) -> Attack:
    """Runs a hostile JavaScript program."""
    return attacker(world)


def _wait(world: MinecraftWorld, seen: Callable[[dict[str, int]], bool], otherwise: str) -> None:
    """Wait until what the bot holds is as it should be: the server's side was changed behind its back."""
    for _ in range(1000):
        if seen(world.inventory()):
            return
        world.wait(1)
    raise AssertionError(f"{otherwise}: it holds {world.inventory()}")
