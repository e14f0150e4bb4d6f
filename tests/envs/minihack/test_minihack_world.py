"""MiniHack and NetHack are played by their rules, scored as published, and repeatable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from descending import descend, press_at_random

from fieldcraft.envs import AchieveGoal, EpisodeEnded, PrimitiveError, check_environment, make
from fieldcraft.envs.minihack import levels
from fieldcraft.envs.minihack.saved import LARGEST
from fieldcraft.envs.minihack.tasks import task_of

LEVELS = (
    "MiniHack-KeyRoom-S5-v0",
    "MiniHack-MultiRoom-N4-Monster-v0",
    "MiniHack-Quest-Hard-v0",
    "NetHackScore-v0",
    "NetHackChallenge-v0",
)
HASHES = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from descending import press_at_random
from fieldcraft.envs import make
world = make("minihack-v1")
for seed in range(20):
    lived = world.reset(seed=seed, options={"id": sys.argv[2 + seed % (len(sys.argv) - 2)]}).model_dump_json()
    press_at_random(world, 30, seed)
    lived += world.observe().model_dump_json() + world.progress().model_dump_json()
    print(hashlib.sha256(lived.encode() + world.snapshot()).hexdigest())
world.close()
"""
WITHOUT = """
import importlib.util as u
found = u.find_spec
u.find_spec = lambda name, *more: None if name == "nle" else found(name, *more)
import os
os.environ["PATH"] = ""
from fieldcraft.envs import BrokenEnvironment, make
try:
    make("minihack-v1")
except BrokenEnvironment as error:
    print(error)
"""


def at(world, level, seed=0, **options):
    return world.reset(seed=seed, options={"id": level, **options})


def test_it_keeps_every_rule_of_the_contract(world):
    assert [str(problem) for problem in check_environment(world, name="minihack-v1")] == []


@pytest.mark.parametrize(
    "level",
    [
        "MiniHack-Room-Dark-15x15-v0",
        "MiniHack-Corridor-R3-v0",
        "MiniHack-KeyRoom-Dark-S5-v0",
        "MiniHack-MazeWalk-9x9-v0",
        "MiniHack-MultiRoom-N4-v0",
        "MiniHack-MultiRoom-N2-Locked-v0",
    ],
)
def test_a_player_that_explores_and_opens_doors_succeeds(world, level):
    for seed in range(3):
        goal = at(world, level, seed).goal
        since = world.progress()
        assert not world.check(goal, since).met

        assert descend(world).startswith("terminated (the task is done")
        assert world.observe().scores["success"] == 1.0
        assert world.observe().scores["reward"] > 0
        assert world.check(goal, since).met
        assert world.check(AchieveGoal(achievement="task_done"), since).met


@pytest.mark.parametrize(
    ("level", "calls"),
    [
        ("Eat", [("walk_to", "apple"), ("pick_up",), ("eat", "apple")]),
        ("Eat-Fixed", [("walk_to", "apple"), ("eat",)]),
        ("Wear", [("walk_to", "robe"), ("pick_up", "robe"), ("use", "wear", "robe")]),
        ("Wield", [("walk_to", "dagger"), ("pick_up",), ("use", "wield", "dagger")]),
        ("PutOn", [("walk_to", "amulet"), ("pick_up",), ("use", "puton", "amulet")]),
        ("Zap", [("walk_to", "wand"), ("pick_up",), ("use", "zap", "wand", "north")]),
        ("Read", [("walk_to", "scroll"), ("pick_up",), ("use", "read", "scroll")]),
        ("Pray", [("walk_to", "altar"), ("use", "pray")]),
        ("Sink", [("walk_to", "sink"), ("use", "quaff")]),
        ("WoD-Easy-Full", [("use", "zap", "wand", "east")]),
    ],
)
def test_each_skill_of_minihack_is_done_by_a_few_calls(world, level, calls):
    at(world, f"MiniHack-{level}-v0")
    with pytest.raises(EpisodeEnded, match="the task is done"):
        for name, *arguments in calls:
            world.call_primitive(name, arguments)


