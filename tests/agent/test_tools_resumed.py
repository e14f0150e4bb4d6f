"""Tool calls of a run that was killed: found again, counted, repeated only where they may be."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tool_workshop import DONE, TOOLS, WOOD, Settings, cut, program, resume, script, wants

from fieldcraft.agent import new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.compare import history
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.agent.tooling.journaled_calls import CUT_OFF
from fieldcraft.tools import ToolPolicy

pytestmark = pytest.mark.usefixtures("notes")


LIFE: dict[str, list[Any]] = {
    "curriculum": [wants(("lookup", {"name": "oak", "slowly": True}), ("lookup", {"name": "unicorn"})), WOOD],
    "actor": [
        wants(("calculator", {"expression": "1/8"})),
        program("print(tools.stamp(number=7))", "bot.saw(50)"),
        program("print(tools.lookup(name='elm'), tools.stamp(number=8))", "bot.chop()"),
    ],
    "critic": [{"success": False, "critique": "more"}, wants(("stamp", {"number": 9})), DONE],
}


@pytest.fixture
def unbroken(toy_settings: Settings, tmp_path: Path) -> Path:
    settings = toy_settings(
        model=script(tmp_path, **LIFE),
        tools=TOOLS,
        critic="model",
        retrieved=0,
        budget=BudgetLimits(iterations=2),
    )
    with new_session(settings, runs=tmp_path / "runs", name="unbroken") as session:
        state = session.explorer.explore()
    assert state.completed == ["Chop 4 wood"] and list(state.kept) == ["chop-wood"]
    return tmp_path / "runs" / "unbroken"


def test_a_run_cut_after_any_event_of_a_tool_call_resumes_to_the_same_history(
    unbroken: Path, notes: Path, tmp_path: Path
) -> None:
    whole, events = history(unbroken), Journal(unbroken).read()
    made = notes.read_text().splitlines()
    assert made.count("stamp 8") == 1, "the proof of a program calls nothing again that changes something"
    for lines in range(1, len(events)):
        shutil.rmtree(tmp_path / "library")
        folder = cut(unbroken, lines)
        notes.write_text("")
        resume(folder)
        assert history(folder) == whole, f"killed after event {lines}: {events[lines - 1].type}"
        begun = sum(isinstance(event, e.ToolCalled) for event in events[:lines])
        ended = sum(isinstance(event, e.ToolReturned) for event in events[:lines])
        made_again = notes.read_text().splitlines()
        assert len(made_again) <= len(made) - max(0, ended - 1) + (begun > ended), f"after event {lines}"
        shutil.rmtree(folder)


def test_a_call_that_may_change_something_each_time_is_not_made_twice(
    toy_settings: Settings, tmp_path: Path, notes: Path
) -> None:
    model = script(
        tmp_path,
        curriculum=[WOOD],
        actor=[
            wants(("post", {"text": "one"})),
            program(
                "try:", "    print(tools.post(text='two'))", "except ToolError as error:", "    print(error)"
            ),
        ],
    )
    settings = toy_settings(
        model=model, tools=TOOLS, attempts=1, budget=BudgetLimits(iterations=1), critic="none"
    )
    with new_session(settings, runs=tmp_path / "runs", name="whole") as session:
        session.explorer.explore()
    folder = tmp_path / "runs" / "whole"
    events = Journal(folder).read()
    intents = [
        number
        for number, event in enumerate(events, 1)
        if isinstance(event, e.ToolCalled) and event.tool == "post"
    ]
    assert len(intents) == 2
    for lines in intents:
        notes.write_text("")
        broken = cut(folder, lines)
        resume(broken)
        resumed = Journal(broken).read()
        outcomes = [event.error for event in resumed if isinstance(event, e.ToolReturned)]
        assert outcomes.count(CUT_OFF) == 1
        assert "post one" not in notes.read_text()
        assert ("post two" in notes.read_text()) == (lines == intents[0])


def test_a_resumed_task_goes_on_counting_its_calls(toy_settings: Settings, tmp_path: Path) -> None:
    model = script(
        tmp_path,
        curriculum=[WOOD],
        actor=[
            program("for n in range(3):", "    tools.calculator(expression=str(n))", "bot.saw(50)"),
            program("for n in range(3):", "    tools.calculator(expression=str(n))", "bot.saw(50)"),
        ],
    )
    settings = toy_settings(
        model=model,
        tools=TOOLS,
        attempts=2,
        tool_policy=ToolPolicy(calls_per_task=5),
        budget=BudgetLimits(iterations=2),
        critic="none",
    )
    with new_session(settings, runs=tmp_path / "runs", name="whole") as session:
        session.explorer.explore()
    folder = tmp_path / "runs" / "whole"
    events = Journal(folder).read()
    faults = [
        event.execution.error_text() or "" for event in events if isinstance(event, e.ExecutionFinished)
    ]
    assert "cannot saw" in faults[0] and "this task has used its 5 tool calls" in faults[1]
    first_end = next(n for n, event in enumerate(events, 1) if isinstance(event, e.ExecutionFinished))
    broken = cut(folder, first_end)
    resume(broken)
    assert history(broken) == history(folder)


def test_damaged_snapshots_are_rebuilt_from_what_the_tools_said(unbroken: Path, notes: Path) -> None:
    whole = history(unbroken)
    started = [n for n, event in enumerate(Journal(unbroken).read(), 1) if isinstance(event, e.Judged)]
    folder = cut(unbroken, started[0])
    for snapshot in (folder / "snapshots").glob("*.bin"):
        snapshot.write_bytes(b"")
    notes.write_text("")
    shutil.rmtree(unbroken.parent.parent / "library")
    resume(folder)
    assert history(folder) == whole
    assert "stamp 7" not in notes.read_text()


def test_in_a_world_that_lives_on_recorded_calls_are_counted_and_not_made_again(
    toy_settings: Settings, tmp_path: Path, notes: Path
) -> None:
    settings = toy_settings(
        environment="toy_world:LastingWorld",
        model=script(tmp_path, **LIFE),
        tools=TOOLS,
        critic="model",
        budget=BudgetLimits(iterations=2),
    )
    with new_session(settings, runs=tmp_path / "runs", name="whole") as session:
        session.explorer.explore()
    events = Journal(tmp_path / "runs" / "whole").read()
    stamped = next(n for n, ev in enumerate(events, 1) if isinstance(ev, e.ToolReturned) and ev.value == 70)
    notes.write_text("")
    folder = cut(tmp_path / "runs" / "whole", stamped)
    resume(folder)
    after = Journal(folder).read()
    assert any(isinstance(event, e.ExecutionInterrupted) for event in after)
    assert "stamp 7" not in notes.read_text()
    numbers = [event.call for event in after if isinstance(event, e.ToolCalled)]
    assert numbers == list(range(1, len(numbers) + 1))
