"""What a run allows its tools: approval, limits, further attempts, memory, files for long results."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.tools import (
    ToolContext,
    ToolError,
    ToolExecutor,
    ToolPolicy,
    ToolRegistry,
    TransientToolError,
    declare,
)

Open = Callable[..., ToolExecutor]


@declare(effect="reads")
def look(where: str = "here") -> str:
    """Look."""
    return f"looked {where}"


def write(what: str) -> str:
    """Write."""
    return f"wrote {what}"


class Person:
    """Somebody at the terminal who gives prepared answers."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)


@pytest.fixture
def open_with() -> Iterator[Open]:
    opened: list[ToolExecutor] = []

    def start(
        *tools: Any, person: Person | None = None, results: Path | None = None, **policy: Any
    ) -> ToolExecutor:
        context = ToolContext(redact=lambda text: text.replace("secret", "[redacted]"))
        registry, rules = ToolRegistry(tools), ToolPolicy(**policy)
        opened.append(
            ToolExecutor(registry, context=context, policy=rules, ask_person=person, results=results)
        )
        return opened[-1]

    yield start
    for executor in opened:
        executor.close()


@pytest.mark.parametrize(
    ("approval", "asked"),
    [("never", 0), ("always", 2), (("writes",), 1), (("lo*",), 1), (("other",), 0)],
)
def test_a_person_is_asked_as_the_policy_says(approval: Any, asked: int, open_with: Open) -> None:
    person = Person("y", "yes")
    executor = open_with(look, write, person=person, approval=approval)

    assert executor.call("look", {}) == "looked here"
    assert executor.call("write", {"what": "a"}) == "wrote a"
    assert len(person.asked) == asked


def test_a_refusal_is_told_and_an_answer_may_hold_for_ever(open_with: Open) -> None:
    person = Person("what?", "n", "always")
    executor = open_with(look, write, person=person, approval="always")

    with pytest.raises(ToolError, match="write was not called: a person refused the call"):
        executor.call("write", {"what": "secret"})
    assert [executor.call("write", {"what": str(n)}) for n in range(3)] == ["wrote 0", "wrote 1", "wrote 2"]
    assert len(person.asked) == 3
    assert "Call write(what='[redacted]')?" in person.asked[0]
    with pytest.raises(ToolError, match="it needs a person's approval, and nobody answered"):
        executor.call("look", {})


def test_where_nobody_is_there_nothing_is_approved(open_with: Open) -> None:
    with pytest.raises(ToolError, match="it needs a person's approval, and nobody is there to give it"):
        open_with(write, approval=("writes",)).call("write", {"what": "a"})


def test_calls_of_one_tool_are_limited_by_a_pattern(open_with: Open) -> None:
    executor = open_with(look, write, calls_per_tool={"l*": 2})
    for _ in range(2):
        executor.call("look", {})

    with pytest.raises(ToolError, match="this task has used its 2 calls of look"):
        executor.call("look", {})
    assert executor.call("write", {"what": "a"}) == "wrote a"


class Weather:
    """Fails as often as it is told to before it answers."""

    def __init__(self, failures: int, error: Exception) -> None:
        self.failures, self.error, self.calls = failures, error, 0

    def tool(self, **traits: Any) -> Callable[[], str]:
        def forecast() -> str:
            """Say what the weather will be."""
            self.calls += 1
            if self.calls <= self.failures:
                raise self.error
            return "sun"

        return declare(**traits)(forecast)


def test_only_a_transient_failure_is_tried_again(open_with: Open) -> None:
    declared = Weather(2, ConnectionResetError("gone"))
    raised = Weather(1, TransientToolError("later"))
    plain = Weather(1, ValueError("no"))

    assert open_with(declared.tool(transient=(ConnectionError,)), attempts=3).call("forecast", {}) == "sun"
    assert open_with(raised.tool(), attempts=3).call("forecast", {}) == "sun"
    with pytest.raises(ToolError, match="forecast failed: ValueError: no"):
        open_with(plain.tool(transient=(ConnectionError,)), attempts=3).call("forecast", {})
    assert (declared.calls, raised.calls, plain.calls) == (3, 2, 1)