def test_the_wrong_exit_is_no_success(world):
    ends = set()
    for seed in range(4):
        at(world, "MiniHack-Memento-Short-F2-v0", seed)
        ends.add(descend(world))
        assert world.observe().scores["success"] == float("done" in str(world.observe().ended))
    assert "terminated (the task failed, reward -1)" in ends


def test_looking_tells_what_is_seen_and_takes_no_step(world):
    seen = at(world, "MiniHack-KeyRoom-S5-v0", 5)
    look = world.call_primitive("look")
    thing = look["things"][0]
    assert thing["name"] == "a key"
    assert (look["x"] + thing["east"], look["y"] + thing["south"]) == (thing["x"], thing["y"])
    assert look["inventory"]["a"].startswith("a +0 short sword")
    assert world.call_primitive("map") == "----  |\n|@....|\n|..(..|\n-------"
    assert "a key (1 south 2 east)" in seen.words
    assert world.call_primitive("messages")[0].startswith("step 0: Hello")
    assert world.tick == 0

    assert world.call_primitive("walk_to", ("key",)) is True
    world.call_primitive("pick_up")
    assert [one.what for one in world.happenings()] == ["picked_up"]
    assert "pick_up" in world.progress().achieved["achievements"]
    assert world.tick == 3


def test_errors_say_what_is_missing(world):
    at(world, "MiniHack-KeyRoom-S5-v0", 5)
    calls = [
        (
            "walk_to",
            ("dragon",),
            "cannot walk to 'dragon': none is seen (seen: a key); explore() may find one",
        ),
        ("walk_to_place", (0, 0), "cannot walk to (0, 0): no ground that was seen leads there"),
        ("apply", ("wand",), "you hold no 'wand' (you hold a - a +0 short sword"),
        ("pick_up", (), "picked up nothing"),
        ("eat", (), "MiniHack-KeyRoom-S5-v0 has no key 'eat'"),
        ("press", ("nrth",), "has no key 'nrth'; did you mean 'north'"),
        ("move", ("west",), "could not move west"),
        ("move", ("up",), "argument 0"),
        ("choose", ("a",), "no menu is open"),
    ]
    for name, arguments, message in calls:
        with pytest.raises(PrimitiveError) as refused:
            world.call_primitive(name, arguments)
        assert message in str(refused.value)


def test_the_key_is_not_applied_diagonally_which_would_never_end(world):
    at(world, "MiniHack-KeyRoom-S5-v0", 5)
    world.call_primitive("walk_to", ("key",))
    world.call_primitive("pick_up")
    world.call_primitive("explore")
    with pytest.raises(PrimitiveError, match="stand straight before the closed door"):
        world.call_primitive("apply", ("key", "northwest"))
    world.call_primitive("walk_to", ("closed door",))
    world.call_primitive("apply", ("key", "west"))
    assert "open door" in world.observe().words or "doorway" in world.observe().words


def test_menus_are_read_and_answered(world):
    at(world, "NetHackChallenge-v0", 3)
    world.call_primitive("press", ("inventory",))
    assert "d - an uncursed scroll of light" in world.call_primitive("look")["menu"]
    assert "A menu is open (choose): Armor; a - " in world.observe().words
    world.call_primitive("choose")
    assert world.call_primitive("look")["menu"] == []

    for item in ("scroll of light", "spellbook", "potions"):
        world.call_primitive("use", ("drop", item))
    assert "scroll of light" in world.call_primitive("pick_up", ("scroll",))
    held = world.call_primitive("look")["inventory"].values()
    assert [name for name in held if "scroll" in name or "spellbook" in name] == [
        "an uncursed scroll of light"
    ]
    world.call_primitive("pick_up")
    held = list(world.call_primitive("look")["inventory"].values())
    assert any("potions" in name for name in held) and any("spellbook" in name for name in held)


def test_a_level_without_task_has_scores_and_depths(world):
    seen = at(world, "NetHackScore-v0", 3)
    assert (seen.task, seen.goal) == (None, None)
    assert set(seen.scores) == {"reward", "score", "depth"}
    assert world.progress().found() == {}
    assert world.progress().given == {"depths": ["depth 1"]}


