"""What the world owes the agent: nothing is dug up, lost or eaten unasked, and what is missing is said."""

from __future__ import annotations

import pytest
from meadow import give, put, put_mob, refused

from fieldcraft.envs import ItemGoal, Position


def held(world):
    return world.inventory()


def fill(world, slots=36):
    """Different things in this many slots."""
    inventory, items = world.world.inventory, world.world.tables.rules.items
    names = (name for name in items if name not in ("stick", "oak_planks", "oak_log", "beef", "leather"))
    while inventory.slots_used() < slots:
        inventory.add(next(names), 1)


# Walking leaves whole what is the agent's.


@pytest.mark.parametrize("block", ["chest", "crafting_table", "furnace", "cobblestone"])
@pytest.mark.parametrize("within", [1, 1.5, 2, 3])
def test_going_near_a_station_goes_around_what_was_placed(meadow, block, within):
    give(meadow, crafting_table=1)
    give(meadow, **{block: 1})
    here = meadow.position()
    table = meadow.place("crafting_table", here.offset(3, 0, 0))
    between = meadow.place(block, here.offset(1, 0, 0))
    assert meadow.goto(table, within).distance(table) <= within
    assert meadow.position() not in (table, between)
    assert meadow.find("crafting_table") is not None
    assert meadow.world.tables.block_names[meadow.world.surface[meadow.world.cell_at(between)]] == block


def test_going_onto_a_chest_is_refused(meadow):
    give(meadow, chest=1)
    chest = meadow.place("chest")
    assert refused(meadow, "goto", chest.model_dump(), 0) == (
        f"cannot go to {chest}: a chest stands there; stand beside it, within=1.5"
    )


def test_walls_that_were_placed_stand_until_there_is_no_other_way_to_go_on(meadow):
    give(meadow, cobblestone=4)
    here = meadow.position()
    for right, down in [(1, 0), (-1, 0), (0, 1), (0, -1)]:
        meadow.place("cobblestone", here.offset(right, 0, down))
    assert "mine cobblestone to pass" in refused(meadow, "goto", here.offset(6, 0, 0).model_dump())
    assert meadow.position() == here and len(meadow.world.placed) == 4
    meadow.explore("east", 20)
    assert meadow.position().distance(here) > 4 and len(meadow.world.placed) == 3
    assert any("walled in: broke 1 cobblestone that you placed" in one for one in meadow.observe().events)


def test_a_walk_says_what_it_dug(meadow):
    for right, down in [(1, 0), (-1, 0), (0, 1), (0, -1)]:
        put(meadow, "dirt", right, down)
        put(meadow, "oak_log", right, down)
    meadow.goto(meadow.position().offset(6, 0, 0))
    assert any(event.endswith("dug 1 oak_log on the way") for event in meadow.observe().events)


def test_placing_without_a_place_leaves_a_way_out(meadow):
    give(meadow, cobblestone=64)
    with pytest.raises(Exception, match="no free tile"):
        for _ in range(9):
            meadow.place("cobblestone")
    meadow.explore("east", 20)
    assert meadow.world.reached.distance


def test_what_was_placed_is_known_after_a_restore(meadow):
    give(meadow, cobblestone=1)
    meadow.place("cobblestone")
    saved, placed = meadow.snapshot(), set(meadow.world.placed)
    assert placed
    meadow.restore(saved)
    assert meadow.world.placed == placed


# A full bag.


def test_crafting_into_a_full_bag_spends_nothing(meadow):
    give(meadow, oak_planks=10)
    fill(meadow)
    before = held(meadow)
    assert "no room for 4 stick: the inventory is full" in refused(meadow, "craft", "stick", 4)
    assert held(meadow) == before


def test_crafting_counts_the_slots_that_its_ingredients_leave(meadow):
    give(meadow, oak_planks=2)
    fill(meadow)
    assert meadow.craft("stick", 4) == 4
    assert held(meadow)["stick"] == 4


def test_smelting_into_a_full_bag_spends_nothing(meadow):
    give(meadow, furnace=1)
    meadow.place("furnace")
    give(meadow, raw_iron=5, coal=5)
    fill(meadow)
    meadow.world.inventory.remove("iron_ingot", held(meadow).get("iron_ingot", 0))
    give(meadow, wooden_hoe=1)
    fill_again = meadow.world.inventory
    while fill_again.slots_used() < 36:
        fill_again.add("wooden_hoe", 1)
    before = held(meadow)
    assert "the inventory is full" in refused(meadow, "smelt", "raw_iron", 2, "coal")
    assert held(meadow) == before


