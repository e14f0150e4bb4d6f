"""A whole run in Minecraft with the offline model, by the command line, while things go wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from machine import PATIENCE
from minecraft_faults import descendants
from minecraft_server import FixtureServer

ITERATIONS = 12
TASKS = ("Mine 2 oak_log", "Mine 1 sand", "Craft 4 oak_planks")


@pytest.mark.slow
def test_the_offline_model_lives_on_through_a_dead_bridge_and_a_kick(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fieldcraft", "explore", "--env", "minecraft-v1", "--plain"]
    with FixtureServer() as server:
        options = ["--option", f"port={server.port}", "--iterations", str(ITERATIONS)]
        run = subprocess.Popen([*command, *options], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        try:
            _wait_for_skill_or_item(tmp_path)
            os.kill(_bridge(run.pid), signal.SIGKILL)
            time.sleep(6)
            if "Fieldcraft" in server.ask("players"):
                server.ask("kick", name="Fieldcraft", reason="away with you")
            out, _ = run.communicate(timeout=PATIENCE)
        finally:
            run.kill()
    assert run.returncode == 0, out
    events = _events(tmp_path)
    iterations = {event["iteration"] for event in events if event["type"] == "execution_finished"}
    assert len(iterations) + sum(event["type"] == "answer_refused" for event in events) == ITERATIONS
    assert any("died (signal 9); back in the world" in json.dumps(event) for event in events)
    last = [event for event in events if event["type"] == "execution_finished"][-1]
    assert {"oak_log", "oak_planks"} <= set(last["progress"]["items"])


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_where_the_bot_stands(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fieldcraft", "explore", "--plain"]
    (tmp_path / "tasks.txt").write_text("\n".join(TASKS))
    with FixtureServer() as server:
        options = (f"port={server.port}", "reset=hard", 'inventory={"dirt": 2}')
        world = ["--env", "minecraft-v1", *(word for option in options for word in ("--option", option))]
        tasks = ["--curriculum", "fixed", "--tasks", "tasks.txt", "--iterations", str(ITERATIONS)]
        run = subprocess.Popen([*command, *world, *tasks, "--name", "life"], cwd=tmp_path)
        try:
            _wait_for_skill_or_item(tmp_path)
        finally:
            run.kill()
            run.wait()
        before = _events(tmp_path)
        resumed = [*command, "--resume", "life"]
        done = subprocess.run(
            resumed, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    after = _events(tmp_path)
    assert after[: len(before)] == before
    assert after[len(before)]["type"] == "run_resumed"
    tried = [event["task"]["words"] for event in after if event["type"] == "task_proposed"]
    assert list(dict.fromkeys(tried)) == list(TASKS)
    reached = _last(before, "progress")["items"]
    assert reached.items() <= _last(after, "progress")["items"].items()
    assert _last(after, "observation")["inventory"]["dirt"] == 2


def _last(events: list[dict[str, Any]], field: str) -> dict[str, Any]:
    """A field as the last event that has it has it."""
    return dict([event[field] for event in events if event.get(field)][-1])


def _wait_for_skill_or_item(folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if any('"oak_log"' in json.dumps(event.get("progress")) for event in _events(folder)):
            return
        time.sleep(0.3)
    raise AssertionError("the agent never held a log")


def _events(folder: Path) -> list[dict[str, Any]]:
    found = []
    for journal in sorted(folder.glob("runs/*/journal*.jsonl")):
        for line in journal.read_text().splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
    return found


def _bridge(pid: int) -> int:
    """The Node process that owns the bot, among those of a run."""
    for child in descendants(pid):
        words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        if words[0].endswith(b"node") and words[1].endswith(b"main.js"):
            return child
    raise AssertionError("there is no bridge")
