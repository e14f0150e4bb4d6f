"""A whole run in Minecraft with the offline model, by the command line, while things go wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from minecraft_faults import descendants
from minecraft_server import FixtureServer

ITERATIONS = 12


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
            out, _ = run.communicate(timeout=240)
        finally:
            run.kill()
    assert run.returncode == 0, out
    events = _events(tmp_path)
    iterations = {event["iteration"] for event in events if event["type"] == "execution_finished"}
    assert len(iterations) + sum(event["type"] == "answer_refused" for event in events) == ITERATIONS
    assert any("died (signal 9); back in the world" in json.dumps(event) for event in events)
    last = [event for event in events if event["type"] == "execution_finished"][-1]
    assert {"oak_log", "oak_planks"} <= set(last["progress"]["items"])


def _wait_for_skill_or_item(folder: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if any('"oak_log"' in json.dumps(event.get("progress")) for event in _events(folder)):
            return
        time.sleep(0.3)
    raise AssertionError("the agent never held a log")


def _events(folder: Path) -> list[dict[str, object]]:
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
