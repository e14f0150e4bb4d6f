"""Tool calls that wait for a person: answered from another process, at a terminal, and after a kill."""

from __future__ import annotations

import json
import os
import pty
import signal
import sys
from subprocess import PIPE, Popen
from typing import Any

import pytest
from cli_workshop import Workshop, code, task
from machine import PATIENCE

POST = '''
from pathlib import Path

from fieldcraft.tools import declare


@declare(effect="writes")
def post(text: str) -> str:
    """Send a letter."""
    with Path("letters.txt").open("a") as letters:
        letters.write(text + "\\n")
    return "sent"
'''
FOREST = """
from clearing import Clearing


class Forest(Clearing):
    spec = Clearing.spec.model_copy(update={"id": "forest-v1", "can_snapshot": False, "repeatable": False})
"""
CHOP = "def chop_wood(bot):\n    for _ in range(4):\n        bot.chop()\n"
POSTING = CHOP + "    print(tools.post(text='one'), tools.post(text='two'))\n"
SAW = CHOP.replace("chop_wood", "saw_planks") + "    bot.saw(1)\n"


@pytest.fixture
def letters(workshop: Workshop) -> Workshop:
    """A run whose first task posts two letters, the second of which needs an approval."""
    (workshop.folder / "letterbox.py").write_text(POST)
    (workshop.folder / "forest.py").write_text(FOREST)
    answers = {
        "curriculum": [task("Chop 4 wood", "wood", 4), task("Saw 2 planks", "plank", 2)],
        "answerer": ["Chop."] * 9,
        "actor": [code(POSTING), code(SAW), code(POSTING)],
        "describer": ["Chops wood.", "Saws planks."],
    }
    (workshop.folder / "answers.json").write_text(json.dumps(answers))
    return workshop


def explore(workshop: Workshop, *flags: str, stdin: Any = None, resume: bool = False) -> Popen[str]:
    run = ["--resume", "first"] if resume else ["--name", "first", "--tools", "letterbox:post"]
    process = Popen(
        [sys.executable, "-m", "fieldcraft", "explore", "--plain", *run, *flags],
        cwd=workshop.folder,
        stdin=PIPE if stdin is None else stdin,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
        start_new_session=True,
    )
    workshop.started.append(process)
    return process


def parked(workshop: Workshop) -> list[dict[str, Any]]:
    return [event for event in workshop.journal() if event["type"] == "approval_parked"]


def posted(workshop: Workshop) -> list[str]:
    place = workshop.folder / "letters.txt"
    return place.read_text().splitlines() if place.exists() else []


WAITING = ("--approve", "post", "--approvals", "wait", "--iterations", "1")


def test_an_answer_that_was_not_heard_yet_is_listed_so(letters: Workshop) -> None:
    running = explore(letters, "--approve", "post", "--approvals", "set-aside", "--iterations", "1")
    running.communicate(timeout=PATIENCE)
    call = parked(letters)[0]["id"]
    assert "answer with: " in letters.run("runs", "approvals", "first").out
    letters.run("runs", "approve", "first", call, "--deny")
    listed = letters.run("runs", "approvals", "first").out
    assert "not heard yet" in " ".join(listed.split())
    assert "answer with: " not in listed


def test_a_call_that_waits_is_listed_and_answered_from_another_process(letters: Workshop) -> None:
    running = explore(letters, *WAITING)
    letters.wait_for("approval_parked")
    (call,) = letters.run("runs", "approvals", "first", "--json").data
    assert (call["tool"], call["arguments"], call["answer"]) == ("post", {"text": "one"}, None)
    assert "post(text='one')" in letters.run("runs", "approvals", "first").out

    allowed = letters.run("runs", "approve", "first", call["id"])
    assert "the run hears it now" in allowed.out
    letters.wait_for("approval_parked", times=2)
    second = parked(letters)[1]["id"]
    letters.run("runs", "approve", "first", second, "--deny", "--note", "one is enough")
    out, err = running.communicate(timeout=PATIENCE)

    assert running.returncode == 0, err
    assert "a call waits for a person: post(text='one')" in out
    assert f"runs approve first {call['id']}" in out
    assert posted(letters) == ["one"]
    assert "a person refused the call: one is enough" in out
    again = letters.run("runs", "approve", "first", call["id"])
    assert (again.code, again.err.count("\n")) == (2, 1)
    assert f"the call {call['id']} needs no answer: allowed by" in again.err


@pytest.mark.parametrize(
    ("world", "iterations", "ends"),
    [("clearing:Clearing", "1", [True]), ("forest:Forest", "2", [False, True])],
    ids=["with snapshots", "without"],
)
def test_a_run_killed_while_it_waits_makes_the_call_once_when_it_was_answered(
    letters: Workshop, world: str, iterations: str, ends: list[bool]
) -> None:
    answers = json.loads((letters.folder / "answers.json").read_text())
    answers["actor"] = [code(POSTING)] * 2
    (letters.folder / "answers.json").write_text(json.dumps(answers))
    running = explore(letters, *WAITING[:-1], iterations, "--env", world)
    letters.wait_for("approval_parked")
    first = parked(letters)[0]["id"]
    letters.run("runs", "approve", "first", first)
    letters.wait_for("approval_parked", times=2)
    running.send_signal(signal.SIGKILL)
    running.wait()
    second = parked(letters)[1]["id"]
    allowed = letters.run("runs", "approve", "first", second)
    assert "hears it when it is resumed" in allowed.out
    twice = letters.run("runs", "approve", "first", second, "--deny")
    assert twice.code == 2
    assert "was answered already (allowed by" in twice.err

    going_on = explore(letters, resume=True)
    out, err = going_on.communicate(timeout=PATIENCE)
    assert going_on.returncode == 0, err
    assert posted(letters) == ["one", "two"]
    assert letters.run("runs", "approvals", "first", "--json").data == []
    assert "Traceback" not in out + err
    assert [(task["task"], task["success"]) for task in finished(letters)] == [
        ("Chop 4 wood", end) for end in ends
    ]


