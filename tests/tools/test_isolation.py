"""A tool in a process of its own: whatever it does there ends with its call."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import StructuredTool
from loopback import children, lives
from machine import PATIENCE, eventually
from unruly import double, end, fork, hang, isolated, leave, refuse, shout, whereabouts

from fieldcraft.tools import ToolError, ToolExecutor, ToolPolicy, ToolRegistry, declare

Isolate = Callable[..., ToolExecutor]


@pytest.fixture
def isolate() -> Iterator[Isolate]:
    opened: list[ToolExecutor] = []

    def start(*tools: Any, **policy: Any) -> ToolExecutor:
        opened.append(ToolExecutor(ToolRegistry(tools), policy=ToolPolicy(**policy)))
        return opened[-1]

    yield start
    for executor in opened:
        executor.close()


def test_it_runs_elsewhere_and_the_process_is_kept_for_the_next_call(isolate: Isolate) -> None:
    executor = isolate(double, whereabouts)
    first = executor.call("whereabouts", {})

    assert executor.call("double", {"number": 4}) == 8
    assert os.getpid() not in first
    assert executor.call("whereabouts", {}) == first


def test_a_langchain_tool_runs_elsewhere_as_well(isolate: Isolate) -> None:
    tool = declare(isolation="process")(
        StructuredTool.from_function(lambda n: n + os.getpid() * 0, name="same", description="Same.")
    )

    assert isolate(tool).call("same", {"n": 5}) == 5


def test_a_hang_really_ends_with_all_that_it_started(isolate: Isolate, tmp_path: Path) -> None:
    executor = isolate(hang, double)
    note = tmp_path / "pid"

    with pytest.raises(ToolError, match=r"'hang' gave no result within 1 s; its process was ended"):
        executor.call("hang", {"note": str(note)})

    assert eventually(lambda: not lives(int(note.read_text())))
    assert executor.call("double", {"number": 4}) == 8


def test_what_a_call_leaves_running_is_ended(isolate: Isolate, tmp_path: Path) -> None:
    executor = isolate(leave)
    note = tmp_path / "pid"

    assert executor.call("leave", {"note": str(note)}) == "left"
    assert eventually(lambda: not lives(int(note.read_text())))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("exit", "end failed: SystemExit: bye"),
        ("_exit", "its process ended in the middle of the call"),
        ("kill", "its process ended in the middle of the call"),
        ("crash", "its process ended in the middle of the call"),
        ("raise", "end failed: ConnectionResetError: the line is dead"),
    ],
)
def test_however_it_ends_is_told(how: str, message: str, isolate: Isolate) -> None:
    executor = isolate(end, double)

    with pytest.raises(ToolError, match=message):
        executor.call("end", {"how": how})
    assert executor.call("double", {"number": 4}) == 8


def test_a_fork_answers_once(isolate: Isolate) -> None:
    executor = isolate(fork, double)

    assert executor.call("fork", {}) == "parent"
    assert executor.call("double", {"number": 4}) == 8


def test_what_it_prints_disturbs_nothing(isolate: Isolate, capfd: pytest.CaptureFixture[str]) -> None:
    text = isolate(shout).call("shout", {"size": 100_000_000})

    assert text.endswith("[cut: 20,000 of 100,000,000 characters]")
    assert "noise" not in capfd.readouterr().out


def test_errors_keep_their_kinds(isolate: Isolate) -> None:
    executor = isolate(refuse, attempts=2)

    for arguments, message in (({"kind": "ours"}, "^not today$"), ({"kind": "transient"}, "^not today$")):
        with pytest.raises(ToolError, match=message):
            executor.call("refuse", arguments)


def test_a_tool_that_cannot_be_sent_there_says_so(isolate: Isolate) -> None:
    lock = threading.Lock()

    @isolated
    def locked() -> bool:
        """Look at a lock."""
        return lock.locked()

    with pytest.raises(ToolError, match="'locked' cannot run in a process of its own, for it cannot be pi"):
        isolate(locked).call("locked", {})


def test_nothing_is_left_when_the_executor_is_closed(tmp_path: Path) -> None:
    threads, processes = set(threading.enumerate()), children()
    executor = ToolExecutor(ToolRegistry([hang, double]), policy=ToolPolicy(timeout=1000))
    executor.call("double", {"number": 1})
    note = tmp_path / "pid"
    waiting = executor.submit("hang", {"note": str(note)})
    assert eventually(lambda: note.exists() and note.read_text() != "")
    executor.close()

    with pytest.raises(ToolError, match="was cut off"):
        waiting.result(timeout=PATIENCE)
    assert eventually(lambda: not lives(int(note.read_text())))
    assert eventually(lambda: children() <= processes)
    assert eventually(lambda: set(threading.enumerate()) <= threads)