def test_hunting_with_a_full_bag_spares_the_mob(meadow):
    put_mob(meadow, "cow", 1, 0)
    fill(meadow)
    assert "the inventory is full" in refused(meadow, "kill", "cow")
    assert meadow.find("cow") is not None


def test_what_a_walk_dug_up_does_not_make_the_block_be_lost_that_it_led_to(meadow):
    for right, down in [(1, 0), (-1, 0), (0, 1), (0, -1)]:
        put(meadow, "oak_log", right, down)
    put(meadow, "birch_log", 3, 0)
    fill(meadow, 34)
    give(meadow, stick=1)
    assert "the inventory is full" in refused(meadow, "mine", "birch_log")
    assert meadow.find("birch_log") is not None
    assert "lost" not in {one.what for one in meadow.happenings()}


def test_withdrawing_into_a_full_bag_leaves_the_chest_as_it_is(meadow):
    give(meadow, chest=1, stick=3)
    meadow.place("chest")
    meadow.deposit("stick", 3)
    fill(meadow)
    assert "the inventory is full" in refused(meadow, "withdraw", "stick", 3)
    assert meadow.chests()[0]["items"] == {"stick": 3}


def test_a_chest_is_not_mined_with_more_in_it_than_there_is_room_for(meadow):
    give(meadow, chest=1, stick=3)
    meadow.place("chest")
    meadow.deposit("stick", 3)
    fill(meadow, 35)
    assert "holds more than you have room for" in refused(meadow, "mine", "chest")
    assert meadow.chests()[0]["items"] == {"stick": 3}


# Answers and errors.


def test_mining_that_yields_nothing_says_why(meadow):
    meadow.world.dice = 3
    for _ in range(6):
        put(meadow, "short_grass", 1, 0)
        if not meadow.mine("short_grass"):
            break
    assert (
        "got nothing: it leaves only sometimes wheat_seeds (30% of the time)" in meadow.observe().events[-1]
    )


def test_an_item_that_is_no_block_is_found_nowhere(meadow):
    assert meadow.find("stick") is None
    assert "no block or mob has this name" in refused(meadow, "find", "stikc")


def test_nearby_tells_blocks_from_mobs(meadow):
    put(meadow, "oak_log", 2, 0)
    put_mob(meadow, "cow", 3, 0)
    names = list(meadow.nearby())
    assert names[-1] == "cow"
    assert list(meadow.nearby(kind="mob")) == ["cow"]
    assert "the kind is block or mob" in refused(meadow, "nearby", 16, "mobs")
    assert "cow" not in meadow.nearby(kind="block") and "oak_log" in meadow.nearby(kind="block")


def test_errors_name_what_is_missing_and_not_what_is_there(meadow):
    give(meadow, cobblestone=3, crafting_table=1)
    meadow.place("crafting_table")
    assert refused(meadow, "craft", "stone_pickaxe") == "cannot craft stone_pickaxe: need 2 stick (have 0)"
    give(meadow, furnace=1, raw_iron=1)
    meadow.place("furnace")
    assert refused(meadow, "smelt", "raw_iron").startswith("cannot smelt raw_iron: need more fuel: ")


def test_most_plentiful_ingredients_are_taken_unless_others_are_named(meadow):
    give(meadow, oak_planks=9, birch_planks=20)
    meadow.craft("crafting_table")
    assert held(meadow)["birch_planks"] == 16
    meadow.craft("crafting_table", 1, "oak_planks")
    assert held(meadow)["oak_planks"] == 5
    assert refused(meadow, "craft", "crafting_table", 2, ["oak_planks"]) == (
        "cannot craft crafting_table: need 8 oak_planks (have 5)"
    )
    assert "it takes acacia_planks or" in refused(meadow, "craft", "crafting_table", 1, "stick")


def test_the_recipe_of_which_more_is_held_is_chosen(meadow):
    give(meadow, cornflower=1, lapis_lazuli=5)
    meadow.craft("blue_dye")
    assert held(meadow) == {"blue_dye": 1, "cornflower": 1, "lapis_lazuli": 4}


def test_an_item_that_two_needs_share_is_not_used_twice(changed_rules):
    from fieldcraft.envs.gridworld import GridWorld

    def change(data):
        recipe = next(recipe for recipe in data["recipes"] if recipe["item"] == "stick")
        recipe["needs"] = {"planks": 2, "oak_planks": 1}

    world = GridWorld()
    world.reset(seed=0, options={"rules": str(changed_rules(change)), "mob_density": 0})
    give(world, oak_planks=2)
    assert "need 2 oak_planks or" in refused(world, "craft", "stick")
    give(world, birch_planks=1)
    world.craft("stick")
    assert held(world) == {"stick": 4}


