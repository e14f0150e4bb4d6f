"""What the world owes the agent on a real server: nothing is dug up or lost, and questions are answered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from minecraft_server import FixtureServer

from fieldcraft.envs import ItemGoal, Position, PrimitiveError
from fieldcraft.envs.minecraft import MinecraftWorld

NAME = "Tester"
Give = Callable[..., None]


def test_crafting_names_what_is_missing_and_takes_what_is_named(world: MinecraftWorld, give: Give) -> None:
    give(oak_planks=8, birch_planks=5)
    assert world.craft("crafting_table") == 1
    assert world.inventory()["oak_planks"] == 4
    assert world.craft("crafting_table", 1, using="birch_planks") == 1
    assert world.inventory() == {"crafting_table": 2, "oak_planks": 4, "birch_planks": 1}
    assert any("from 4 birch_planks" in event for event in world.observe().events)
    with pytest.raises(PrimitiveError, match=r"need 8 birch_planks \(have 1\)"):
        world.craft("crafting_table", 2, using="birch_planks")
    with pytest.raises(PrimitiveError, match="using stone: it takes"):
        world.craft("crafting_table", 1, using="stone")
    world.place("crafting_table")
    with pytest.raises(PrimitiveError) as refusal:
        world.craft("stone_pickaxe")
    assert "crafting_table within" not in str(refusal.value) and "2 stick" in str(refusal.value)


def test_a_full_inventory_is_said_before_anything_is_spent(
    world: MinecraftWorld, server: FixtureServer, give: Give
) -> None:
    give(oak_planks=64, dirt=35 * 64)
    server.ask("spawn", mob="cow", at=[4.5, 5, 0.5])
    world.wait(10)
    for call in (("craft", "stick", 4), ("kill", "cow")):
        with pytest.raises(PrimitiveError, match="the inventory is full; deposit or place something first"):
            world.call_primitive(str(call[0]), call[1:])
    assert world.inventory() == server.inventory(NAME) == {"oak_planks": 64, "dirt": 35 * 64}
    assert len(server.ask("mobs")) == 1


def test_questions_are_answered_without_errors(world: MinecraftWorld, give: Give) -> None:
    give(chest=1, dirt=5, stone_axe=1)
    place = world.place("chest", Position(x=2, y=5, z=2))
    assert [(one["position"], one["free_slots"]) for one in world.chests()] == [(place, None)]
    world.deposit("dirt", 3)
    assert [(one["items"], one["free_slots"]) for one in world.chests()] == [({"dirt": 3}, 26)]
    assert world.observe().chest_slots == {"(2, 5, 2)": 26}
    status = world.status()
    assert status["uses_left"]["stone_axe"] > 100 and status["free_slots"] == 34
    assert world.recipe("stick").startswith("To craft stick: need 2 ")
    assert "smelting raw_iron" in world.recipe("iron_ingot")
    assert "did you mean" in world.recipe("iron_ingott")
    assert world.find("stick") is None


def test_an_unnamed_meal_is_not_what_the_task_is_for(
    world: MinecraftWorld, server: FixtureServer, give: Give
) -> None:
    give(bread=1)
    server.ask("hunger", name=NAME, value=10)
    world.wait(5)
    world.pursue(ItemGoal(item="bread"))
    with pytest.raises(PrimitiveError, match="no food but bread, which the task is for"):
        world.eat()
    assert world.eat("bread") == "bread"
    world.pursue(None)


def test_walks_leave_what_was_placed(world: MinecraftWorld, server: FixtureServer, give: Give) -> None:
    give(dirt=8, wooden_shovel=1)
    here = world.position().block()
    ring = [here.offset(x, y, z) for x, z in ((1, 0), (-1, 0), (0, 1), (0, -1)) for y in (0, 1)]
    for place in ring:
        world.place("dirt", place)
    with pytest.raises(PrimitiveError):
        world.goto(here.offset(6, 0, 0))
    assert {server.block((place.x, place.y, place.z)) for place in ring} == {"dirt"}
