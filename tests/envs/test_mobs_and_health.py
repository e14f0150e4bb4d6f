"""Mobs, fights, death, armour, hunger."""

from __future__ import annotations

from meadow import give, put_mob, refused

from fieldcraft.envs import KillGoal
from fieldcraft.envs.gridworld import GridWorld


def test_killing_hunts_and_takes_the_drops(meadow):
    since = meadow.progress()
    put_mob(meadow, "cow", 5, 0)
    assert meadow.kill("cow") >= 1
    assert meadow.inventory()["beef"] >= 1
    assert meadow.check(KillGoal(mob="cow"), since).met
    assert refused(meadow, "kill", "cow") == "cannot kill cow: none in view; explore to find one"
    assert "no mob has this name; did you mean 'cow'" in refused(meadow, "kill", "cwo")


def test_a_sword_kills_faster_than_a_fist(meadow):
    times = []
    for sword in (0, 1):
        give(meadow, **({"iron_sword": 1} if sword else {}))
        put_mob(meadow, "sheep", 1, 0)
        start = meadow.tick
        meadow.kill("sheep")
        times.append(meadow.tick - start)
    assert times[1] < times[0]


def test_hostile_mobs_attack_at_night_and_death_keeps_the_inventory_by_default(meadow):
    state = meadow.world
    state.tick = state.tables.rules.world.night_start
    state.next_second = state.tick + 20
    give(meadow, stick=3)
    meadow.goto(meadow.position().offset(4, 0, 0))
    for column in (2, 3, 4):
        put_mob(meadow, "zombie", column, 0)
    for _ in range(20):
        meadow.wait(60)
        if meadow.progress().deaths:
            break
    assert meadow.progress().deaths == 1
    assert meadow.inventory() == {"stick": 3}
    assert any("died of zombie" in event for event in meadow.observe().events)


def test_death_loses_the_inventory_where_the_option_says_so():
    world = GridWorld()
    world.reset(seed=0, options={"mob_density": 0, "keep_inventory": False})
    give(world, stick=3)
    world.world.hurt(99, "a test of patience")
    assert world.inventory() == {}
    assert world.observe().health == 20


def test_armour_takes_off_some_of_the_damage(meadow):
    meadow.world.hurt(10, "a falling rock")
    bare = 20 - meadow.observe().health
    meadow.world.health = 20
    give(meadow, iron_chestplate=1, iron_helmet=1)
    assert meadow.equip("iron_chestplate") == "torso"
    assert meadow.equip("iron_helmet") == "head"
    meadow.world.hurt(10, "a falling rock")
    assert 20 - meadow.observe().health < bare
    assert meadow.observe().equipment == {"torso": "iron_chestplate", "head": "iron_helmet"}


def test_hunger_grows_and_food_fills(meadow):
    give(meadow, bread=1)
    assert refused(meadow, "eat") == "cannot eat: you are not hungry"
    while meadow.observe().hunger > 14:
        meadow.wait(1200)
    assert meadow.eat() == "bread"
    assert meadow.observe().hunger == 19
    assert refused(meadow, "eat", "stick") == "cannot eat stick: it is not food"


def test_where_animals_were_hunted_some_come_back_out_of_view():
    world = GridWorld()
    world.reset(seed=3)
    state = world.world
    for cell in list(state.mobs):
        state.remove_mob(cell)
    for _ in range(200):
        world.wait(100)
    came = [state.tables.mob_names[mob >> 8] for mob in state.mobs.values()]
    peaceful = [name for name in came if not state.tables.rules.mobs[name].hostile]
    assert 2 <= len(peaceful) <= 3 * state.tables.rules.world.animal_cap
