"""Pictures of what the bot sees. The viewer (900 MB) may be absent for a user; CI has it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from machine import lacking
from minecraft_server import FixtureServer
from PIL import Image

from fieldcraft.envs.minecraft import MinecraftWorld, drawing, packages
from fieldcraft.envs.minecraft.errors import CannotPlay

SKY = (173, 216, 230)


def test_draws_what_is_in_front_of_the_bot(world: MinecraftWorld) -> None:
    if drawing.missing() is not None:
        lacking("Node packages")
    assert world.spec.can_render
    before = world.position()
    drawn = world.render()
    assert drawn.startswith(b"\x89PNG")
    picture = Image.open(io.BytesIO(drawn)).convert("RGB")
    assert picture.size == (854, 480)
    colours = {colour for _, colour in picture.getcolors(854 * 480)}
    assert SKY in colours
    assert len(colours) > 50
    assert world.position() == before


def test_without_the_viewer_the_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: MinecraftWorld
) -> None:
    (tmp_path / "package-lock.json").write_bytes((packages.VIEWER / "package-lock.json").read_bytes())
    monkeypatch.setattr(packages, "VIEWER", tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    fresh = MinecraftWorld()
    assert not fresh.spec.can_render
    assert "fieldcraft envs install minecraft-v1 --pictures" in "".join(fresh.remarks())
    with pytest.raises(CannotPlay, match="run: fieldcraft envs install minecraft-v1 --pictures"):
        world.render()


def test_without_a_browser_the_cure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "node_modules" / packages.NPM_WRITES_LAST
    installed.parent.mkdir(parents=True)
    installed.write_text("{}")
    monkeypatch.setattr(packages, "VIEWER", tmp_path)
    (tmp_path / "package-lock.json").write_text("{}")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get install chromium" in str(drawing.missing())


def test_what_the_bridge_tells_for_a_picture(world: MinecraftWorld, server: FixtureServer) -> None:
    server.ask("spawn", mob="cow", at=[3, 5, 3])
    world.wait(20)
    told = world.link.ask("surroundings")
    assert told["version"] == "1.20.4"
    assert {"x": 0, "z": 0} in [{"x": one["x"], "z": one["z"]} for one in told["columns"]]
    assert "cow" in [one["name"] for one in told["entities"]]