def test_attempts_come_to_an_end(open_with: Open) -> None:
    weather = Weather(100, TransientToolError("later"))

    with pytest.raises(ToolError, match="later"):
        open_with(weather.tool(), attempts=2).call("forecast", {})
    assert weather.calls == 2


def test_a_pure_call_is_answered_from_memory_and_no_other_is(open_with: Open) -> None:
    pure, reads = Weather(0, ValueError()), Weather(0, ValueError())
    for weather, effect in ((pure, "pure"), (reads, "reads")):
        executor = open_with(weather.tool(effect=effect))
        for _ in range(3):
            executor.call("forecast", {})

    assert (pure.calls, reads.calls) == (1, 3)


def test_a_failure_is_not_remembered(open_with: Open) -> None:
    weather = Weather(1, ValueError("no"))
    executor = open_with(weather.tool(effect="pure"))

    with pytest.raises(ToolError):
        executor.call("forecast", {})
    assert executor.call("forecast", {}) == "sun"


def test_the_same_failing_call_is_noticed_and_then_refused(open_with: Open) -> None:
    executor = open_with(Weather(100, ValueError("no")).tool(), same_failures=3)
    said = []
    for _ in range(4):
        with pytest.raises(ToolError) as caught:
            executor.call("forecast", {})
        said.append(str(caught.value))

    assert said[1].endswith("(the same call has failed 2 times in this task)")
    assert "the same call failed 3 times in this task; do something else" in said[3]
    executor.begin_task()
    with pytest.raises(ToolError, match=r"ValueError: no$"):
        executor.call("forecast", {})


def test_a_long_result_is_cut_to_a_file_with_a_summary(open_with: Open, tmp_path: Path) -> None:
    def many() -> list[int]:
        """Count."""
        return list(range(50_000))

    def keys() -> dict[str, str]:
        """Give keys."""
        return {f"key{n}": "secret" * 100 for n in range(100)}

    executor = open_with(many, keys, results=tmp_path / "results")
    counted, given = executor.call("many", {}), executor.call("keys", {})
    file = Path(counted.rpartition("the whole is in ")[2].rstrip("]"))

    assert "; a list of 50,000 items; the whole is in " in counted
    assert json.loads(file.read_text()) == list(range(50_000))
    assert "; an object of 100 keys: key0, key1" in given
    assert not any("secret" in path.read_text() for path in (tmp_path / "results").glob("keys-*"))


def test_a_result_that_cannot_be_kept_is_cut_all_the_same(open_with: Open, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("no folder")

    text = open_with(write, results=tmp_path / "results").call("write", {"what": "x" * 30_000})

    assert "; the whole could not be kept: " in text


def test_a_hundred_megabytes_a_binary_and_an_exception_are_results_to_tell(open_with: Open) -> None:
    def huge() -> str:
        """Give a lot."""
        return "x" * 100_000_000

    def binary() -> bytes:
        """Give bytes."""
        return bytes(range(256))

    def odd() -> Exception:
        """Give an exception."""
        return ValueError("given, not raised")

    def forgetful() -> Any:
        """Give a coroutine."""

        async def later() -> int:
            return 1

        return later()

    executor = open_with(huge, binary, odd, forgetful)

    assert executor.call("huge", {}).endswith("[cut: 20,000 of 100,000,000 characters]")
    assert executor.call("binary", {}).startswith("AAECAwQF")
    with pytest.raises(ToolError, match="odd failed: ValueError: given, not raised"):
        executor.call("odd", {})
    with pytest.raises(ToolError, match="gave a coroutine and no result; its function must be `async def`"):
        executor.call("forgetful", {})


def test_a_fork_on_a_thread_answers_once(open_with: Open) -> None:
    def fork() -> str:
        """Come back twice."""
        return "child" if os.fork() == 0 else "parent"

    executor = open_with(fork, look)

    assert executor.call("fork", {}) == "parent"
    assert executor.call("look", {}) == "looked here"
