"""Ctrl-C, SIGTERM, kill -9: whatever stops a run, it can be resumed and ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cli_workshop import Finished, Workshop
from machine import PATIENCE, eventually

SLOW = ("--option", "slow=0.4")


def end(process: subprocess.Popen[str]) -> Finished:
    out, err = process.communicate(timeout=PATIENCE)
    return Finished(process.returncode, out, err)


def explore(workshop: Workshop, *arguments: str, name: str = "first") -> subprocess.Popen[str]:
    return workshop.start("explore", "--plain", "--name", name, *SLOW, *arguments)


def told(workshop: Workshop, run: str) -> list[Any]:
    """What happened in a run, without times and whatever says how it was driven."""
    events = []
    for event in workshop.journal(run):
        if event["type"] in ("run_started", "run_paused", "run_resumed"):
            continue
        del event["number"], event["time"]
        event.pop("seconds", None)
        event.get("execution", {}).pop("seconds", None)
        events.append(event)
    return events


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_stops_at_the_next_event(workshop: Workshop, number: signal.Signals) -> None:
    process = explore(workshop)
    workshop.wait_for("execution_started")
    process.send_signal(number)
    ended = end(process)
    assert ended.code == 130
    assert "Stopping at the next event; Ctrl-C again stops at once." in ended.err
    assert "fieldcraft explore --resume first" in ended.out
    assert "Traceback" not in ended.err
    kinds = [event["type"] for event in workshop.journal()]
    assert kinds[-2:] == ["execution_finished", "run_paused"]


def test_ctrl_c_while_the_world_is_opened_says_that_no_run_began(workshop: Workshop) -> None:
    (workshop.folder / "sleepy.py").write_text(
        "import pathlib, time\npathlib.Path('asleep').touch()\ntime.sleep(600)\n"
    )
    process = workshop.start("explore", "--plain", "--env", "sleepy:World")
    assert eventually((workshop.folder / "asleep").exists)
    process.send_signal(signal.SIGINT)
    ended = end(process)
    assert ended.code == 130
    assert ended.err.strip() == "error: stopped before a run began"
    assert not (workshop.folder / "runs").exists()


def test_a_second_signal_stops_at_once(workshop: Workshop) -> None:
    process = explore(workshop, "--option", "slow=600")
    workshop.wait_for("execution_started")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    ended = end(process)
    assert ended.code == 130
    assert time.monotonic() - began < PATIENCE, "it waited for the world"
    assert "fieldcraft explore --resume first" in ended.out
    assert "Traceback" not in ended.err
    assert [event["type"] for event in workshop.journal()][-2:] == ["execution_started", "run_paused"]


def test_a_reader_who_leaves_stops_the_run_in_good_order(workshop: Workshop) -> None:
    process = explore(workshop)
    assert process.stdout is not None
    assert "run first starts" in process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    ended = end(process)
    assert ended.code == 1
    assert "explore --resume first" in ended.err
    assert "Traceback" not in ended.err
    last = workshop.journal()[-1]
    assert (last["type"], last["reason"]) == ("run_paused", "the reader of its output has gone")
    assert workshop.run("explore", "--plain", "--resume", "first").code == 0


def test_json_says_on_standard_error_how_to_go_on(workshop: Workshop) -> None:
    process = explore(workshop, "--json")
    workshop.wait_for("execution_started")
    process.send_signal(signal.SIGINT)
    ended = end(process)
    assert ended.data["outcome"] == "stopped by Ctrl-C"
    assert "fieldcraft explore --resume first" in ended.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_run_ends_like_an_unbroken_one(workshop: Workshop, number: signal.Signals) -> None:
    whole = explore(workshop, "--library", "library-whole", name="whole")
    broken = explore(workshop, "--library", "library-broken", name="first")
    workshop.wait_for("execution_started", times=3)
    broken.send_signal(number)
    end(broken)
    assert end(whole).code == 0
    resumed = workshop.run("explore", "--plain", "--resume", "first")
    assert resumed.code == 0
    assert told(workshop, "first") == told(workshop, "whole")
    skills = {path.name: path.read_bytes() for path in Path("library-whole").glob("*/scripts/*.py")}
    assert skills == {path.name: path.read_bytes() for path in Path("library-broken").glob("*/scripts/*.py")}


def test_a_run_is_open_in_one_process_only(workshop: Workshop) -> None:
    process = explore(workshop, "--option", "slow=8")
    workshop.wait_for("execution_started")
    second = workshop.run("explore", "--resume", "first")
    assert second.code == 1
    assert "run 'first' is open in another process; watch it with `fieldcraft runs watch first`" in second.err
    assert workshop.run("runs", "list", "--json").data[0]["stands"] == "running"
    other = workshop.run("explore", "--name", "other")
    assert other.code == 1
    assert str(process.pid) in other.err
    assert not Path("runs/other").exists()


def test_watches_a_run_of_another_process(workshop: Workshop) -> None:
    process = explore(workshop)
    workshop.wait_for("execution_started")
    watched = workshop.run("runs", "watch", "first", "--plain")
    assert end(process).code == 0
    assert "task 2: Saw 4 planks" in watched.out
    assert "paused: budget of 3 iterations used up" in watched.out


def test_on_a_terminal_the_dashboard_shows_and_ctrl_c_stops(workshop: Workshop) -> None:
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "fieldcraft", "explore", "--name", "first", *SLOW],
        cwd=workshop.folder,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.close(follower)
    workshop.wait_for("execution_started")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", read_all(leader))
    assert process.wait(timeout=PATIENCE) == 130
    for words in ("╭─ fieldcraft", "attempt 1", "of 4", "Stopping at the next event", "What next:"):
        assert words in shown


def read_all(leader: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    os.close(leader)
    return b"".join(parts).decode()


def test_a_journal_of_events_is_valid_json_to_the_last_line(workshop: Workshop) -> None:
    process = explore(workshop)
    workshop.wait_for("execution_started")
    process.kill()
    end(process)
    [segment] = Path("runs/first").glob("journal-*.jsonl")
    assert [json.loads(line)["number"] for line in segment.read_text().splitlines()] == list(
        range(1, len(workshop.journal()) + 1)
    )
