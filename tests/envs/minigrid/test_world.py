"""What the agent sees, which missions it is given, how they are scored, and how an episode ends."""

from __future__ import annotations

import io

import pytest
from minigrid.core import constants
from minigrid.core.actions import Actions
from PIL import Image
from playing import expert, step_at_random

from fieldcraft.envs import AchieveGoal, EpisodeEnded, ScoreGoal, make
from fieldcraft.envs.minigrid import cells, paths

EXPERT_LEVELS = ("GoToObj-v0", "GoTo-v0", "PutNextS5N2-v0", "UnlockPickupDist-v0", "BossLevel-v0")


def test_the_numbers_are_those_of_the_package():
    assert dict(enumerate(cells.KINDS)) == constants.IDX_TO_OBJECT
    assert dict(enumerate(cells.COLOURS)) == constants.IDX_TO_COLOR
    assert {name: number for number, name in enumerate(cells.STATES)} == constants.STATE_TO_IDX
    assert [tuple(step) for step in constants.DIR_TO_VEC] == list(cells.STEPS)
    assert list(Actions) == [
        paths.LEFT, paths.RIGHT, paths.FORWARD, paths.PICK_UP, paths.DROP, paths.TOGGLE, paths.DONE,
    ]  # fmt: skip


def test_the_mission_is_the_task_and_the_view_is_in_words(world):
    seen = world.reset(seed=3, options={"id": "BabyAI-GoTo-v0"})

    assert seen.task == "go to a grey box"
    assert str(seen.goal) == "do the mission: go to a grey box"
    assert "Facing south, where the episode began. Carrying nothing. In front: a free cell." in seen.words
    assert "grey ball (2 ahead), purple key (1 ahead, 2 right)" in seen.words
    assert "closed green door (4 ahead, 2 right)" in seen.words
    assert "Walls: 4 ahead, 3 left." in seen.words
    assert seen.extra["map"].splitlines()[1:] == ["...v..#", ".k....#", "b.xb..#", "......#", "#d#####"]


def test_the_map_is_what_was_seen_and_nothing_else(world):
    for level in ("BabyAI-BossLevel-v0", "MiniGrid-LavaCrossingS11N5-v0", "MiniGrid-MultiRoom-N6-v0"):
        world.reset(seed=5, options={"id": level})
        play = world._play
        start, shown = play._start, set()
        for step in range(40):
            grid, mask = play.environment.gen_obs_grid()
            shown |= {
                cells.placed(play.memory.here, play.memory.facing, grid.height - 1 - row, column - 3)
                for column in range(grid.width)
                for row in range(grid.height)
                if mask[column, row]
            }
            for place, cell in play.memory.cells.items():
                there = play.environment.grid.get(place[0] + start[0], place[1] + start[1])
                if there is not None and place != play.memory.here:
                    assert cell.kind == there.type
            step_at_random(world, 1, step)
        assert set(play.memory.cells) <= shown | {play.memory.here, (0, 0)} | set(play.memory.view)
        assert len(play.memory.cells) < play.environment.width * play.environment.height


@pytest.mark.parametrize("level", EXPERT_LEVELS)
def test_the_expert_of_the_package_succeeds_through_the_primitives(world, level):
    for seed in range(3):
        begun = world.reset(seed=seed, options={"id": f"BabyAI-{level}"})
        since = world.progress()
        assert not world.check(begun.goal, since).met
        assert expert(world).startswith("terminated (the mission is done")

        seen, limit = world.observe(), world._play.limit
        assert seen.scores == {"success": 1.0, "reward": pytest.approx(1 - 0.9 * seen.tick / limit)}
        assert world.check(begun.goal, since).met
        assert world.check(ScoreGoal(score="success", at_least=1), since).met
        assert world.check(AchieveGoal(achievement="mission_done"), since).met
        assert world.progress().achieved["missions"] == {begun.task: seen.tick}


def test_the_goal_of_another_mission_is_not_met_and_says_which_there_is(world):
    world.reset(seed=0, options={"id": "BabyAI-GoToObj-v0"})
    since, goal = world.progress(), world.observe().goal
    world.reset(seed=1, options={"id": "BabyAI-GoToObj-v0"})
    expert(world)

    found = world.check(goal, since)
    assert not found.met
    assert found.detail == "the mission of this episode is another: go to the yellow key"


def test_the_limit_of_steps_ends_the_episode_and_the_next_one_begins(world):
    world.reset(seed=1, options={"id": "BabyAI-GoTo-v0", "max_steps": 3})
    with pytest.raises(EpisodeEnded, match=r"truncated \(the limit of 3 steps is reached\)"):
        for _ in range(3):
            world.call_primitive("left")
    assert world.tick == 3
    for name in ("look", "map", "left", "explore"):
        with pytest.raises(EpisodeEnded, match="truncated"):
            world.call_primitive(name)
    assert world.observe().scores == {"success": 0.0, "reward": 0.0}

    second = world.begin_episode(seed=1, number=2, options={"id": "BabyAI-GoTo-v0", "max_steps": 3})
    assert (second.tick, second.ended) == (0, None)
    assert second == world.reset(seed=2, options={"id": "BabyAI-GoTo-v0", "max_steps": 3})


def test_lava_ends_the_episode_without_success(world):
    world.reset(seed=0, options={"id": "MiniGrid-LavaGapS5-v0"})
    assert world.call_primitive("look")["things"][0]["where"] == "1 ahead"
    with pytest.raises(EpisodeEnded, match="the mission failed"):
        world.call_primitive("forward")
    assert world.observe().scores == {"success": 0.0, "reward": 0.0}


def test_the_picture_shows_what_the_agent_sees(world):
    world.reset(seed=1)
    before = world.snapshot()
    with Image.open(io.BytesIO(world.render())) as picture:
        assert picture.size == (7 * 32, 7 * 32)
    assert world.snapshot() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"id": "BabyAI-GoToObjj-v0"}, "no level 'BabyAI-GoToObjj-v0'; did you mean 'BabyAI-GoToObj-v0'"),
        ({"id": "chess"}, "no level 'chess'; BabyAI's begin with BabyAI-"),
        ({"id": 7}, "no level 7"),
        ({"level": "x"}, "unknown option 'level'"),
        ({"max_step": 3}, "unknown option 'max_step'; did you mean 'max_steps'"),
        ({"max_steps": 0}, "max_steps: give a whole number from 1"),
        ({"max_steps": True}, "max_steps: give a whole number from 1"),
    ],
)
def test_a_wrong_option_is_refused_and_changes_nothing(world, options, message):
    before = world.reset(seed=4)
    with pytest.raises(ValueError, match=message):
        world.reset(seed=0, options=options)
    assert world.observe() == before


def test_an_id_without_version_is_its_latest(world):
    world.reset(seed=0, options={"id": "MiniGrid-MultiRoom-N4-S5"})
    assert "MiniGrid-MultiRoom-N4-S5-v1" in world.spec.description


def test_worlds_of_one_process_are_apart():
    one, two = make("minigrid-v1"), make("minigrid-v1")
    first = one.reset(seed=1)
    two.reset(seed=2)
    step_at_random(two, 20, 0)
    assert one.observe() == first
