"""Plancraft is played by its rules, scored as published, and repeatable."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from crafting import lacking_slot, oracle, step_at_random
from PIL import Image

from fieldcraft.envs import AchieveGoal, EpisodeEnded, PrimitiveError, check_environment, make
from fieldcraft.envs.plancraft.examples import SPLITS, Choice
from fieldcraft.envs.plancraft.saved import LARGEST

SOLVABLE = {"split": "test.small", "impossible": False}
HASHES = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from crafting import step_at_random
from fieldcraft.envs import make
world = make("plancraft-v1")
for seed in range(20):
    lived = world.reset(seed=seed).model_dump_json()
    step_at_random(world, 15, seed)
    lived += world.observe().model_dump_json() + world.progress().model_dump_json()
    print(hashlib.sha256(lived.encode() + world.snapshot() + world.render()).hexdigest())
"""
WITHOUT = """
import importlib.util as u
found = u.find_spec
u.find_spec = lambda name, *more: None if name == "plancraft" else found(name, *more)
from fieldcraft.envs import BrokenEnvironment, make
try:
    make("plancraft-v1")
except BrokenEnvironment as error:
    print(error)
"""


def begun(world, example, **options):
    return world.reset(seed=0, options={"split": "val.small", "example": example, **options})


def test_it_keeps_every_rule_of_the_contract(world):
    assert [str(problem) for problem in check_environment(world, name="plancraft-v1")] == []


def test_the_oracle_of_the_package_does_fifty_solvable_examples(world):
    for seed in range(50):
        goal = world.reset(seed=seed, options=SOLVABLE).goal
        since = world.progress()
        assert not world.check(goal, since).met

        assert oracle(world).startswith("terminated (the target")
        assert world.observe().scores == {"success": 1.0}
        assert world.check(goal, since).met
        assert world.check(AchieveGoal(achievement="target_made"), since).met
    assert len({world._play.choice.at(seed).id for seed in range(97)}) == 97


def test_to_say_impossible_is_a_success_where_it_is_true(world):
    every = Choice("test.small").examples()
    for example in [one for one in every if one.impossible][:3] + [
        one for one in every if not one.impossible
    ][:3]:
        world.reset(seed=0, options={"split": "test.small", "example": example.id})
        with pytest.raises(EpisodeEnded, match="right" if example.impossible else "wrong"):
            world.call_primitive("impossible")
        assert world.observe().scores == {"success": float(example.impossible)}
        assert world._play.firsts == dict.fromkeys(world._play.given, 0)


def test_a_program_searches_crafts_and_smelts_by_name(world):
    begun(world, "VAL0018")
    ring = dict.fromkeys(("A1", "A2", "A3", "B1", "B3", "C1", "C2", "C3"), "glass")
    recipes = world.call_primitive("search", ("green_stained_glass",))
    assert recipes == [
        {
            "kind": "shaped",
            "gives": 8,
            "grid": {slot: ["glass"] for slot in ("A1", "A2", "A3", "B1")}
            | {"B2": ["green_dye"]}
            | {slot: ["glass"] for slot in ("B3", "C1", "C2", "C3")},
        }
    ]
    assert world.call_primitive("smelt", ("red_sand", 8)) == "glass"
    assert world.progress().gained == {"glass": 8}
    with pytest.raises(EpisodeEnded, match="green_stained_glass is held, which is right"):
        world.call_primitive("craft", ({**ring, "B2": "green_dye"},))
    assert world.tick == 1 + 1 + 9 + 1
    assert [(one.what, one.subject) for one in world.happenings()] == [
        ("smelted", "glass"),
        ("crafted", "green_stained_glass"),
    ]
    assert list(world.progress().found()) == [
        "glass",
        "green_stained_glass",
        "target_made",
        "green_stained_glass (targets)",
    ]


def test_a_grid_is_laid_out_again_for_each_time_and_what_else_lies_there_is_put_away(world):
    begun(world, "VAL0043")
    world.call_primitive("move", (_slot_of(world, "map"), "B2"))
    assert world.call_primitive("craft", ({"C3": "crimson_stem"}, 2)) == {
        "item": "crimson_planks",
        "count": 8,
    }
    assert world.tick == 1 + 1 + 1 + 2
    grid = dict.fromkeys(("A1", "A2", "A3", "B1", "B2", "B3"), "crimson_planks")
    with pytest.raises(EpisodeEnded, match="crimson_sign is held"):
        world.call_primitive("craft", ({**grid, "[C2]": "stick"},))


def _slot_of(world, item):
    slots = world.call_primitive("look")["slots"]
    return next(slot for slot, there in slots.items() if there["item"] == item)


def test_what_is_missing_is_said_and_costs_no_step(world):
    begun(world, "VAL0398")
    calls = [
        ("craft", ({"A1": "oak_log"},), "cannot lay out the grid 1 times: need 1 oak_log (have 0)"),
        ("craft", ({"A1": "stick", "A2": "stick"}, 2), "need 4 stick (have 2)"),
        ("craft", ({},), "give items for slots A1 to C3 (none given)"),
        ("craft", ({"I1": "stick"},), "give items for slots A1 to C3 (not I1)"),
        ("craft", ({"D4": "stick"},), "D4"),
        ("smelt", ("oak_log",), "cannot smelt 1 oak_log: you hold 0"),
        ("search", ("oak_lug",), "there is no item 'oak_lug'; did you mean"),
        ("move", ("I40", "A1"), "argument 0: slots are 0, A1 to C3, and I1 to I36 (got 'I40')"),
        ("move", ("I1", "A1", 65), "argument 2"),
    ]
    for name, arguments, message in calls:
        with pytest.raises(PrimitiveError) as refused:
            world.call_primitive(name, arguments)
        assert message in str(refused.value)
    assert world.tick == 0


