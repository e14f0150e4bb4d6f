"""Worlds of other kinds: variants, permutations, and what options put out of reach."""

from __future__ import annotations

import pytest

from fieldcraft.envs.gridworld import GridWorld, RulesError
from fieldcraft.envs.gridworld.loading import load_rules
from fieldcraft.envs.gridworld.obtainable import living_mobs, rounds
from fieldcraft.envs.gridworld.scramble import scrambled_rules

VARIANTS = list(load_rules()[0].variants)
GOALS = {"diamond_pickaxe", "golden_sword", "lava_bucket", "compass"}


def made(seed: int = 0, **options: object) -> GridWorld:
    world = GridWorld()
    world.reset(seed=seed, options=options)
    return world


def biome_share(world: GridWorld, name: str) -> float:
    state = world.world
    return state.biomes.count(state.options.biomes.index(name)) / len(state.biomes)


def block_share(world: GridWorld, name: str) -> float:
    state = world.world
    return state.surface.count(state.tables.block_ids[name]) / state.size**2


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name != "permuted"])
@pytest.mark.parametrize("seed", range(3))
def test_the_goals_of_a_new_world_can_be_had_in_every_variant(variant, seed):
    state = made(seed, variant=variant).world
    rules = state.tables.rules
    there = {name for name, block in state.tables.block_ids.items() if block in state.surface}
    assert rounds(rules, blocks=there, mobs=living_mobs(rules, state.options.biomes)).keys() >= GOALS
    assert there >= rules.ores.keys()


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_is_another_world_than_the_plain_one(variant):
    assert made(variant=variant).world_hash() != made().world_hash()


def test_variants_are_what_they_say():
    assert biome_share(made(variant="desert"), "desert") > 3 * biome_share(made(), "desert")
    assert biome_share(made(variant="winter"), "snowy_plains") > biome_share(made(), "snowy_plains")
    assert block_share(made(variant="islands"), "water") > 2 * block_share(made(), "water")
    assert block_share(made(variant="caverns"), "lava") > 2 * block_share(made(), "lava")
    assert len(made(variant="wild").world.mobs) > 2 * len(made().world.mobs)
    deep, plain = made(variant="deep").world, made().world
    for world, distance in ((deep, 80), (plain, 60)):
        assert world.tables.rules.ores["diamond_ore"].distance == distance


def test_a_given_option_stands_above_the_variant():
    options = made(variant="wild", mob_density=0, biomes="taiga, desert").spec.options
    assert options["mob_density"] == 0
    assert options["keep_inventory"] is False
    assert options["biomes"] == ["taiga", "desert"]


def test_a_snapshot_of_a_variant_comes_back_in_another_process_memory():
    world, other = made(variant="desert", permutation=4), GridWorld()
    other.restore(world.snapshot())
    assert other.world_hash() == world.world_hash()
    assert other.spec == world.spec


def test_a_permutation_is_the_world_of_the_file_that_permute_writes(tmp_path):
    path = tmp_path / "rules.json"
    path.write_text(scrambled_rules(None, seed=5))
    with_file, without = made(rules=str(path)), made(permutation=5)
    assert with_file.observe() == without.observe()
    assert with_file.world.surface == without.world.surface
    assert made(variant="permuted").observe() == made(permutation=1).observe()


def test_a_world_with_names_of_its_own_does_not_claim_those_of_minecraft():
    assert "Minecraft" in made().spec.description
    assert "Minecraft" not in made(permutation=3).spec.description


def test_remarks_name_what_the_options_put_out_of_reach():
    assert made().remarks() == ("every one of the 253 items can be had from empty hands",)
    remark = made(biomes=["desert", "savanna"]).remarks()[0]
    assert "of the 253 items" in remark and "oak_log" in remark and "acacia_log" not in remark
    assert "beef" in made(mob_density=0).remarks()[0]


def test_the_options_are_told_with_their_defaults_and_choices():
    told = {option.name: option for option in made().option_reference()}
    assert set(told) == set(made().spec.options)
    assert list(told["variant"].choices) == VARIANTS
    assert told["mob_density"].default == 1.0


@pytest.mark.parametrize(
    ("change", "entry", "problem"),
    [
        (lambda v: v["deep"]["ores"]["diamond_ore"].update(depth=-2), '"depth": -2', "must be 1 or more"),
        (lambda v: v["deep"]["ores"].update(mithril_ore={}), '"mithril_ore"', "no ore 'mithril_ore'"),
        (lambda v: v["desert"].update(biomes=["dessert"]), '"dessert"', "did you mean 'desert'"),
        (lambda v: v["islands"]["terrain"].update(water="watr"), '"water": "watr"', "unknown block"),
        (lambda v: v["islands"]["terrain"].update(tide=1), '"tide"', "is not known here"),
    ],
)
def test_a_wrong_variant_is_named_with_its_line(changed_rules, change, entry, problem):
    path = changed_rules(lambda data: change(data["variants"]))
    with pytest.raises(RulesError, match=problem) as caught:
        load_rules(path)
    line = int(str(caught.value).split("line ")[1].split(":")[0])
    assert entry in path.read_text().splitlines()[line - 1]


def test_an_unknown_variant_names_the_nearest():
    with pytest.raises(ValueError, match="no variant 'dessert'; did you mean 'desert'"):
        made(variant="dessert")


def test_a_variant_that_does_not_fit_the_size_says_which_size_would():
    with pytest.raises(ValueError, match="too small for its ores: no room for 12 diamond_ore 80 tiles"):
        made(variant="deep", size=64)
