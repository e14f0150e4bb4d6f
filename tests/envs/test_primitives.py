"""What each primitive does, and what its error says is missing."""

from __future__ import annotations

import pytest
from meadow import give, put, refused

from fieldcraft.envs import PlaceGoal, Progress
from fieldcraft.envs.environment import signature_text


def test_mining_walks_there_and_takes_what_drops(meadow):
    put(meadow, "oak_log", 5, 0)
    put(meadow, "oak_log", 5, 1)
    assert meadow.mine("oak_log", 2) == 2
    assert meadow.inventory()["oak_log"] == 2
    assert meadow.progress().items["oak_log"] <= meadow.tick


def test_mining_says_how_many_were_mined_when_there_are_no_more(meadow):
    put(meadow, "pumpkin", 3, 0)
    message = refused(meadow, "mine", "pumpkin", 4)
    assert message == (
        "mined 1 of 4 pumpkin, then cannot mine pumpkin: none within 16 tiles; explore to find one"
    )


def test_mining_needs_the_tool_of_the_tier(meadow):
    put(meadow, "iron_ore", 3, 0)
    assert refused(meadow, "mine", "iron_ore") == (
        "cannot mine iron_ore: need stone_pickaxe or better (holding no such tool)"
    )
    give(meadow, wooden_pickaxe=1)
    assert "(holding wooden_pickaxe)" in refused(meadow, "mine", "iron_ore")
    give(meadow, stone_pickaxe=1)
    assert meadow.mine("iron_ore") == 1
    assert meadow.inventory()["raw_iron"] == 1


def test_an_item_cannot_be_mined_and_its_source_is_named(meadow):
    assert refused(meadow, "mine", "raw_iron") == (
        "cannot mine raw_iron: it is an item, not a block; it comes from mining iron_ore"
    )
    assert "did you mean 'oak_log'" in refused(meadow, "mine", "oak_lgo")


def test_a_better_tool_is_faster_and_wears_out(meadow):
    times = []
    for tool in ("wooden_pickaxe", "diamond_pickaxe"):
        give(meadow, **{tool: 1})
        put(meadow, "stone", 1, 0)
        start = meadow.tick
        meadow.mine("stone")
        times.append(meadow.tick - start)
    assert times[1] < times[0]
    golden = meadow.world.tables.tool("golden_pickaxe")
    meadow.world.inventory.clear()
    give(meadow, golden_pickaxe=1)
    for _ in range(golden.uses):
        put(meadow, "stone", 1, 0)
        meadow.mine("stone")
    assert "golden_pickaxe" not in meadow.inventory()
    assert any("golden_pickaxe broke" in event for event in meadow.observe().events)


def test_water_and_lava_are_taken_with_a_bucket(meadow):
    put(meadow, "lava", 2, 0)
    assert refused(meadow, "mine", "lava") == "cannot mine lava: need 1 bucket (have 0)"
    give(meadow, bucket=1, water_bucket=1)
    meadow.mine("lava")
    assert meadow.inventory() == {"lava_bucket": 1, "water_bucket": 1}


def test_water_on_lava_makes_obsidian(meadow):
    lava = put(meadow, "lava", 2, 0)
    give(meadow, water_bucket=1)
    meadow.place("water_bucket", lava)
    assert meadow.find("obsidian") == lava
    assert meadow.inventory() == {"bucket": 1}


def test_crafting_names_all_that_is_missing(meadow):
    give(meadow, cobblestone=1)
    assert refused(meadow, "craft", "stone_pickaxe") == (
        "cannot craft stone_pickaxe: need 3 cobblestone or cobbled_deepslate (have 1), 2 stick (have 0); "
        "need a crafting_table within 4 blocks"
    )


@pytest.mark.parametrize(
    ("item", "origin"),
    [
        ("iron_ingot", "smelting raw_iron"),
        ("raw_iron", "mining iron_ore"),
        ("beef", "killing cow"),
        ("oak_leaves", "mining oak_leaves with shears"),
        ("oak_sapling", "mining oak_leaves or mining oak_sapling"),
    ],
)
def test_crafting_what_no_recipe_makes_says_where_it_comes_from(meadow, item, origin):
    assert refused(meadow, "craft", item) == (
        f"cannot craft {item}: no crafting recipe makes it; it comes from {origin}"
    )


def test_crafting_uses_up_the_ingredients_and_makes_whole_recipes(meadow):
    give(meadow, oak_log=2, birch_log=1)
    assert meadow.craft("oak_planks", 5) == 8
    assert meadow.inventory() == {"birch_log": 1, "oak_planks": 8}


def test_a_tag_takes_any_of_its_members_together(meadow):
    give(meadow, oak_planks=1, birch_planks=3)
    assert meadow.craft("crafting_table") == 1
    assert meadow.inventory() == {"crafting_table": 1}


def test_smelting_takes_fuel_time_and_a_furnace(meadow):
    assert refused(meadow, "smelt", "raw_iron", 2).startswith(
        "cannot smelt raw_iron: need 2 raw_iron (have 0); need a furnace within 4 blocks; need more fuel: "
    )
    give(meadow, furnace=1, raw_iron=9, coal=1)
    meadow.place("furnace")
    start = meadow.tick
    assert meadow.smelt("raw_iron", 8) == 8
    assert meadow.tick - start == 8 * meadow.world.tables.rules.smelting.ticks
    assert meadow.inventory() == {"iron_ingot": 8, "raw_iron": 1}
    assert "need more fuel" in refused(meadow, "smelt", "raw_iron")