def test_what_was_used_up_is_told(meadow):
    give(meadow, oak_log=1)
    meadow.craft("oak_planks")
    assert meadow.observe().events[-1].endswith("crafted 4 oak_planks from 1 oak_log")


def test_an_unnamed_meal_is_not_what_the_task_is_for(meadow):
    give(meadow, bread=1, apple=1)
    meadow.world.hunger = 15
    meadow.pursue(ItemGoal(item="bread"))
    assert meadow.eat() == "apple"
    assert "no food but bread, which the task is for" in refused(meadow, "eat")
    assert meadow.eat("bread") == "bread"


def test_a_recipe_is_answered_without_an_error(meadow):
    assert meadow.recipe("stone_pickaxe") == (
        "To craft stone_pickaxe: need 3 cobblestone or cobbled_deepslate, 2 stick; "
        "need a crafting_table within 4 blocks."
    )
    iron = meadow.recipe("iron_ingot").splitlines()
    assert iron[0] == "To craft iron_ingot: it comes from smelting raw_iron."
    assert iron[1].startswith(
        "To smelt raw_iron: need 1 raw_iron; need a furnace within 4 blocks; need fuel: "
    )
    assert meadow.recipe("raw_iron").endswith("To mine iron_ore: need stone_pickaxe or better.")
    assert "did you mean 'oak_log'" in meadow.recipe("oak_lgo")


def test_every_recipe_can_be_asked(meadow):
    assert all(meadow.recipe(item).startswith("To craft ") for item in meadow.spec.names.items)


def test_chests_are_listed_with_their_free_slots(meadow):
    give(meadow, chest=2, dirt=64 * 27, stick=1)
    first = meadow.place("chest", meadow.position().offset(1, 0, 0))
    second = meadow.place("chest", meadow.position().offset(3, 0, 0))
    for _ in range(27):
        meadow.deposit("dirt", 64, first)
    listed = meadow.chests()
    assert [(one["position"], one["free_slots"]) for one in listed] == [(first, 0), (second, 27)]
    seen = meadow.observe()
    assert seen.chest_slots == {str(first): 0, str(second): 27}
    assert "dirt (full); " in seen.text() and "empty (27 free slots)" in seen.text()
    meadow.deposit("stick", 1)
    assert meadow.observe().chests[str(second)] == {"stick": 1}


def test_status_has_the_body_and_how_long_tools_last(meadow):
    give(meadow, stone_pickaxe=1, stone_axe=1)
    meadow.equip("stone_axe")
    put(meadow, "stone", 1, 0)
    meadow.mine("stone")
    status = meadow.status()
    uses = meadow.world.tables.tool("stone_pickaxe").uses
    assert status["uses_left"]["stone_pickaxe"] == uses - 1
    assert status["equipment"] == {
        "hand": {"item": "stone_axe", "uses_left": status["uses_left"]["stone_axe"]}
    }
    assert (status["health"], status["hunger"], status["time"]) == (20, 20, "sunrise")


def test_status_has_what_protects_and_what_hits_hardest(meadow):
    bare = meadow.status()
    assert (bare["armor"], bare["weapon"], bare["damage"]) == (0, None, 1)
    give(meadow, iron_chestplate=1, stone_axe=1, wooden_sword=1)
    meadow.equip("iron_chestplate")
    rules = meadow.world.tables.rules.items
    status = meadow.status()
    assert status["armor"] == rules["iron_chestplate"].armor.points
    assert (status["weapon"], status["damage"]) == ("stone_axe", rules["stone_axe"].damage)


def test_exploring_ends_where_something_hurts_and_says_so(meadow):
    start = meadow.position()
    meadow.world.tick = meadow.world.tables.rules.world.night_start
    meadow.world.next_second = meadow.world.tick + 20
    for right in (4, 5, 6):
        put_mob(meadow, "skeleton", right, 1)
    assert meadow.explore("east", distance=200) is None
    assert 0 < meadow.world.health <= 16
    assert meadow.position().distance(start) < 50
    assert "stopped exploring: something hurts you" in meadow.observe().events[-1]


def test_deaths_and_broken_tools_outlive_other_events(meadow):
    meadow.world.hurt(99, "zombie")
    for number in range(20):
        meadow.say(f"number {number}")
    events = meadow.observe().events
    assert "died of zombie" in events[0] and events[-1].endswith("number 19")


# What happened, as data.