def test_the_limit_of_steps_ends_the_episode_and_the_next_one_begins(world):
    options = {"id": "MiniHack-KeyRoom-S5-v0", "max_steps": 3}
    world.reset(seed=1, options=options)
    with pytest.raises(EpisodeEnded, match=r"truncated \(the limit of 3 steps is reached\)"):
        world.call_primitive("press", ("pickup", 5))
    for name in ("look", "map", "explore"):
        with pytest.raises(EpisodeEnded, match="truncated"):
            world.call_primitive(name)
    second = world.begin_episode(seed=1, number=2, options=options)
    assert (second.tick, second.ended) == (0, None)
    assert second == world.reset(seed=2, options=options)


def test_three_processes_live_through_the_same_for_twenty_seeds():
    here = str(Path(__file__).parent)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", HASHES, here, *LEVELS],
            env={**os.environ, "PYTHONHASHSEED": str(number)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in (1, 2, 3)
    ]
    lived = [process.communicate()[0].split() for process in running]
    assert len(set(lived[0])) == 20
    assert lived[0] == lived[1] == lived[2]


@pytest.mark.parametrize("level", LEVELS)
def test_a_snapshot_after_fifty_keys_goes_on_as_the_world_did(world, level):
    at(world, level, 11)
    press_at_random(world, 50, 1)
    snapshot, seen, progress = world.snapshot(), world.observe(), world.progress()
    press_at_random(world, 20, 2)
    later, ended = world.observe(), world.snapshot()

    other = make("minihack-v1")
    at(other, level, 0)
    for restored in (world, other):
        restored.restore(snapshot)
        assert (restored.observe(), restored.progress(), restored.tick) == (seen, progress, seen.tick)
        assert not list(restored.happenings())
        press_at_random(restored, 20, 2)
        assert (restored.observe(), restored.snapshot()) == (later, ended)
    other.close()


def test_damaged_snapshots_are_refused_and_change_nothing(world):
    at(world, "MiniHack-KeyRoom-S5-v0", 1)
    press_at_random(world, 10, 1)
    snapshot, seen = world.snapshot(), world.observe()
    head, _, text = snapshot.partition(b"\n")
    damaged = [
        *(b"", b"[", text, head, snapshot[:-1], snapshot + b" ", b"x" * (LARGEST + 1)),
        snapshot.replace(b'"seed": 1', b'"seed": 2'),
    ]
    for content in damaged:
        with pytest.raises(ValueError, match="snapshot"):
            world.restore(content)
        assert (world.observe(), world.snapshot()) == (seen, snapshot)
    at(world, "MiniHack-Eat-v0")
    with pytest.raises(ValueError, match="of the level 'MiniHack-KeyRoom-S5-v0', not of MiniHack-Eat-v0"):
        world.restore(snapshot)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"id": "MiniHack-KeyRom-S5-v0"},
            "no level 'MiniHack-KeyRom-S5-v0'; did you mean 'MiniHack-KeyRoom-S5-v0'",
        ),
        ({"id": "chess"}, "no level 'chess'; MiniHack's begin with MiniHack-"),
        ({"id": 7}, "no level 7"),
        ({"level": "x"}, "unknown option 'level'"),
        ({"max_steps": 0}, "max_steps: give a whole number from 1"),
        ({"id": "MiniHack-Boxoban-Hard-v0"}, "MiniHack-Boxoban-Hard-v0 cannot be made"),
    ],
)
def test_a_wrong_option_is_refused_and_changes_nothing(world, options, message):
    before = world.reset(seed=4)
    with pytest.raises(ValueError, match=message):
        world.reset(seed=0, options=options)
    assert world.observe() == before


def test_each_level_of_minihack_has_a_task():
    assert [
        level for level in levels.LEVELS.ids() if level.startswith("MiniHack-") and not task_of(level)
    ] == []
    assert task_of("MiniHack-Eat-Fixed-v0") == "eat the apple"
    assert task_of("NetHackChallenge-v0") == ""


def test_without_the_package_the_extra_and_the_build_tools_are_named():
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, timeout=300)
    assert "minihack-v1 needs the extra 'minihack': pip install 'fieldcraft[minihack]'" in done.stdout
    assert "apt-get install -y build-essential bison flex libbz2-dev cmake" in done.stdout
