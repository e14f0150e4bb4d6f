"""The primitives on a real server: what they do to the bot and to the world, and how they refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from minecraft_server import FixtureServer

from fieldcraft.agent.models.offline.programmer.reading import unfolded
from fieldcraft.agent.prompts.name_lists import listed
from fieldcraft.envs import (
    ItemGoal,
    KillGoal,
    PlaceGoal,
    Position,
    PrimitiveError,
    ReachGoal,
    check_environment,
)
from fieldcraft.envs.gridworld import GridWorld
from fieldcraft.envs.minecraft import MinecraftWorld
from fieldcraft.skills.sandbox import process_launcher

NAME = "Tester"
MIDDLE = Position(x=0, y=5, z=0)
Give = Callable[..., None]


@pytest.fixture(params=["1.20.4", "1.21.4"], scope="module")
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def server(version: str) -> Iterator[FixtureServer]:
    """A server of each version."""
    with FixtureServer(version) as running:
        yield running


def test_names_what_can_be_had_in_survival_and_knows_the_rest(world: MinecraftWorld) -> None:
    items, blocks = set(world.spec.names.items), set(world.spec.names.blocks)
    assert {"oak_log", "stick", "iron_ingot", "beef", "egg", "water_bucket", "netherite_sword"} <= items
    assert {"stone", "oak_log", "short_grass", "wheat", "obsidian", "spawner"} <= blocks
    assert not items & {"bedrock", "cow_spawn_egg", "command_block", "barrier", "infested_stone"}
    assert not blocks & {"bedrock", "barrier", "end_portal_frame", "air", "oak_wall_sign"}
    with pytest.raises(PrimitiveError, match="cannot mine bedrock") as refusal:
        world.mine("bedrock")
    assert "has this name" not in str(refusal.value)
    with pytest.raises(PrimitiveError, match="no block has this name"):
        world.mine("bedrok")


def test_a_prompt_with_all_its_names_is_half_as_long_and_loses_none(world: MinecraftWorld) -> None:
    names = world.spec.names
    for known in (names.items, names.blocks, names.mobs):
        written = listed(known)
        assert sorted(name for entry in written.split(", ") for name in unfolded(entry)) == list(known)
        assert known is names.mobs or len(written) < len(", ".join(known)) / 2


def test_from_bare_hands_to_smelted_iron(world: MinecraftWorld, server: FixtureServer) -> None:
    start = world.progress()
    world.mine("oak_log", 8)
    world.craft("oak_planks", 32)
    world.craft("stick", 4)
    world.craft("crafting_table", 2)
    table = world.place("crafting_table")
    assert server.block((table.x, table.y, table.z)) == "crafting_table"
    world.craft("wooden_pickaxe")
    world.goto(MIDDLE)
    world.mine("stone", 11)
    world.goto(MIDDLE)
    world.place("crafting_table")
    world.craft("stone_pickaxe")
    world.craft("furnace")
    world.mine("iron_ore")
    world.mine("coal_ore")
    world.goto(MIDDLE)
    world.place("furnace")
    assert world.smelt("raw_iron") == 1
    world.craft("chest")
    held = world.inventory()
    assert held == server.inventory(NAME)
    assert held["iron_ingot"] == held["stone_pickaxe"] == held["chest"] == 1
    progress = world.progress()
    assert {"oak_log", "stick", "cobblestone", "raw_iron", "iron_ingot"} <= set(progress.items)
    assert set(progress.milestones) == {"wooden tools", "stone tools"}
    assert progress.placed == {"crafting_table": 2, "furnace": 1}
    assert progress.distance > 5
    assert world.check(ItemGoal(item="iron_ingot"), start).met
    assert world.check(PlaceGoal(block="furnace"), start).met
    assert not world.check(PlaceGoal(block="furnace"), progress).met


def test_kill_and_eat(world: MinecraftWorld, server: FixtureServer) -> None:
    start = world.progress()
    server.ask("spawn", mob="cow", at=[4.5, 5, 0.5])
    world.wait(10)
    assert "cow" in world.nearby()
    world.kill("cow")
    assert server.ask("mobs") == []
    assert world.inventory()["beef"] == 1
    assert world.check(KillGoal(mob="cow"), start).met
    with pytest.raises(PrimitiveError, match="not hungry"):
        world.eat()
    server.ask("hunger", name=NAME, value=10)
    world.wait(5)
    assert world.eat() == "beef"
    assert server.ask("player", name=NAME)["food"] > 10


def test_what_a_mob_leaves_in_the_air_is_picked_up_once_it_has_fallen(
    world: MinecraftWorld, server: FixtureServer
) -> None:
    server.ask("spawn", mob="chicken", at=[2.5, 5, 0.5], toss=12)
    world.wait(10)
    assert world.kill("chicken") == 2
    assert world.inventory() == server.inventory(NAME) == {"chicken": 1, "feather": 1}


def test_chests(world: MinecraftWorld, server: FixtureServer, give: Give) -> None:
    give(chest=1, dirt=5)
    chest = world.place("chest", Position(x=2, y=5, z=2))
    assert world.deposit("dirt", 3) == 3
    assert server.ask("box", at=[2, 5, 2]) == {"dirt": 3}
    assert world.observe().chests == {"(2, 5, 2)": {"dirt": 3}}
    assert world.withdraw("dirt", 2, chest) == 2
    assert server.inventory(NAME) == {"dirt": 4}
    with pytest.raises(PrimitiveError, match="the chest holds 1 of 2 dirt"):
        world.withdraw("dirt", 2)


def test_going_and_looking(world: MinecraftWorld, server: FixtureServer) -> None:
    there = world.goto(Position(x=6, y=5, z=6))
    assert there.distance(Position(x=6, y=5, z=6)) <= 2.5
    assert server.ask("player", name=NAME)["position"] == pytest.approx([there.x, there.y, there.z], abs=1)
    assert world.check(ReachGoal(position=there), world.progress()).met
    assert world.find("iron_ore") in (Position(x=0, y=5, z=-6), Position(x=1, y=5, z=-6))
    assert world.find("diamond_ore") is None
    assert world.explore("west", 16, until="stone") is not None
    world.say("hello")
    assert server.ask("player", name=NAME)["chat"][-1] == "hello"
    server.ask("say", text="<Someone> good day")


def test_equipment(world: MinecraftWorld, server: FixtureServer, give: Give) -> None:
    give(iron_helmet=1, stick=1)
    assert world.equip("iron_helmet") == "head"
    assert world.equip("stick") == "hand"
    assert server.ask("player", name=NAME)["held"] == "stick"
    assert world.observe().equipment == {"head": "iron_helmet", "hand": "stick"}


def test_a_full_inventory_is_said_before_anything_is_lost(world: MinecraftWorld, give: Give) -> None:
    give(dirt=36 * 64)
    with pytest.raises(PrimitiveError, match="the inventory is full; deposit or place something first"):
        world.mine("oak_log")


def test_failures_are_not_atomic_and_say_what_was_done(world: MinecraftWorld) -> None:
    with pytest.raises(PrimitiveError, match="mined 4 of 5 sand, then cannot mine sand: none within"):
        world.mine("sand", 5)
    assert world.inventory() == {"sand": 4}


def test_the_primitives_are_those_of_the_grid_world() -> None:
    ours, theirs = MinecraftWorld(), GridWorld()
    assert ours.api_reference() == theirs.api_reference()


def test_it_keeps_the_contract(server: FixtureServer) -> None:
    world = MinecraftWorld(process_launcher())
    try:
        assert check_environment(world, options={"port": server.port, "username": "Checker"}) == []
    finally:
        world.close()