def happened(world, what):
    return [one for one in world.happenings() if one.what == what]


def test_what_was_mined_crafted_and_used_is_told_as_data(meadow):
    give(meadow, wooden_pickaxe=1, oak_planks=2)
    place = put(meadow, "stone", 1, 0)
    meadow.happenings()
    meadow.mine("stone")
    meadow.craft("stick")
    mined, crafted = [one for one in meadow.happenings() if one.what in ("mined", "crafted")]
    assert (mined.subject, mined.gave, mined.tool, mined.place) == (
        "stone",
        {"cobblestone": 1},
        "wooden_pickaxe",
        place,
    )
    assert (crafted.subject, crafted.used, crafted.gave) == ("stick", {"oak_planks": 2}, {"stick": 4})
    assert meadow.happenings() == []


def test_smelting_killing_placing_eating_and_storing_are_told(meadow):
    give(meadow, furnace=1, chest=1, beef=2, coal=1)
    put_mob(meadow, "cow", 1, 0)
    meadow.kill("cow")
    meadow.place("furnace")
    meadow.smelt("beef", 1, "coal")
    meadow.world.hunger = 3
    meadow.eat("cooked_beef")
    meadow.place("chest")
    meadow.deposit("beef")
    meadow.withdraw("beef")
    told = [(one.what, one.subject) for one in meadow.happenings() if one.what != "saw"]
    assert told == [
        ("killed", "cow"),
        ("placed", "furnace"),
        ("smelted", "beef"),
        ("ate", "cooked_beef"),
        ("placed", "chest"),
        ("stored", "beef"),
        ("withdrew", "beef"),
    ]


def test_deaths_broken_tools_losses_and_refusals_are_told_with_the_reason(meadow):
    give(meadow, golden_pickaxe=1)
    meadow.world.inventory.wear["golden_pickaxe"] = meadow.world.tables.tool("golden_pickaxe").uses - 1
    put(meadow, "stone", 1, 0)
    meadow.mine("stone")
    meadow.world.hurt(99, "zombie")
    fill(meadow)
    give(meadow, stick=1)
    refused(meadow, "craft", "bed")
    told = {one.what: (one.subject, one.why) for one in meadow.happenings()}
    assert told["broke"] == ("golden_pickaxe", "it was worn out")
    assert told["died"] == ("zombie", "killed by zombie")
    assert told["lost"] == ("stick", "the inventory is full")
    assert told["refused"][0] == "bed" and "no item has this name" in told["refused"][1]


def test_the_first_sight_of_a_kind_is_told_once_also_after_a_restore(meadow):
    place = put(meadow, "melon", 2, 0)
    put_mob(meadow, "cow", 3, 0)
    seen = {one.subject: one.place for one in happened(meadow, "saw")}
    assert seen["melon"] == place and "cow" in seen
    meadow.restore(meadow.snapshot())
    assert not happened(meadow, "saw")


def test_gained_and_mined_count_what_came_and_not_what_was_moved(meadow):
    give(meadow, chest=1, oak_planks=2)
    put(meadow, "oak_log", 1, 0)
    meadow.mine("oak_log")
    meadow.craft("oak_planks", 4)
    meadow.place("chest")
    meadow.deposit("oak_planks", 4)
    meadow.withdraw("oak_planks", 4)
    progress = meadow.progress()
    assert progress.mined == {"oak_log": 1}
    assert progress.gained == {"oak_log": 1, "oak_planks": 4}
    assert {"gain", "mine"} <= set(meadow.spec.goals)


def test_positions_of_chests_are_usable_as_they_are(meadow):
    give(meadow, chest=1, stick=1)
    meadow.place("chest")
    place = meadow.call_primitive("chests")[0]["position"]
    assert meadow.call_primitive("deposit", ("stick", 1, place)) == 1
    assert Position.model_validate(place) == meadow.chests()[0]["position"]


def test_how_to_get_a_thing_is_told_once_when_it_is_asked(meadow):
    said = meadow.recipe("stick")
    (told,) = [one for one in meadow.happenings() if one.what == "explained"]
    assert (told.subject, told.why) == ("stick", " ".join(said.split()))
    meadow.recipe("stick")
    assert not [one for one in meadow.happenings() if one.what == "explained"]


def test_what_was_seen_far_away_is_found_in_a_larger_radius(meadow):
    here = meadow.position()
    place = put(meadow, "melon", 2, 0)
    meadow.explore("west", 24)
    assert meadow.position().distance(here) > 16
    assert meadow.find("melon") is None
    assert meadow.find("melon", 64) == place
