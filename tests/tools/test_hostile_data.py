"""Results, errors and arguments that hurt who reads them: what is recorded is bounded, and can be read."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from machine import PATIENCE

from fieldcraft.common.data import read_json
from fieldcraft.tools import ToolContext, ToolError, ToolExecutor, ToolPolicy, ToolRegistry
from fieldcraft.tools.context import ToolCall, ToolOutcome

Execute = Callable[..., ToolExecutor]

cannot_be_read_back = pytest.mark.attack("results and arguments that cannot be read back")
fills = pytest.mark.attack("results and arguments that fill memory and disk")


class Recorder:
    """Keeps each call as the journal would write it."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def recorded(self, _: ToolCall) -> None:
        return None

    def tool_started(self, call: ToolCall) -> None:
        self.written.append(json.dumps([call.name, call.arguments], ensure_ascii=False))

    def tool_finished(self, call: ToolCall, outcome: ToolOutcome) -> None:
        told = [call.name, call.arguments, outcome.value, outcome.error]
        self.written.append(json.dumps(told, ensure_ascii=False))

    def size(self) -> int:
        return sum(len(line.encode()) for line in self.written)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


class Liar(dict[str, Any]):
    """A dictionary that has no end."""

    def items(self) -> Any:
        return ((str(number), number) for number in iter(int, 1))

    def __len__(self) -> int:
        return 3


class Wordy(Exception):
    def __str__(self) -> str:
        return "w" * 50_000_000


def endless() -> Iterator[Any]:
    while True:
        yield "x" * 1_000


def gives(value: Any) -> Callable[[], Any]:
    def give() -> Any:
        """Give it."""
        if isinstance(value, Exception):
            raise value
        return value

    return give


def take(value: Any) -> str:
    """Take anything."""
    return f"took {len(str(value))}"


@cannot_be_read_back
@pytest.mark.parametrize(
    "value",
    [
        nested(220),
        nested(90_000),
        10**10_000,
        {"a": [10**5_000]},
        {"\ud800": 1},
        "\udfff",
        ToolError("\ud800"),
    ],
    ids=["deep", "very deep", "digits", "digits inside", "key", "text", "error"],
)
def test_a_result_that_cannot_be_kept_is_an_error_of_its_call(value: Any, execute: Execute) -> None:
    recorder = Recorder()
    executor = execute(gives(value), take, context=ToolContext(recorder=recorder))

    with pytest.raises(ToolError):
        executor.call("give", {})

    assert all(read_json(line) for line in recorder.written)
    assert executor.call("take", {"value": 1}) == "took 1"


@cannot_be_read_back
@pytest.mark.parametrize(
    "value",
    [nested(220), 10**10_000, float("nan"), "x" * 300_000, ["a"] * 60_000],
    ids=["deep", "digits", "nan", "long", "many"],
)
def test_arguments_that_cannot_be_kept_are_refused(value: Any, execute: Execute) -> None:
    recorder = Recorder()
    executor = execute(take, context=ToolContext(recorder=recorder))

    with pytest.raises(ToolError, match="take cannot take these arguments: "):
        executor.call("take", {"value": value})

    assert all(read_json(line) for line in recorder.written)
    assert recorder.size() < 2_000


@cannot_be_read_back
def test_half_characters_in_arguments_and_names_are_replaced(execute: Execute) -> None:
    recorder = Recorder()
    executor = execute(take, context=ToolContext(recorder=recorder))

    assert executor.call("take", {"value": "\ud83d"}) == "took 1"
    with pytest.raises(ToolError, match="no tool"):
        executor.call("no\ud83d" + "n" * 1_000_000, {})

    assert all(read_json(line) for line in recorder.written)
    assert recorder.size() < 5_000


@fills
def test_the_arguments_of_one_task_have_a_bound(execute: Execute) -> None:
    recorder = Recorder()
    executor = execute(take, context=ToolContext(recorder=recorder), calls_per_task=1_000)
    outcomes = [executor.submit("take", {"value": "x" * 250_000}) for _ in range(60)]

    errors = [str(error) for one in outcomes if (error := one.exception(timeout=PATIENCE)) is not None]

    assert len(errors) == 45
    assert "this task has used its 4,000,000 bytes of arguments" in errors[0]
    assert recorder.size() < 10_000_000
    executor.begin_task()
    assert executor.call("take", {"value": "x"}) == "took 1"


@fills
@pytest.mark.parametrize(
    "value",
    [
        Liar(a=1),
        [endless()],
        {"a": endless(), "b": endless()},
        ["x" * 4_000_000] * 100,
        [[0] * 3_000] * 3_000,
    ],
    ids=["liar", "endless", "two endless", "the same again", "many numbers"],
)
def test_a_result_without_end_is_cut(value: Any, execute: Execute) -> None:
    began = time.process_time()

    given = execute(gives(value)).call("give", {})

    assert len(str(given)) < 21_000
    assert time.process_time() - began < 20


def test_an_error_of_any_length_is_cut(execute: Execute) -> None:
    for error in (Wordy(), ToolError("w" * 50_000_000)):
        with pytest.raises(ToolError) as caught:
            execute(gives(error)).call("give", {})
        assert len(str(caught.value)) <= 4_000


@fills
def test_what_is_kept_of_results_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fieldcraft.tools.calls.keeping.MOST_KEPT", 20_000_000)
    letters = iter("abcdefghij")

    def long() -> str:
        """Give a long text, each time another."""
        return next(letters) * 30_000_000

    policy = ToolPolicy()
    executor = ToolExecutor(ToolRegistry([long]), policy=policy, results=tmp_path / "results")
    shown = [executor.call("long", {}) for _ in range(4)]
    executor.close()

    assert "; its beginning is in " in shown[0]
    assert "of 30,000,000 characters" in shown[0]
    assert "the whole is not kept: there are 20,000,000 bytes of results already" in shown[3]
    assert sum(file.stat().st_size for file in (tmp_path / "results").iterdir()) <= 20_000_000


@pytest.mark.attack("links in folders of ours that lead out of them")
def test_a_result_is_not_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "tool-results").symlink_to(outside)
    executor = ToolExecutor(ToolRegistry([gives("x" * 30_000)]), results=tmp_path / "run" / "tool-results")

    shown = executor.call("give", {})
    executor.close()

    assert "the whole could not be kept: " in shown
    assert list(outside.iterdir()) == []
