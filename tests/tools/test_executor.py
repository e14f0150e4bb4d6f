"""A call gives JSON data or a `ToolError` that says why, whatever the tool does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from machine import PATIENCE

from fieldcraft.tools import (
    ToolCall,
    ToolContext,
    ToolError,
    ToolExecutor,
    ToolOutcome,
    ToolRegistry,
    current_context,
    load_tools,
)

Execute = Callable[..., ToolExecutor]


def add(first: int, second: int = 1) -> int:
    """Add two numbers."""
    return first + second


def test_a_call_gives_the_result_as_data(execute: Execute) -> None:
    executor = execute(add)

    assert executor.names() == ("add",)
    assert executor.call("add", {"first": 2}) == 3
    assert executor.submit("add", {"first": 2, "second": 5}).result(timeout=PATIENCE) == 7


def test_the_built_in_calculator_end_to_end() -> None:
    executor = ToolExecutor(load_tools(["calculator"]))

    assert executor.call("calculator", {"expression": "400/1400"}) == "0.285714285714"
    with pytest.raises(ToolError, match="division by zero"):
        executor.call("calculator", {"expression": "1/0"})
    executor.close()


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("ad", {}, r"no tool 'ad'; did you mean 'add'\?"),
        ("add", {}, "add cannot take these arguments: first: Field required"),
        ("add", {"first": "x"}, "first: Input should be a valid integer"),
        ("add", {"first": 1, "third": 2}, "add takes no argument 'third'; it takes: first, second"),
    ],
)
def test_wrong_calls_say_what_was_wrong(
    name: str, arguments: dict[str, Any], message: str, execute: Execute
) -> None:
    future = execute(add).submit(name, arguments)

    with pytest.raises(ToolError, match=message):
        future.result(timeout=PATIENCE)


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("thrown", "message"),
    [
        (ValueError("bad " + "x" * 5000), "fail failed: ValueError: bad x"),
        (ToolError("ask again later"), "ask again later"),
        (SystemExit(3), "fail failed: SystemExit: 3"),
        (Unspeakable(), "its message cannot be shown"),
    ],
    ids=["value-error", "tool-error", "system-exit", "unspeakable"],
)
def test_whatever_a_tool_throws_is_a_bounded_message(
    thrown: BaseException, message: str, execute: Execute
) -> None:
    def fail() -> str:
        """Fail."""
        raise thrown

    with pytest.raises(ToolError, match=message) as caught:
        execute(fail).call("fail", {})
    assert len(str(caught.value)) <= 2000


def test_a_hanging_call_times_out_and_the_others_go_on(execute: Execute) -> None:
    release = threading.Event()

    def hang() -> None:
        """Hang."""
        release.wait()

    executor = execute(hang, add, timeout=1.0, calls_per_task=1000)
    hanging = [executor.submit("hang", {}) for _ in range(10)]

    for future in hanging:
        with pytest.raises(ToolError, match=r"tool 'hang' gave no result within 1(\.0)? s"):
            future.result(timeout=PATIENCE)
    assert executor.call("add", {"first": 1}) == 2
    release.set()


def test_too_many_stuck_calls_are_named_and_no_more_start(execute: Execute) -> None:
    release = threading.Event()

    def hang() -> None:
        """Hang."""
        release.wait()

    executor = execute(hang, add, timeout=0.1, calls_per_task=1000, same_failures=1000)
    for _ in range(3):
        for future in [executor.submit("hang", {}) for _ in range(8)]:
            future.exception(timeout=PATIENCE)

    with pytest.raises(ToolError, match=r"(?:1[6-9]|2[0-4]) earlier calls still hang \(hang\)"):
        executor.call("add", {"first": 1})
    release.set()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            assert executor.call("add", {"first": 1}) == 2
            break
        except ToolError:
            time.sleep(0.01)
    else:
        pytest.fail("the executor did not recover when its stuck calls ended")


def test_calls_run_side_by_side(execute: Execute) -> None:
    meeting = threading.Barrier(4)

    def meet() -> str:
        """Wait for three others."""
        meeting.wait(timeout=PATIENCE)
        return "met"

    executor = execute(meet)

    assert [
        future.result(timeout=PATIENCE) for future in [executor.submit("meet", {}) for _ in range(4)]
    ] == ["met"] * 4


def test_a_task_has_a_number_of_calls(execute: Execute) -> None:
    executor = execute(add, calls_per_task=2)
    for _ in range(2):
        executor.call("add", {"first": 1})

    with pytest.raises(ToolError, match="this task has used its 2 tool calls"):
        executor.call("add", {"first": 1})
    executor.begin_task()
    assert executor.call("add", {"first": 1}) == 2


def test_a_cancelled_call_that_has_not_begun_never_runs(execute: Execute) -> None:
    release, ran = threading.Event(), threading.Event()

    def hang() -> None:
        """Hang."""
        release.wait()

    def run() -> None:
        """Run."""
        ran.set()

    executor = execute(hang, run, add)
    busy = [executor.submit("hang", {}) for _ in range(8)]
    assert executor.submit("run", {}).cancel()
    release.set()
    for future in busy:
        future.result(timeout=PATIENCE)

    assert executor.call("add", {"first": 1}) == 2
    assert not ran.is_set()


def test_closing_cuts_off_what_runs_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    release = threading.Event()

    def hang() -> None:
        """Hang."""
        release.wait()

    executor = ToolExecutor(ToolRegistry([hang, add]))
    executor.call("add", {"first": 1})
    future = executor.submit("hang", {})
    executor.close()
    executor.close()

    with pytest.raises(ToolError, match="was cut off"):
        future.result(timeout=PATIENCE)
    with pytest.raises(ToolError, match="after the run's tools were closed"):
        executor.call("add", {"first": 1})
    release.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=PATIENCE)
    assert set(threading.enumerate()) <= before


class Ledger:
    """A recorder and a budget in one, as a run would give them."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self.started: list[int] = []
        self.calls: list[tuple[str, Mapping[str, Any], str | None]] = []

    def recorded(self, call: ToolCall) -> ToolOutcome | None:
        return None

    def tool_started(self, call: ToolCall) -> None:
        self.started.append(call.number)

    def tool_finished(self, call: ToolCall, outcome: ToolOutcome) -> None:
        assert outcome.seconds >= 0
        self.calls.append((call.name, call.arguments, outcome.error))

    def refusal(self) -> str | None:
        return None if len(self.calls) < self.allowed else "the money is spent"


def test_calls_are_recorded_and_stop_with_the_budget(execute: Execute) -> None:
    ledger = Ledger(allowed=1)
    executor = execute(add, context=ToolContext(recorder=ledger, budget=ledger))

    executor.call("add", {"first": 1})
    with pytest.raises(ToolError, match="add was not called: the money is spent"):
        executor.call("add", {"first": 2})

    assert ledger.calls == [
        ("add", {"first": 1}, None),
        ("add", {"first": 2}, "add was not called: the money is spent"),
    ]


class Meadow:
    """A world to look at."""

    def reference(self) -> str:
        return "mine(block)"

    def last_seen(self, name: str) -> str | None:
        return f"{name} at (1, 64, 2)"


def test_a_tool_reaches_its_context_and_nobody_elses(execute: Execute) -> None:
    def seen(name: str) -> str | None:
        """Say where a thing was last seen."""
        world = current_context().world
        return None if world is None else world.last_seen(name)

    assert (
        execute(seen, context=ToolContext(world=Meadow())).call("seen", {"name": "cow"})
        == "cow at (1, 64, 2)"
    )
    assert execute(seen).call("seen", {"name": "cow"}) is None
    assert current_context().world is None
