"""The tasks of ScienceWorld: gold paths score 100, unknown actions are refused, lives are repeatable."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from random import Random

import pytest

from fieldcraft.bench import benchmark
from fieldcraft.bench.worlds.scienceworld import TASKS
from fieldcraft.envs import EpisodeEnded, PrimitiveError, check_environment, make
from fieldcraft.envs.scienceworld.play import ACHIEVEMENTS
from fieldcraft.envs.scienceworld.tasks import task_names

LIVES = """
import contextlib, hashlib, sys
from random import Random
from fieldcraft.envs import EpisodeEnded, PrimitiveError, make
world = make("scienceworld-v1")
tasks = ("find-animal", "boil", "grow-plant", "chemistry-mix")
for seed in range(int(sys.argv[1])):
    draws = Random(seed)
    lived = world.reset(seed=seed, options={"task": tasks[seed % 4]}).model_dump_json()
    with contextlib.suppress(EpisodeEnded):
        for _ in range(3):
            with contextlib.suppress(PrimitiveError):
                world.call_primitive("explore")
            with contextlib.suppress(PrimitiveError):
                looks = world.call_primitive("actions", ("look",))
                lived += world.call_primitive("action", (draws.choice(looks),))
    lived += world.observe().model_dump_json() + world.progress().model_dump_json()
    print(hashlib.sha256(lived.encode() + world.snapshot()).hexdigest())
