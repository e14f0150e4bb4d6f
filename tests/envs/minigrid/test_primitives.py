"""Primitives lead over what was seen, do what missions take, and say what is missing."""

from __future__ import annotations

import pytest
from playing import find, solve

from fieldcraft.envs import EpisodeEnded, PrimitiveError


def at(world, level, seed=0):
    return world.reset(seed=seed, options={"id": level})


@pytest.mark.parametrize(
    "level", ["BabyAI-GoToObj-v0", "BabyAI-GoToObjMazeS5-v0", "BabyAI-Open-v0", "BabyAI-PutNextS5N2-v0"]
)
def test_a_short_program_does_the_missions_of_a_level(world, level):
    ends = [solve(world, at(world, level, seed).task) for seed in range(10)]
    assert [end for end in ends if not end.startswith("terminated (the mission is done")] == []


def test_a_goal_is_stepped_onto_and_lava_is_walked_around(world):
    for seed in range(5):
        at(world, "MiniGrid-LavaCrossingS9N1-v0", seed)
        with pytest.raises(EpisodeEnded, match="the mission is done"):
            find(world, "goal", None)
            world.call_primitive("go_to", ("goal",))


def test_a_locked_door_takes_the_key_of_its_colour(world):
    at(world, "MiniGrid-DoorKey-8x8-v0", 1)
    find(world, "door", None)
    with pytest.raises(PrimitiveError, match=r"it is locked; need a \w+ key \(you carry nothing\)"):
        world.call_primitive("open")
    find(world, "key", None)
    world.call_primitive("pick_up", ("key",))
    assert world.call_primitive("open").startswith("open ")
    assert {"pick_up_key", "unlock_door", "open_door"} <= set(world.progress().achieved["achievements"])
    with pytest.raises(PrimitiveError, match="cannot open a door: it is open already"):
        world.call_primitive("open")
    assert [one.what for one in world.happenings()] == ["picked_up", "unlocked", "opened"]
    with pytest.raises(EpisodeEnded, match="the mission is done"):
        find(world, "goal", None)
        world.call_primitive("go_to", ("goal",))


def test_exploring_sees_all_that_can_be_reached_and_then_says_so(world):
    at(world, "BabyAI-GoTo-v0", 3)
    with pytest.raises(PrimitiveError, match="cannot explore further: all that can be reached was seen"):
        while True:
            world.call_primitive("explore")
    level = world._play.environment
    there = sorted(cell.type for cell in level.grid.grid if cell is not None and cell.type != "wall")
    assert sorted(thing["kind"] for thing in world.call_primitive("look")["things"]) == there


def test_errors_say_what_is_missing_and_cost_no_step(world):
    at(world, "BabyAI-GoTo-v0", 3)
    calls = [
        ("go_to", ("ball", "purple"), "cannot go to a purple ball: none was seen in this episode; explore()"),
        ("pick_up", ("object", "purple", "x"), "pick_up"),
        ("pick_up", (), "cannot pick up nothing: need a ball, a box or a key in front"),
        ("drop", (), "cannot drop: you carry nothing"),
        ("toggle", (), "cannot toggle: need a door or a box in front"),
        ("open", ("key",), "cannot open a key: only a door or a box can be opened"),
        ("open", ("door", "red"), "cannot open a red door: none was seen"),
        ("go_to", ("dragon",), "argument 0"),
        ("forward", (0,), "times has to be from 1 to 100 (got 0)"),
    ]
    for name, arguments, message in calls:
        with pytest.raises(PrimitiveError) as refused:
            world.call_primitive(name, arguments)
        assert message in str(refused.value)
    assert world.tick == 0


def test_one_thing_is_carried_and_dropped_into_an_empty_cell(world):
    at(world, "BabyAI-GoTo-v0", 3)
    assert world.call_primitive("pick_up", ("key",)) == "purple key"
    assert "Carrying a purple key" in world.observe().words
    with pytest.raises(PrimitiveError, match=r"drop\(\) the purple key first"):
        world.call_primitive("pick_up", ("ball",))
    world.call_primitive("go_to", ("ball", "blue"))
    with pytest.raises(PrimitiveError, match="need an empty cell in front .there is a blue ball"):
        world.call_primitive("drop")
    with pytest.raises(PrimitiveError, match="cannot go forward: a blue ball is in the way"):
        world.call_primitive("forward")
    where = world.call_primitive("go_next_to", ("ball", "blue"))
    assert world.call_primitive("drop") == "purple key"
    assert where in {"2 ahead", "1 ahead, 1 left", "1 ahead, 1 right"}


def test_the_map_and_looking_take_no_step(world):
    at(world, "BabyAI-GoTo-v0", 3)
    looked = world.call_primitive("look")
    assert looked["things"][0] == {
        **{"name": "grey ball", "kind": "ball", "colour": "grey", "where": "2 ahead", "in_view": True},
        **{"ahead": 2, "right": 0, "position": [0, 2]},
    }
    assert (looked["facing"], looked["carrying"], looked["mission"]) == ("south", None, "go to a grey box")
    assert world.call_primitive("map").startswith("...v..#\n.k....#\n")
    assert world.tick == 0


def test_a_way_that_something_moves_into_is_planned_again_or_the_episode_ends(world):
    for seed in range(5):
        at(world, "MiniGrid-Dynamic-Obstacles-8x8-v0", seed)
        try:
            world.call_primitive("go_to", ("goal",))
        except (EpisodeEnded, PrimitiveError) as ended:
            assert "mission" in str(ended) or "goal" in str(ended)
