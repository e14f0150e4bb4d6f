"""What goes wrong costs the primitive it hit, is told in one line, and the life goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from minecraft_faults import FAULTS, NAME, Rig, opened, strike

from fieldcraft.envs.minecraft import MinecraftWorld
from fieldcraft.envs.minecraft.errors import ServerGone
from fieldcraft.skills.sandbox import process_launcher


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with opened(tmp_path_factory.mktemp("world"), MinecraftWorld(process_launcher())) as rig:
        yield rig


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_one_primitive(rig: Rig, fault: str) -> None:
    before = rig.world.progress()
    told = strike(rig, fault)
    assert FAULTS[fault][1] in told
    assert "\n" not in told
    seen = rig.world.observe()
    assert seen.health == 20
    assert seen.inventory == {"oak_log": 3}
    assert any(text in " ".join(seen.events) for text in ("back in the world", "died"))
    assert rig.world.progress().items == before.items
    assert rig.world.tick >= before.items["oak_log"]
    rig.world.wait(1)
    assert NAME in rig.server.ask("players")


def test_a_server_that_stays_away_ends_it_in_words(tmp_path: Path) -> None:
    with opened(tmp_path, MinecraftWorld()) as rig:
        rig.world.reset(seed=0, options={"port": rig.cable.port, "username": NAME, "reconnect_seconds": 1})
        rig.server.kill()
        with pytest.raises(ServerGone, match=r"was lost .* and not found again in \d+ s"):
            rig.world.wait(20)
        with pytest.raises(ServerGone):
            rig.world.observe()
