"""Servers that cannot be entered, machines that lack something, options that make no sense: one line each."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from minecraft_server import FixtureServer

from fieldcraft.envs import Position, PrimitiveError
from fieldcraft.envs.minecraft import MinecraftWorld, packages
from fieldcraft.envs.minecraft.errors import CannotPlay


@pytest.fixture
def fresh() -> Iterator[MinecraftWorld]:
    world = MinecraftWorld()
    yield world
    world.close()


def refused(world: MinecraftWorld, **options: object) -> str:
    with pytest.raises(CannotPlay) as refusal:
        world.reset(seed=0, options=options)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prot": 1}, "unknown option 'prot'; did you mean 'port'"),
        ({"port": 0}, "option port"),
        ({"username": "a name"}, "option username"),
        ({"auth": "google"}, "option auth"),
        ({"inventory": "{"}, "option inventory"),
        ({"version": 1.2}, "option version: write it as text"),
        ({"position": [1, 2]}, "option position: give three numbers, such as position=0,64,0"),
        ({"position": "here"}, "option position: give three numbers"),
        ({"host": "no-such-host.invalid"}, "there is no host 'no-such-host.invalid'"),
    ],
)
def test_options(fresh: MinecraftWorld, options: dict[str, object], words: str) -> None:
    assert words in refused(fresh, **options)


def test_nothing_listens(fresh: MinecraftWorld) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    assert f"nothing listens at 127.0.0.1:{port}; start the server" in refused(fresh, port=port)


def test_another_kind_of_server(fresh: MinecraftWorld) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            connection.recv(100)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.close()

        threading.Thread(target=answer, daemon=True).start()
        assert "is no Minecraft (Java) server" in refused(fresh, port=listener.getsockname()[1])


def test_another_version(fresh: MinecraftWorld, server: FixtureServer) -> None:
    message = refused(fresh, port=server.port, version="1.19.4")
    assert "announces version '1.20.4', not 1.19.4; set version=1.20.4" in message


def test_a_full_server() -> None:
    with FixtureServer(maxPlayers=1) as server:
        first, second = MinecraftWorld(), MinecraftWorld()
        try:
            first.reset(seed=0, options={"port": server.port, "username": "First"})
            assert "it is full (1 of 1)" in refused(second, port=server.port, username="Second")
        finally:
            first.close()
            second.close()


def test_a_whitelist(fresh: MinecraftWorld) -> None:
    with FixtureServer(whitelist=["Friend"]) as server:
        message = refused(fresh, port=server.port, username="Stranger")
    assert "it keeps a whitelist; on its console: whitelist add Stranger" in message


def test_no_operator_rights(fresh: MinecraftWorld) -> None:
    with FixtureServer(operators=False) as server:
        fresh.reset(seed=0, options={"port": server.port, "username": "Nobody"})
        server.ask("give", name="Nobody", item="dirt")
        fresh.wait(10)
        message = refused(fresh, port=server.port, username="Nobody", reset="hard")
    assert "did not obey '/clear Nobody'; on its console: op Nobody" in message


def test_spawn_protection(fresh: MinecraftWorld) -> None:
    with FixtureServer(protectedRadius=20) as server:
        fresh.reset(seed=0, options={"port": server.port, "username": "Guest"})
        with pytest.raises(
            PrimitiveError, match=r"put the block at .* back; is it protected \(spawn protection"
        ):
            fresh.mine("oak_log")
        server.ask("give", name="Guest", item="dirt")
        fresh.wait(10)
        with pytest.raises(PrimitiveError, match="the server did not allow it; is it protected"):
            fresh.place("dirt", Position(x=2, y=5, z=2))
        assert server.block((2, 5, 2)) == "air"


def test_an_unknown_item_to_begin_with(fresh: MinecraftWorld, server: FixtureServer) -> None:
    message = refused(fresh, port=server.port, inventory={"oak_lgo": 1})
    assert "option inventory: no item 'oak_lgo'; did you mean 'oak_log'" in message


def test_no_node(fresh: MinecraftWorld, server: FixtureServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    message = refused(fresh, port=server.port)
    assert "needs Node.js 20 or newer, and there is no `node` on the PATH; install it" in message


def test_an_old_node(
    fresh: MinecraftWorld, server: FixtureServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v18.20.4\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert f"needs Node.js 20 or newer, and {old} is v18.20.4" in refused(fresh, port=server.port)


def test_missing_packages_are_told_before_a_missing_server(
    fresh: MinecraftWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "package-lock.json").write_bytes((packages.BRIDGE / "package-lock.json").read_bytes())
    monkeypatch.setattr(packages, "BRIDGE", tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert "not installed; run: fieldcraft envs install minecraft-v1" in refused(fresh, port=1)


def test_javascript_is_refused_where_it_cannot_be_confined(
    fresh: MinecraftWorld, server: FixtureServer
) -> None:
    from fieldcraft.envs.programs import ProgramRequest

    fresh.reset(seed=0, options={"port": server.port})
    request = ProgramRequest(source="async function main(bot) {}", entry="main")
    with pytest.raises(CannotPlay, match="only where they can be confined"):
        fresh.run_program(request, lambda digest, arguments: None)