def finished(workshop: Workshop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workshop.run("runs", "show", "first", "--json").data["finished_tasks"]
    return found


def test_a_task_is_set_aside_while_others_go_on(letters: Workshop) -> None:
    tasks = [
        {"task": words, "goal": {"kind": "item", "item": item, "count": count}}
        for words, item, count in (("Chop 4 wood", "wood", 4), ("Saw 2 planks", "plank", 2))
    ]
    (letters.folder / "tasks.json").write_text(json.dumps(tasks))
    flags = ("--approve", "post", "--approvals", "set-aside", "--iterations", "4", "--tasks", "tasks.json")
    running = explore(letters, *flags)
    letters.wait_for("task_finished", times=2)
    letters.run("runs", "approve", "first", parked(letters)[0]["id"], "--always")
    out, err = running.communicate(timeout=PATIENCE)

    assert "task 1 is set aside: Chop 4 wood" in out
    assert posted(letters) == ["one", "two"]
    assert "finished: no more tasks" in out
    assert [(task["task"], task["success"]) for task in finished(letters)] == [
        ("Chop 4 wood", False),
        ("Saw 2 planks", True),
        ("Chop 4 wood", True),
    ], err


def test_the_person_at_the_terminal_can_answer_too(letters: Workshop) -> None:
    leader, follower = pty.openpty()
    running = explore(letters, *WAITING, stdin=follower)
    letters.wait_for("approval_parked")
    os.write(leader, b"perhaps\ny\n")
    letters.wait_for("approval_parked", times=2)
    letters.run("runs", "approve", "first", parked(letters)[1]["id"])
    out, err = running.communicate(timeout=PATIENCE)

    assert running.returncode == 0, err
    assert "Call post(text='one')? [y]es, [n]o, [a]lways, ne[v]er:" in out
    assert posted(letters) == ["one", "two"]
    heard = [event["by"] for event in letters.journal() if event["type"] == "approval_heard"]
    assert heard[0] == "the person at the terminal"


def test_ctrl_c_stops_a_run_that_waits(letters: Workshop) -> None:
    running = explore(letters, *WAITING)
    letters.wait_for("approval_parked")
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=PATIENCE)

    assert running.returncode == 130
    assert "Traceback" not in err
    assert "explore --resume first" in out
    assert posted(letters) == []


@pytest.mark.parametrize("rule", ["deny", "skip", "stop"])
def test_a_call_that_nobody_answers_in_time_goes_by_the_rule(letters: Workshop, rule: str) -> None:
    running = explore(letters, *WAITING, "--approval-expires", "0.001", "--approval-expired", rule)
    out, err = running.communicate(timeout=PATIENCE)
    call = parked(letters)[0]["id"]

    assert posted(letters) == []
    if rule == "stop":
        assert f"nobody answered the call {call} of post in time" in out
        letters.run("runs", "approve", "first", call)
        explore(letters, resume=True).communicate(timeout=PATIENCE)
        assert posted(letters) == ["one"]
        return
    assert "nobody answered within 0.001 minutes" in out, err
    (ended,) = [event for event in letters.journal() if event["type"] == "task_finished"]
    assert bool(ended["given_up"]) == (rule == "skip")
    late = letters.run("runs", "approve", "first", call)
    assert late.code == 2
    assert f"the call {call} needs no answer: nobody answered within 0.001 minutes" in late.err


def test_a_call_that_is_not_parked_is_refused_with_those_that_are(letters: Workshop) -> None:
    running = explore(letters, *WAITING)
    letters.wait_for("approval_parked")
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=PATIENCE)
    call = parked(letters)[0]["id"]
    unknown = letters.run("runs", "approve", "first", "0000")
    assert (unknown.code, unknown.err.count("\n")) == (2, 1)
    assert f"the run first has no parked call '0000'; it has {call}" in unknown.err

    other = letters.run("explore", "--plain", "--name", "second", "--iterations", "0")
    assert other.code == 0
    elsewhere = letters.run("runs", "approve", "second", call)
    assert f"the call {call} is of the run first: `fieldcraft runs approve first {call}`" in elsewhere.err


def test_an_answer_does_not_count_for_a_tool_that_changed(letters: Workshop) -> None:
    running = explore(letters, *WAITING)
    letters.wait_for("approval_parked")
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=PATIENCE)
    letters.run("runs", "approve", "first", parked(letters)[0]["id"])
    box = letters.folder / "letterbox.py"
    box.write_text(box.read_text().replace("Send a letter.", "Send a letter to everybody."))

    going_on = explore(letters, resume=True)
    letters.wait_for("approval_parked", times=2)
    assert posted(letters) == []
    letters.run("runs", "approve", "first", parked(letters)[1]["id"])
    letters.wait_for("approval_parked", times=3)
    letters.run("runs", "approve", "first", parked(letters)[2]["id"])
    out, err = going_on.communicate(timeout=PATIENCE)
    assert "post is not as it was when the call" in out, err
    assert posted(letters) == ["one", "two"]
