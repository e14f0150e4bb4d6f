"""A world in a process of its own: ended where it hangs or crashes, and brought back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fieldcraft.envs import (
    BrokenEnvironment,
    ItemGoal,
    Observation,
    PrimitiveError,
    Progress,
    UnknownEnvironment,
    check_environment,
    make,
)
from fieldcraft.envs.apart import WorldApart
from fieldcraft.envs.apart.trial import fatal_calls
from fieldcraft.envs.apart.world import NotApart
from fieldcraft.envs.faults import FILE, NeverReturned, WorldFault, faults_of
from fieldcraft.envs.gridworld import GridWorld


@pytest.fixture
def opened():
    worlds = []

    def start(name="rough_world:Rough", seed=0):
        world = WorldApart(name)
        worlds.append(world)
        world.reset(seed=seed)
        return world

    yield start
    for world in worlds:
        world.close()


def ends(process: int) -> bool:
    for _ in range(300):
        try:
            os.kill(process, 0)
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


def test_it_is_the_same_world_as_in_this_process(opened):
    apart, here = opened("gridworld-v1", seed=3), GridWorld()
    here.reset(seed=3)
    for world in (apart, here):
        world.call_primitive("mine", ("oak_log",))
    goal = ItemGoal(item="oak_log")
    assert apart.spec == here.spec
    assert apart.api_reference() == here.api_reference()
    assert list(apart.primitives) == list(here.primitives)
    assert apart.observe() == here.observe() and apart.tick == here.tick
    assert apart.progress() == here.progress()
    assert apart.check(goal, Progress()) == here.check(goal, Progress())
    assert apart.snapshot() == here.snapshot()
    assert apart.happenings() == here.happenings()
    assert apart.chart() == here.chart()
    assert apart.option_reference() == here.option_reference()


def test_it_refuses_as_the_world_does(opened):
    world = opened()
    with pytest.raises(PrimitiveError, match="too far"):
        world.call_primitive("step", (10,))
    with pytest.raises(PrimitiveError, match="argument 0"):
        world.call_primitive("step", ("x",))
    with pytest.raises(PrimitiveError, match="no primitive 'stap'"):
        world.call_primitive("stap")
    with pytest.raises(ValueError, match="unknown option; leave it out"):
        world.reset(seed=1, options={"loud": 1})


def test_a_fault_comes_with_the_authors_traceback(opened, tmp_path):
    world = opened()
    faults_of(world).keep_in(tmp_path)
    with pytest.raises(
        WorldFault, match=r"bot.bug failed: KeyError: 'gem' \(rough_world.py, line \d+\)"
    ) as it:
        world.call_primitive("bug")
    faults_of(world).note("bot.bug", it.value)
    assert 'return {}["gem"]' in (tmp_path / FILE).read_text()


@pytest.mark.parametrize(("name", "said"), [("leave", "exit status 7"), ("crash", "SIGSEGV")])
def test_a_primitive_that_ends_the_process_is_named_and_the_program_undone(opened, name, said):
    world = opened()
    world.call_primitive("step")
    world.pursue(None)
    world.call_primitive("step")
    with pytest.raises(WorldFault, match=rf"bot.{name} ended the world's process \(.*{said}") as caught:
        world.call_primitive(name)
    assert world.observe() == Observation(tick=1, inventory={"gem": 1})
    assert world.call_primitive("step") == 2
    if name == "crash":
        assert "in crash" in caught.value.traceback and "serving" not in caught.value.traceback


@pytest.mark.parametrize("name", ["stubborn", "deep"])
def test_a_primitive_that_nothing_interrupts_is_ended_each_time(opened, name):
    world = opened()
    processes = set()
    for _ in range(3):
        world.pursue(None)
        processes.add(world.call_primitive("process"))
        world.call_primitive("step")
        world.until = time.monotonic() + 0.2
        with pytest.raises(NeverReturned) as caught:
            world.call_primitive(name)
        assert f"in {name}" in caught.value.traceback
        assert world.observe().tick == 0
    assert all(ends(process) for process in processes if process != world.call_primitive("process"))


def test_a_world_with_snapshots_is_brought_back_from_the_latest(opened):
    world = opened("rough_world:Kept", seed=2)
    world.call_primitive("step")
    assert world.snapshot() == b"kept:3"
    world.call_primitive("step")
    for _ in range(2):
        with pytest.raises(WorldFault):
            world.call_primitive("leave")
        assert world.observe().tick == 3


def test_a_world_that_cannot_be_brought_back_begins_anew_and_that_is_said(opened):
    world = opened("rough_world:Threaded")
    world.call_primitive("step")
    world.progress()
    world.pursue(None)
    with pytest.raises(WorldFault):
        world.call_primitive("leave")
    assert world.observe().tick == 0
    assert world.progress() == Progress(items={"gem": 1})
    assert any("is lost" in line for line in faults_of(world).unsaid())


def test_a_snapshot_that_is_too_large_is_refused_by_its_size(opened, monkeypatch):
    world = opened("rough_world:Kept")
    monkeypatch.setattr("fieldcraft.envs.apart.channel.LARGEST_BYTES", 3)
    with pytest.raises(WorldFault, match="snapshot returned 6 bytes, where 3 are read"):
        world.snapshot()


def test_no_process_is_left_after_closing(opened):
    world = opened()
    world.pursue(None)
    process = world.call_primitive("process")
    world.close()
    world.close()
    assert ends(process)


def test_a_world_that_hangs_goes_with_a_run_that_is_killed(tmp_path):
    source = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
from fieldcraft.envs.apart import WorldApart
world = WorldApart("rough_world:Rough")
world.reset(seed=0)
world.pursue(None)
print(world.call_primitive("process"), flush=True)
world.until = 10**9
world.call_primitive("deep")
"""
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True) as run:
        process = int(run.stdout.readline())
        children = [
            int(folder.name)
            for folder in Path("/proc").iterdir()
            if folder.name.isdigit() and _parent(folder) == process
        ]
        run.send_signal(signal.SIGKILL)
    assert children and all(ends(each) for each in (process, *children))


def _parent(folder: Path) -> int:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("rough_world:Missing", UnknownEnvironment, "has no 'Missing'"),
        ("rough_world:Unmade", BrokenEnvironment, "RuntimeError: no server"),
        ("minecraft-v1", NotApart, "leave out --world-process"),
    ],
)
def test_what_cannot_be_made_is_refused_as_ever(name, error, said):
    with pytest.raises(error, match=said):
        WorldApart(name)


def test_a_check_survives_what_would_end_it_and_goes_on():
    apart, here = WorldApart("rough_world:Rough"), make("rough_world:Rough")
    try:
        fatal = [problem.detail for problem in fatal_calls(apart, here, seed=0, options={})]
    finally:
        apart.close()
    assert [detail.partition("(")[0] for detail in fatal] == ["crash", "deep", "leave", "stubborn"]
    failing, telling_its_process = map(str, check_environment(here))
    assert failing == (
        "primitives answer with data or refuse in words: bug() failed: KeyError: 'gem' (rough_world.py, line "
        f"{_line_of('return {}')})"
    )
    assert (
        "every process sees the same world: in another process, call 1, process(), gave"
        in telling_its_process
    )


def _line_of(source: str) -> int:
    lines = (Path(__file__).parent / "rough_world.py").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if source in line)