world.close()
"""
SEEDS = (1,) if os.environ.get("CI") else (1, 2)
"""CI plays one of each kind."""
LIVED = 4 if os.environ.get("CI") else 20
VERBS = ("open", "look", "pick up", "go", "move", "put")


def step_at_random(world, steps, seed):
    draws = Random(seed)
    with contextlib.suppress(EpisodeEnded):
        for _ in range(steps):
            actions = world.call_primitive("actions", (draws.choice(VERBS),))
            with contextlib.suppress(PrimitiveError):  # not all that the simulator lists is understood
                world.call_primitive("action", (draws.choice(actions or ["wait1"]),))


def test_it_keeps_every_rule_of_the_contract(world):
    assert [str(problem) for problem in check_environment(world, name="scienceworld-v1")] == []


def test_the_tasks_are_those_of_the_package():
    assert task_names() == TASKS


@pytest.mark.parametrize(
    "task",
    [
        "boil",
        "find-animal",
        "chemistry-mix",
        "test-conductivity",
        "lifespan-longest-lived",
        "use-thermometer",
    ],
)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_gold_path_scores_100_through_the_primitives(kept, task, seed):
    seen = kept.reset(seed=seed, options={"task": task})
    assert seen.scores["score"] < 100 and seen.goal.kind == "task"
    with pytest.raises(EpisodeEnded, match="the task is done, score 100"):
        benchmark("scienceworld").expert(kept, Random(1))
    assert kept.observe().scores == {"score": 100, "progress": 1.0}
    assert kept.check(seen.goal, kept.progress()).met
    assert set(kept.progress().achieved["achievements"]) <= set(ACHIEVEMENTS)


def test_three_processes_live_through_the_same():
    lived = [
        subprocess.run(
            [sys.executable, "-c", LIVES, str(LIVED)],
            env={**os.environ, "PYTHONHASHSEED": str(number)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for number in (1, 2, 3)
    ]
    assert len(set(lived[0])) == LIVED and lived[0] == lived[1] == lived[2]


def test_what_ran_before_in_the_process_changes_nothing(kept):
    seen = []
    for _ in range(2):
        kept.reset(seed=1, options={"task": "grow-plant"})
        step_at_random(kept, 10, 3)
        seen.append(kept.observe())
        kept.reset(seed=2, options={"task": "boil"})
    assert seen[0] == seen[1]


def test_a_snapshot_after_fifty_actions_goes_on_as_the_world_did(kept):
    kept.reset(seed=1, options={"task": "boil", "steps": 200})
    step_at_random(kept, 50, 1)
    snapshot, seen, progress = kept.snapshot(), kept.observe(), kept.progress()
    step_at_random(kept, 10, 2)
    later = kept.snapshot()
    other = make("scienceworld-v1")
    for restored in (kept, other):
        restored.restore(snapshot)
        assert (restored.observe(), restored.progress(), restored.tick) == (seen, progress, seen.tick)
        step_at_random(restored, 10, 2)
        assert restored.snapshot() == later
    other.close()


def test_damaged_snapshots_are_refused_and_change_nothing(world):
    step_at_random(world, 3, 1)
    snapshot, seen = world.snapshot(), world.observe()
    damaged = snapshot.replace(b'"steps": 100', b'"steps": 101')
    for content in (b"", b"[", snapshot[:-1], snapshot + b" ", damaged):
        with pytest.raises(ValueError, match="snapshot"):
            world.restore(content)
        assert (world.observe(), world.snapshot()) == (seen, snapshot)


def test_what_is_not_understood_is_refused(world):
    calls = [
        ("action", ("fly",), "No known action matches that input."),
        ("focus", ("moon",), "focus on moon"),
        ("go_to", ("moon",), "no door to it was seen"),
        ("action", ("",), "argument 0"),
        ("action", ("look\naround",), "argument 0"),
        ("wait", (0,), "argument 0"),
    ]
    for name, arguments, message in calls:
        with pytest.raises(PrimitiveError) as refused:
            world.call_primitive(name, arguments)
        assert message in str(refused.value)


def test_an_ambiguous_action_is_answered_with_a_number(world):
    world.call_primitive("explore")
    asked = world.call_primitive("open", ("door",))
    assert asked.startswith("Ambiguous request") and "0:" in asked
    assert world.call_primitive("action", ("0",))


def test_exploring_enters_each_room_and_ways_lead_back(world):
    start = world.call_primitive("look")["room"]
    with pytest.raises(PrimitiveError, match="cannot explore further"):
        while True:
            world.call_primitive("explore")
    assert {"kitchen", "hallway", "outside", "greenhouse"} <= set(world.call_primitive("map"))
    assert world.call_primitive("go_to", (start,)).startswith("This")
    assert world.call_primitive("look")["room"] == start


def test_the_wrong_focus_fails_the_task_and_the_limit_ends_it(world):
    room = world.call_primitive("look")["text"]
    assert "table" in room
    with pytest.raises(EpisodeEnded, match="the task has failed"):
        world.call_primitive("focus", ("table",))
    assert world.observe().scores["progress"] == 0
    world.reset(seed=1, options={"task": "find-animal", "steps": 3})
    with pytest.raises(EpisodeEnded, match="truncated"):
        world.call_primitive("wait", (9,))


def test_all_tasks_take_turns(kept):
    seen = [kept.reset(seed=seed, options={"task": "all"}) and kept.spec.description for seed in (1, 2)]
    assert "the task boil," in seen[0] and "the task melt," in seen[1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"tsk": "boil"}, "did you mean 'task'"),
        ({"task": "boill"}, "did you mean 'boil'"),
        ({"task": "boil", "variation": 99}, "variations from 0 to 29"),
        ({"simplifications": "opendoors"}, "did you mean 'openDoors'"),
        ({"task": "test-conductivity", "simplifications": "noElectricalAction"}, "needs electrical actions"),
        ({"split": "half"}, "option split"),
        ({"steps": 0}, "option steps"),
    ],
)
def test_wrong_options_are_named(kept, options, said):
    with pytest.raises(ValueError, match=said):
        kept.reset(seed=1, options=options)


def test_simplifications_are_taken(kept):
    kept.reset(seed=1, options={"task": "find-animal", "simplifications": "openDoors,teleportAction"})
    assert "closed" not in kept.call_primitive("look")["doors"].values()
    assert kept.call_primitive("action", ("teleport to kitchen",)) and kept.observe().words


def test_the_java_process_ends_with_the_world_and_another_begins_after_it_was_killed():
    world = make("scienceworld-v1")
    world.reset(seed=1)
    first = world._java._process
    first.kill()
    first.wait()
    assert world.reset(seed=1).ended is None
    second = world._java._process
    world.close()
    world.close()
    assert second.poll() is not None and first.poll() is not None


def test_without_java_the_command_that_brings_it_is_named(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "import fieldcraft.envs; fieldcraft.envs.make('scienceworld-v1')"],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert "apt-get install default-jre-headless" in done.stderr.splitlines()[-1]
