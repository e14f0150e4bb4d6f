"""Runs in users' worlds that misbehave: the run goes on or can be resumed, the traceback is kept."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from fieldcraft import explore
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.loop.opening import BadWorldOptions
from fieldcraft.agent.roles.playable import CannotPlay
from fieldcraft.envs import (
    BrokenEnvironment,
    Environment,
    EnvironmentSpec,
    Names,
    Observation,
    Progress,
    primitive,
)
from fieldcraft.envs.faults import FILE


class Mine(Environment):
    """Gems to dig; `how` says what breaks."""

    spec = EnvironmentSpec(
        id="mine-v1", description="A mine.", seconds_limit=1, can_snapshot=True, names=Names(items=("gem",))
    )

    def __init__(self, how: str = "") -> None:
        self.how = how
        self.gems = 0

    def reset(self, *, seed, options=None):
        self.gems = 0
        return self.observe()

    def observe(self):
        if self.how == "observe" and self.gems:
            sys.exit(1)
        return Observation(tick=self.gems, inventory={"gem": self.gems} if self.gems else {})

    def progress(self):
        return Progress(items={"gem": 1} if self.gems else {})

    def check(self, goal, since):
        if self.how == "check":
            raise OSError("no judge")
        return super().check(goal, since)

    def snapshot(self):
        if self.how == "snapshot" and self.gems:
            raise RuntimeError("cannot save")
        return str(self.gems).encode()

    def restore(self, snapshot):
        self.gems = int(snapshot)

    def close(self):
        if self.how == "close":
            raise RuntimeError("cannot close")

    @primitive
    def dig(self) -> int:
        """Dig a gem."""
        self.gems += 1
        if self.how == "hang":
            threading.Event().wait()
        if self.how == "leave":
            sys.exit("away")
        return self.gems


def lived(tmp_path: Path, world: Environment | str, iterations: int = 2, **settings: Any):
    task = json.dumps({"task": "dig gems", "goal": {"kind": "item", "item": "gem", "count": 100}})
    script = {
        "curriculum": [task] * 9,
        "actor": ["```python\ndef dig_gems(bot):\n    bot.dig()\n```"] * 20,
        "answerer": ["?"] * 9,
    }
    (tmp_path / "script.json").write_text(json.dumps(script))
    return explore(
        world,
        model=f"scripted:{tmp_path / 'script.json'}",
        iterations=iterations,
        library=tmp_path / "library",
        runs=tmp_path / "runs",
        name="run",
        questions=0,
        **settings,
    )


def events(tmp_path: Path) -> list[e.Event]:
    return list(Journal(tmp_path / "runs" / "run").events())


def executions(tmp_path: Path) -> list[e.ExecutionFinished]:
    return [event for event in events(tmp_path) if isinstance(event, e.ExecutionFinished)]


def warnings(tmp_path: Path) -> list[str]:
    return [event.text for event in events(tmp_path) if isinstance(event, e.Warned)]


def test_a_primitive_that_hangs_ends_its_program_and_the_run_goes_on(tmp_path):
    lived(tmp_path, Mine("hang"))
    details = [event.execution.detail for event in executions(tmp_path)]
    assert details == ["bot.dig had not returned when the program's 1 s were over, and was ended"] * 2
    assert "threading.Event().wait()" in (tmp_path / "runs" / "run" / FILE).read_text()


def test_a_primitive_that_ends_the_process_is_a_failed_call(tmp_path):
    lived(tmp_path, Mine("leave"))
    assert [event.execution.killed for event in executions(tmp_path)] == [None, None]
    said = "the world failed in bot.dig: bot.dig raised SystemExit: away (test_users_worlds.py, line"
    assert [line.startswith(said) for line in warnings(tmp_path) if "bot.dig" in line] == [True]


def test_a_snapshot_that_fails_stops_the_run_which_goes_on_once_it_is_mended(tmp_path):
    with pytest.raises(BrokenEnvironment, match="take a snapshot: RuntimeError: cannot save"):
        lived(tmp_path, Mine("snapshot"))
    assert isinstance(events(tmp_path)[-1], e.RunPaused)
    assert 'raise RuntimeError("cannot save")' in (tmp_path / "runs" / "run" / FILE).read_text()
    result = explore(Mine(), resume="run", runs=tmp_path / "runs")
    assert result.spent.iterations == 2
    assert [event.observation.inventory for event in executions(tmp_path)] == [{"gem": 1}, {"gem": 2}]


def test_observe_that_ends_the_process_stops_the_run_as_one_that_is_blind(tmp_path):
    result = lived(tmp_path, Mine("observe"), iterations=9)
    assert result.ended == "stalled"
    assert "observe raised SystemExit: 1" in result.reason


def test_a_check_that_fails_is_told_and_the_run_goes_on(tmp_path):
    lived(tmp_path, Mine("check"))
    judged = [event.verdict.critique for event in events(tmp_path) if isinstance(event, e.Judged)]
    assert len(judged) == 2 and "OSError: no judge (test_users_worlds.py, line" in judged[0]


def test_a_world_that_the_offline_model_cannot_play_is_refused_before_a_run_is_made(tmp_path):
    with pytest.raises(CannotPlay, match=r"cannot play mine-v1.*primitives here are dig.*--model"):
        explore(Mine(), library=tmp_path / "library", runs=tmp_path / "runs", name="run")
    assert not (tmp_path / "runs" / "run").exists()


CAVE = """
import os
from fieldcraft.envs import Environment, EnvironmentSpec, Names, Observation, Progress, primitive


class Cave(Environment):
    spec = EnvironmentSpec(
        id="cave-v1", description="A cave.", seconds_limit=1, names=Names(items=("gem",))
    )

    def reset(self, *, seed, options=None):
        self.gems = 0
        return self.observe()

    def observe(self):
        return Observation(tick=self.gems, inventory={"gem": self.gems} if self.gems else {})

    def progress(self):
        return Progress(items={"gem": 1} if self.gems else {})

    @primitive
    def dig(self) -> int:
        "Dig a gem; the second is a bad one."
        self.gems += 1
        if self.gems == 2:
            HOW
        return self.gems
"""


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("os._exit(3)", "bot.dig ended the world's process ("),
        ("(10**6) ** (10**7)", "bot.dig had not returned when the program's 1 s were over, and was ended"),
    ],
)
def test_a_run_outlives_its_worlds_process(tmp_path, monkeypatch, how, said):
    (tmp_path / "cave_of_a_test.py").write_text(CAVE.replace("HOW", how))
    monkeypatch.syspath_prepend(tmp_path)
    lived(tmp_path, "cave_of_a_test:Cave", iterations=3, world_process=True)
    details = [event.execution.detail for event in executions(tmp_path)]
    assert details[0] is None and all(said in detail for detail in details[1:])
    assert [event.observation.inventory for event in executions(tmp_path)] == [{"gem": 1}] * 3


def test_a_resumed_run_may_move_its_world_into_a_process(tmp_path, monkeypatch):
    (tmp_path / "cave_of_a_test.py").write_text(CAVE.replace("HOW", "pass"))
    monkeypatch.syspath_prepend(tmp_path)
    lived(tmp_path, "cave_of_a_test:Cave", iterations=1)
    explore(resume="run", runs=tmp_path / "runs", iterations=2, world_process=True)
    assert "from here on the world lives in a process of its own" in warnings(tmp_path)


def test_an_object_cannot_move_into_a_process(tmp_path):
    with pytest.raises(BadWorldOptions, match="world_process needs a world by name"):
        lived(tmp_path, Mine(), world_process=True)