def test_what_plancraft_ignores_costs_a_step_and_says_why(world):
    begun(world, "VAL0398")
    stick, bow, empty = _slot_of(world, "stick"), _slot_of(world, "bow"), lacking_slot(world)
    calls = [
        ("move", (empty, "A1"), f"slot {empty} is empty"),
        ("move", (stick, "A1", 3), f"slot {stick} holds 2 stick, not 3"),
        ("move", (stick, bow), f"slot {bow} holds 1 bow; choose an empty slot or one with stick"),
        ("move", (stick, "0"), "since 0 only gives"),
        ("move", (stick, stick), "choose another slot"),
        ("smelt_slot", (stick, "A1"), f"stick in slot {stick} cannot be smelted"),
        ("smelt", ("stick",), "cannot be smelted"),
    ]
    for steps, (name, arguments, message) in enumerate(calls, start=1):
        with pytest.raises(PrimitiveError) as refused:
            world.call_primitive(name, arguments)
        assert message in str(refused.value)
        assert world.tick == steps
    with pytest.raises(
        PrimitiveError, match=r"this grid gives nothing: A1 bow; search\(item\) has the recipes"
    ):
        world.call_primitive("craft", ({"A1": "bow"},))
    assert world.call_primitive("clear")["bow"] == 1
    assert "Grid (A1 to C3): empty; slot 0 gives nothing." in world.observe().words


def test_the_limit_of_steps_ends_the_episode(world):
    begun(world, "VAL0398", max_steps=2)
    world.call_primitive("search", ("stick",))
    with pytest.raises(EpisodeEnded, match=r"truncated \(the limit of 2 steps is reached\)"):
        world.call_primitive("search", ("stick",))
    with pytest.raises(EpisodeEnded, match="truncated"):
        world.call_primitive("look")
    assert world.observe().scores == {"success": 0.0}


def test_three_processes_live_through_the_same_for_twenty_seeds():
    here = str(Path(__file__).parent)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", HASHES, here],
            env={**os.environ, "PYTHONHASHSEED": str(number)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in (1, 2, 3)
    ]
    lived = [process.communicate()[0].split() for process in running]
    assert len(set(lived[0])) == 20
    assert lived[0] == lived[1] == lived[2]


def test_a_snapshot_after_fifty_steps_goes_on_as_the_world_did(world):
    options = {"max_steps": 200}
    world.reset(seed=11, options=options)
    step_at_random(world, 50, 1)
    snapshot, seen, progress = world.snapshot(), world.observe(), world.progress()
    step_at_random(world, 20, 2)
    later, ended = world.observe(), world.snapshot()

    other = make("plancraft-v1")
    other.reset(seed=0, options=options)
    for restored in (world, other):
        restored.restore(snapshot)
        assert (restored.observe(), restored.progress(), restored.tick) == (seen, progress, seen.tick)
        assert not list(restored.happenings())
        step_at_random(restored, 20, 2)
        assert (restored.observe(), restored.snapshot()) == (later, ended)


def test_damaged_snapshots_are_refused_and_change_nothing(world):
    world.reset(seed=1)
    step_at_random(world, 10, 1)
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
    world.reset(seed=1, options={"split": "test"})
    with pytest.raises(ValueError, match="reset with its options"):
        world.restore(snapshot)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "test.smal"}, "there is no 'test.smal'; did you mean 'test.small'"),
        ({"splits": "x"}, "unknown option 'splits'; did you mean 'split'"),
        ({"example": "VAL049"}, "val.small has no example 'VAL049'; did you mean 'VAL0491'"),
        ({"example": 7}, "no example 7"),
        ({"impossible": 1}, "impossible: use true or false"),
        ({"max_steps": 0}, "max_steps: give a whole number from 1"),
        ({"max_steps": True}, "max_steps: give a whole number from 1"),
    ],
)
def test_a_wrong_option_is_refused_and_changes_nothing(world, options, message):
    before = world.reset(seed=4)
    with pytest.raises(ValueError, match=message):
        world.reset(seed=0, options=options)
    assert world.observe() == before


def test_each_data_set_can_be_played_and_the_picture_shows_the_table(world):
    for split in SPLITS:
        assert world.reset(seed=3, options={"split": split}).task.startswith("Craft ")
    before = world.snapshot()
    with Image.open(io.BytesIO(world.render())) as picture:
        assert picture.size == (704, 664)
    assert world.snapshot() == before


def test_nothing_that_reaches_a_network_is_imported(world):
    world.reset(seed=1)
    step_at_random(world, 5, 1)
    code = (
        "import sys\nfrom fieldcraft.envs import make\nmake('plancraft-v1').reset(seed=0).words\n"
        "print([name for name in ('wandb', 'openai', 'imageio', 'plancraft.config') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_without_the_package_the_extra_is_named():
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, timeout=300)
    assert "plancraft-v1 needs the extra 'plancraft': pip install 'fieldcraft[plancraft]'" in done.stdout
