"""The games of TextWorld: walkthroughs win, primitives say what is missing, and lives are repeatable."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from random import Random

import pytest

from fieldcraft.bench import benchmark
from fieldcraft.envs import EpisodeEnded, PrimitiveError, check_environment, make
from fieldcraft.envs.textworld.play import ACHIEVEMENTS

SEEDS = (1,) if os.environ.get("CI") else (1, 2, 3)
"""CI plays one of each kind."""
COOKING = {"game": "cooking", "recipe": 2, "go": 6}
LIVES = """
import contextlib, hashlib, sys
from random import Random
from fieldcraft.envs import EpisodeEnded, make
world, draws = make("textworld-v1"), Random(7)
for game in ({"game": "cooking", "recipe": 2, "go": 6}, {"game": "coin_collector", "level": 105}):
    lived = world.reset(seed=2, options=game).model_dump_json()
    with contextlib.suppress(EpisodeEnded):
        for _ in range(40):
            lived += world.call_primitive("command", (draws.choice(world.call_primitive("commands")),))
    lived += world.observe().model_dump_json() + world.progress().model_dump_json()
    print(hashlib.sha256(lived.encode() + world.snapshot()).hexdigest())
"""


def step_at_random(world, steps, seed):
    draws = Random(seed)
    with contextlib.suppress(EpisodeEnded):
        for _ in range(steps):
            world.call_primitive("command", (draws.choice(world.call_primitive("commands")),))


def test_it_keeps_every_rule_of_the_contract(world):
    assert [str(problem) for problem in check_environment(world, name="textworld-v1")] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_the_walkthrough_wins_through_the_primitives(world, options, seed):
    seen = world.reset(seed=seed, options=options)
    assert seen.scores == {"score": 0, "progress": 0} and seen.goal.kind == "win"
    with pytest.raises(EpisodeEnded, match="the game is won"):
        benchmark("textworld").expert(world, Random(1))
    assert world.observe().scores["progress"] == 1.0
    assert world.check(seen.goal, world.progress()).met
    assert set(world.progress().achieved["achievements"]) <= set(ACHIEVEMENTS)


def test_processes_make_and_live_through_the_same_games(tmp_path):
    lived = [
        subprocess.run(
            [sys.executable, "-c", LIVES],
            env={
                **os.environ,
                "PYTHONHASHSEED": str(number),
                "FIELDCRAFT_CACHE": str(tmp_path / str(number)),
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for number in (1, 2)
    ]
    assert len(set(lived[0])) == 2 and lived[0] == lived[1]


def test_a_snapshot_after_fifty_commands_goes_on_as_the_world_did(world):
    world.reset(seed=1, options={**COOKING, "steps": 200})
    step_at_random(world, 50, 1)
    snapshot, seen, progress = world.snapshot(), world.observe(), world.progress()
    step_at_random(world, 20, 2)
    later = world.snapshot()
    other = make("textworld-v1")
    for restored in (world, other):
        restored.restore(snapshot)
        assert (restored.observe(), restored.progress(), restored.tick) == (seen, progress, seen.tick)
        step_at_random(restored, 20, 2)
        assert restored.snapshot() == later
    other.close()


def test_damaged_snapshots_are_refused_and_change_nothing(world):
    world.reset(seed=1, options=COOKING)
    step_at_random(world, 5, 1)
    snapshot, seen = world.snapshot(), world.observe()
    for content in (b"", b"[", snapshot[:-1], snapshot + b" ", snapshot.replace(b'"seed": 1', b'"seed": 2')):
        with pytest.raises(ValueError, match="snapshot"):
            world.restore(content)
        assert (world.observe(), world.snapshot()) == (seen, snapshot)


def test_a_game_that_was_damaged_in_the_cache_is_made_again(world):
    world.reset(seed=1, options=COOKING)
    story = world._play.engine.story
    world.close()
    story.write_bytes(b"damaged")
    assert world.reset(seed=1, options=COOKING).ended is None
    assert story.stat().st_size > 1_000


def test_what_cannot_be_done_is_refused_in_the_game_s_words_and_takes_no_step(world):
    world.reset(seed=1, options=COOKING)
    calls = [
        ("open", ("moon",), "cannot open moon: You can't see any such thing."),
        ("go_to", ("mars",), "it was not entered in this episode"),
        ("take", ("toilet seat",), "You can't see any such thing."),
        ("command", ("save",), "this game has no verb 'save'"),
        ("command", ("restart",), "this game has no verb 'restart'"),
        ("command", ("tw-trace-actions",), "this game has no verb"),
        ("command", ("look. save",), "give one command"),
        ("command", ("look then undo",), "give one command"),
        ("go", ("up",), "argument 0"),
    ]
    for name, arguments, message in calls:
        with pytest.raises(PrimitiveError) as refused:
            world.call_primitive(name, arguments)
        assert message in str(refused.value)
    assert world.tick == 0


def test_exploring_sees_each_room_and_the_map_leads_back(world):
    world.reset(seed=1, options=COOKING)
    start = world.call_primitive("look")["room"]
    with pytest.raises(PrimitiveError, match="cannot explore further"):
        while True:
            world.call_primitive("explore")
    rooms = world.call_primitive("map")
    assert len(rooms) == 6 and "cookbook" in rooms["kitchen"]["things"]
    assert all(leads["to"] for room in rooms.values() for leads in room["exits"].values())
    world.call_primitive("go_to", ("kitchen",))
    assert "Recipe #1" in world.call_primitive("examine", ("cookbook",))
    world.call_primitive("go_to", (start,))
    assert world.call_primitive("look")["room"] == start


def test_an_episode_ends_at_its_limit_of_commands(world):
    world.reset(seed=1, options={**COOKING, "steps": 2})
    world.call_primitive("command", ("look",))
    with pytest.raises(EpisodeEnded, match="truncated .the limit of 2 commands"):
        world.call_primitive("command", ("wait",))
    assert world.observe().ended.outcome == "truncated"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"gane": "cooking"}, "did you mean 'game'"),
        ({"game": "cookin"}, "did you mean 'cooking'"),
        ({"game": "cooking", "level": 3}, "option level: cooking has none"),
        ({"game": "treasure_hunter", "recipe": 3}, "option recipe: treasure_hunter has none"),
        ({"game": "treasure_hunter", "level": 31}, "levels from 1 to 30"),
        ({"recipe": 2, "take": 3}, "at most 2"),
        ({"go": 7}, "option go"),
        ({"steps": 0}, "option steps"),
    ],
)
def test_wrong_options_are_named(world, options, said):
    with pytest.raises(ValueError, match=said):
        world.reset(seed=1, options=options)


def test_a_guided_game_tells_each_step(world):
    plain = world.reset(seed=1, options={"game": "coin_collector", "level": 105}).words
    guided = world.reset(seed=1, options={"game": "coin_collector", "level": 105, "guided": True}).words
    assert len(guided.splitlines()[0]) > len(plain.splitlines()[0])


def test_without_the_package_the_extra_is_named():
    code = (
        "import importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'textworld' else found(name, *more)\n"
        "import fieldcraft.envs\n"
        "fieldcraft.envs.make('textworld-v1')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'fieldcraft[textworld]'" in done.stderr.splitlines()[-1]
