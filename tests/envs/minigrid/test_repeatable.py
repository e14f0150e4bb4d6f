"""The contract is kept: the same seed and actions lead to the same, in every process and from a snapshot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from playing import step_at_random

from fieldcraft.envs import check_environment, make
from fieldcraft.envs.minigrid.saved import LARGEST

LEVELS = ("BabyAI-BossLevel-v0", "BabyAI-GoTo-v0", "MiniGrid-ObstructedMaze-Full-v1")
DYNAMIC = "MiniGrid-Dynamic-Obstacles-Random-6x6-v0"
HASHES = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from playing import step_at_random
from fieldcraft.envs import make
world = make("minigrid-v1")
for seed in range(20):
    level = sys.argv[2 + seed % (len(sys.argv) - 2)]
    lived = world.reset(seed=seed, options={"id": level}).model_dump_json()
    step_at_random(world, 30, seed)
    lived += world.observe().model_dump_json() + world.progress().model_dump_json()
    print(hashlib.sha256(lived.encode() + world.snapshot() + world.render()).hexdigest())
"""


def test_it_keeps_every_rule_of_the_contract(world):
    assert [str(problem) for problem in check_environment(world, name="minigrid-v1")] == []


def test_three_processes_live_through_the_same_for_twenty_seeds():
    here = str(Path(__file__).parent)
    lived = [
        subprocess.run(
            [sys.executable, "-c", HASHES, here, *LEVELS, DYNAMIC],
            env={**os.environ, "PYTHONHASHSEED": str(number)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for number in (1, 2, 3)
    ]
    assert len(set(lived[0])) == 20
    assert lived[0] == lived[1] == lived[2]


@pytest.mark.parametrize("level", [*LEVELS, DYNAMIC])
def test_a_snapshot_after_fifty_steps_goes_on_as_the_world_did(world, level):
    options = {"id": level}
    world.reset(seed=11, options=options)
    step_at_random(world, 50, 1)
    snapshot, seen, progress = world.snapshot(), world.observe(), world.progress()
    step_at_random(world, 30, 2)
    later, ended = world.observe(), world.snapshot()

    other = make("minigrid-v1")
    other.reset(seed=0, options=options)
    for restored in (world, other):
        restored.restore(snapshot)
        assert (restored.observe(), restored.progress(), restored.tick) == (seen, progress, seen.tick)
        assert not list(restored.happenings())
        step_at_random(restored, 30, 2)
        assert (restored.observe(), restored.snapshot()) == (later, ended)


def test_damaged_snapshots_are_refused_and_change_nothing(world):
    world.reset(seed=1, options={"id": "BabyAI-GoTo-v0"})
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


def test_a_snapshot_of_another_level_is_refused(world):
    world.reset(seed=1, options={"id": "BabyAI-GoTo-v0"})
    snapshot = world.snapshot()
    world.reset(seed=1, options={"id": "BabyAI-Open-v0"})
    with pytest.raises(ValueError, match="of the level 'BabyAI-GoTo-v0', not of BabyAI-Open-v0"):
        world.restore(snapshot)


def test_a_snapshot_is_restored_in_a_process_that_made_no_world_before(world, tmp_path):
    world.reset(seed=1)
    step_at_random(world, 10, 1)
    kept = tmp_path / "kept"
    kept.write_bytes(world.snapshot())
    code = (
        "import pathlib, sys\n"
        "from fieldcraft.envs import make\n"
        "world = make('minigrid-v1')\n"
        "world.restore(pathlib.Path(sys.argv[1]).read_bytes())\n"
        "print(world.observe().model_dump_json())\n"
    )
    done = subprocess.run([sys.executable, "-c", code, kept], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == world.observe().model_dump_json(), done.stderr


def test_without_the_package_the_extra_is_named():
    code = (
        "import importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'minigrid' else found(name, *more)\n"
        "import fieldcraft\n"
        "try: fieldcraft.make('minigrid-v1')\n"
        "except Exception as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout == ("minigrid-v1 needs the extra 'minigrid': pip install 'fieldcraft[minigrid]'\n"), (
        done.stderr
    )