def test_fuel_left_in_a_furnace_is_used_first(meadow):
    give(meadow, furnace=1, raw_iron=3, coal=2)
    meadow.place("furnace")
    meadow.smelt("raw_iron", 1)
    meadow.smelt("raw_iron", 2)
    assert meadow.inventory()["coal"] == 1


def test_smelting_with_a_named_fuel_or_none_that_burns(meadow):
    give(meadow, furnace=1, raw_iron=1, dirt=1, oak_log=1)
    meadow.place("furnace")
    assert "dirt does not burn" in refused(meadow, "smelt", "raw_iron", 1, "dirt")
    assert meadow.smelt("raw_iron", 1, "oak_log") == 1


def test_placing_counts_toward_a_goal_and_says_what_is_in_the_way(meadow):
    since = meadow.progress()
    assert refused(meadow, "place", "torch") == "cannot place torch: need 1 torch (have 0)"
    give(meadow, torch=1, cobblestone=2, stick=1)
    assert "not something that can be placed" in refused(meadow, "place", "stick")
    here = meadow.position()
    there = meadow.place("cobblestone", here.offset(2, 0, 0))
    assert there == here.offset(2, 0, 0)
    assert "taken (cobblestone)" in refused(meadow, "place", "cobblestone", there)
    assert "not within 4 blocks" in refused(meadow, "place", "cobblestone", here.offset(9, 0, 0))
    assert meadow.check(PlaceGoal(block="cobblestone"), since).met
    assert not meadow.check(PlaceGoal(block="torch"), since).met


def test_exploring_stops_when_something_comes_into_view(meadow):
    wanted = put(meadow, "melon", 15, 0)
    assert meadow.find("melon") is None
    assert meadow.explore("east", 48, until="melon") == wanted
    assert meadow.position().distance(wanted) <= 9


def test_exploring_without_a_direction_finds_new_ground(world):
    seen = sum(world.world.seen)
    for _ in range(5):
        world.explore()
    assert sum(world.world.seen) > 3 * seen


def test_no_call_takes_much_more_than_its_ticks(world):
    limit = world.world.tables.rules.world.call_ticks
    for _ in range(6):
        start = world.tick
        world.explore(distance=256)
        assert world.tick - start <= limit + 200


def test_going_somewhere(meadow):
    there = meadow.position().offset(8, 0, 3)
    assert meadow.goto(there).distance(there) <= 1.5
    assert meadow.goto(there, within=0) == there
    assert "the world ends at 191" in refused(meadow, "goto", {"x": 5000, "y": 64, "z": 5})


def test_a_chest_keeps_things_and_is_seen(meadow):
    give(meadow, chest=1, dirt=70)
    assert "need a chest within 16 blocks" in refused(meadow, "deposit", "dirt", 5)
    place = meadow.place("chest")
    assert meadow.deposit("dirt", 65) == 65
    assert meadow.observe().chests == {str(place): {"dirt": 65}}
    assert meadow.withdraw("dirt", 3, place) == 3
    assert meadow.inventory() == {"dirt": 8}
    assert "holds 62 of 99 dirt" in refused(meadow, "withdraw", "dirt", 99)


def test_36_slots_and_stack_sizes_bound_what_is_held(meadow):
    inventory = meadow.world.inventory
    assert inventory.add("dirt", 36 * 64 + 5) == 36 * 64
    assert inventory.add("stick", 1) == 0
    inventory.remove("dirt", 64)
    assert inventory.add("iron_pickaxe", 2) == 1
    assert meadow.observe().slots_used == 36


def test_a_full_inventory_stops_mining(meadow):
    give(meadow, dirt=36 * 64)
    put(meadow, "oak_log", 2, 0)
    assert "the inventory is full" in refused(meadow, "mine", "oak_log")


def test_a_planted_sapling_becomes_a_tree(meadow):
    give(meadow, oak_sapling=1)
    place = meadow.place("oak_sapling")
    for _ in range(7):
        meadow.wait(1300)
    assert meadow.find("oak_log") == place


def test_walking_digs_through_walls_where_there_is_no_way_around(meadow):
    for right, down in [(1, 0), (-1, 0), (0, 1), (0, -1)]:
        put(meadow, "stone", right, down)
    there = meadow.position().offset(6, 0, 0)
    assert meadow.goto(there).distance(there) <= 1.5


def test_milestones_are_reached_with_their_first_item(meadow):
    give(meadow, stone_axe=1)
    assert meadow.progress().milestones == {"stone tools": meadow.tick}


def test_progress_is_a_new_object_each_time(meadow):
    first = meadow.progress()
    give(meadow, stick=1)
    assert first == Progress() or "stick" not in first.items


def test_what_was_said_is_an_event(meadow):
    meadow.say("hello")
    assert meadow.observe().events[-1].endswith("said: hello")


def test_day_turns_to_night(meadow):
    assert meadow.observe().time == "sunrise"
    for _ in range(9):
        meadow.wait(1500)
    assert meadow.observe().time == "night"


def test_tuples_that_are_returned_are_shown_as_the_lists_that_programs_get():
    def find(self, near: tuple[int, int]) -> dict[str, list[tuple[int, int]]]: ...
    def mission(self) -> tuple[str, bool]: ...
    def path(self) -> tuple[float, ...] | None: ...

    assert signature_text(find) == "(self, near: tuple[int, int]) -> dict[str, list[list[int]]]"
    assert signature_text(mission) == "(self) -> list[str | bool]"

    def wait(self, until: str = "day", text: str = "") -> None: ...

    assert signature_text(wait) == "(self, until: str = 'day', text: str = '') -> None"
    assert signature_text(path) == "(self) -> list[float] | None"
