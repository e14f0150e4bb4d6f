"""A run that goes on in a world that lives on: nothing is taken from the bot, and the counting goes on."""

from __future__ import annotations

from minecraft_server import FixtureServer

from fieldcraft.envs import Progress
from fieldcraft.envs.minecraft import MinecraftWorld


def test_a_resumed_life_keeps_what_it_held_and_had_reached(server: FixtureServer) -> None:
    options = {"port": server.port, "username": "Sleeper", "reset": "hard", "inventory": {"dirt": 2}}
    first = MinecraftWorld()
    first.reset(seed=0, options=options)
    first.mine("oak_log")
    reached = first.progress()
    first.close()
    second = MinecraftWorld()
    try:
        seen = second.reset(seed=0, options=second.options_to_resume(options))
        second.resume(reached.model_copy(update={"deaths": 2}))
        assert seen.inventory == {"dirt": 2, "oak_log": 1}
        assert second.progress() == Progress(**{**reached.model_dump(), "deaths": 2})
        second.wait(1)
        assert second.tick >= max(reached.items.values())
    finally:
        second.close()
