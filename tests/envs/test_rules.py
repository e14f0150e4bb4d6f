"""The rules file: every item can be had, and what is wrong is named with its line."""

from __future__ import annotations

import json
import random

import pytest

from fieldcraft.envs.gridworld import GridWorld, RulesError
from fieldcraft.envs.gridworld.loading import DEFAULT_RULES, load_rules
from fieldcraft.envs.gridworld.obtainable import rounds, sources
from fieldcraft.envs.gridworld.scramble import scramble


def test_every_item_can_be_had_from_empty_hands():
    rules, _ = load_rules()
    assert set(rounds(rules)) == set(rules.items)
    assert len(rules.items) >= 120


def test_tools_come_in_the_order_of_their_tiers():
    reached = rounds(load_rules()[0])
    order = ["wooden_pickaxe", "stone_pickaxe", "iron_pickaxe", "diamond_pickaxe"]
    assert sorted(order, key=reached.__getitem__) == order
    assert len({reached[name] for name in order}) == len(order)


@pytest.mark.parametrize(
    ("item", "needs", "count"),
    [
        ("oak_planks", {"oak_log": 1}, 4),
        ("stick", {"planks": 2}, 4),
        ("furnace", {"cobbles": 8}, 1),
        ("iron_pickaxe", {"iron_ingot": 3, "stick": 2}, 1),
        ("torch", {"coals": 1, "stick": 1}, 4),
        ("ladder", {"stick": 7}, 3),
        ("compass", {"iron_ingot": 4, "redstone": 1}, 1),
        ("rail", {"iron_ingot": 6, "stick": 1}, 16),
        ("golden_apple", {"gold_ingot": 8, "apple": 1}, 1),
    ],
)
def test_recipes_have_the_counts_of_minecraft(item, needs, count):
    recipe = next(recipe for recipe in load_rules()[0].recipes if recipe.item == item)
    assert (recipe.needs, recipe.count) == (needs, count)


def _without_diamond_ore(data):
    data["ores"].pop("diamond_ore")


def _in_a_circle(data):
    data["items"] |= {"egg_of_hen": {}, "hen_of_egg": {}}
    data["recipes"] += [
        {"item": "egg_of_hen", "needs": {"hen_of_egg": 1}},
        {"item": "hen_of_egg", "needs": {"egg_of_hen": 1}},
    ]


@pytest.mark.parametrize(
    ("change", "entry", "problem"),
    [
        (lambda data: data["recipes"][3]["needs"].update(oak_plank=1), '"oak_plank"', "did you mean"),
        (lambda data: data["recipes"][3].update(count=-4), '"count": -4', "must be 1 or more"),
        (lambda data: data["items"].update(moon_cheese={}), '"moon_cheese"', "unobtainable"),
        (lambda data: data["blocks"]["stone"].update(color="grey"), '"color": "grey"', "pattern"),
        (lambda data: data["mobs"]["cow"].update(legs=4), '"legs"', "is not known here"),
        (_without_diamond_ore, None, "unobtainable"),
        (_in_a_circle, None, "cycle: egg_of_hen needs hen_of_egg needs egg_of_hen"),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(changed_rules, change, entry, problem):
    path = changed_rules(change)
    with pytest.raises(RulesError, match=problem) as caught:
        load_rules(path)
    line = int(str(caught.value).split("line ")[1].split(":")[0])
    if entry is not None:
        assert entry in path.read_text().splitlines()[line - 1]
    assert line > 1


def _table_of_tables(data):
    next(r for r in data["recipes"] if r["item"] == "crafting_table")["needs"]["crafting_table"] = 1


def _furnace_in_a_furnace(data):
    next(r for r in data["recipes"] if r["item"] == "furnace")["station"] = "furnace"


@pytest.mark.parametrize(
    ("change", "cycle"),
    [
        (_table_of_tables, "crafting_table needs crafting_table"),
        (_furnace_in_a_furnace, "furnace needs furnace"),
    ],
)
def test_a_cycle_is_named_before_what_only_follows_from_it(changed_rules, change, cycle):
    with pytest.raises(RulesError, match=f"line \\d+: recipes.\\d+: cycle: {cycle}"):
        load_rules(changed_rules(change))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"distance": 60', '"distance": Infinity', "diamond_ore.distance: must be a finite number"),
        ('"tags": {', '"recipes": [],\n  "tags": {', "line 434: 'recipes' stands here for the second time"),
        ('"short_grass": 0.', '"short_grass": 0.99', "more than all"),
    ],
)
def test_numbers_and_names_that_make_no_sense_are_refused(tmp_path, old, new, problem):
    path = tmp_path / "rules.json"
    text = DEFAULT_RULES.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(RulesError) as caught:
        load_rules(path)
    assert problem in str(caught.value) and "line " in str(caught.value)


def test_a_doubled_name_is_said_where_the_lines_cannot_be_counted(tmp_path):
    path = tmp_path / "rules.json"
    path.write_text('{"format": 1, "odd": "\\ud800", "format": 1}')
    with pytest.raises(RulesError, match="rules.json: 'format' stands here for the second time"):
        load_rules(path)


def test_brackets_without_end_are_no_rules(tmp_path):
    path = tmp_path / "rules.json"
    path.write_text("[" * 100_000)
    with pytest.raises(RulesError, match="nested too deeply"):
        load_rules(path)


def test_a_file_that_is_no_json_names_the_line(tmp_path):
    path = tmp_path / "rules.json"
    path.write_text('{\n "format": 1,\n oops\n}')
    with pytest.raises(RulesError, match="line 3: not JSON"):
        load_rules(path)


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(ValueError, match="nowhere.json"):
        GridWorld().reset(seed=0, options={"rules": str(tmp_path / "nowhere.json")})


def test_scrambled_rules_are_completable_and_share_no_name(tmp_path):
    names = set(load_rules()[0].items)
    for seed in range(5):
        path = tmp_path / f"{seed}.json"
        path.write_text(json.dumps(scramble(None, seed=seed)))
        rules, _ = load_rules(path)
        assert len(rules.items) == len(names)
        assert not names & {*rules.items, *rules.blocks, *rules.mobs, *rules.tags}
        assert set(rounds(rules)) == set(rules.items)


def test_scrambling_changes_what_recipes_need():
    original, scrambled = load_rules()[0], scramble(None, seed=1)
    words = dict(zip(original.items, scrambled["items"], strict=True))
    words |= dict(zip(original.tags, scrambled["tags"], strict=True))
    before = {(words[r.item], tuple(sorted(words[n] for n in r.needs))) for r in original.recipes}
    after = {(r["item"], tuple(sorted(r["needs"]))) for r in scrambled["recipes"]}
    assert len(before - after) > 30


def test_a_scrambled_world_can_be_lived_in(tmp_path):
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(scramble(None, seed=2)))
    world = GridWorld()
    seen = world.reset(seed=1, options={"rules": str(path)})
    block = random.Random(0).choice(seen.nearby_blocks)
    assert block in world.spec.names.blocks
    assert world.spec.names.items == tuple(sorted(load_rules(path)[0].items))


def test_every_item_says_where_it_comes_from():
    rules, _ = load_rules()
    assert all(sources(rules)[item] for item in rules.items)
