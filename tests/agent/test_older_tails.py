"""A run whose unfinished task was recorded by another loop goes on, wherever it was cut."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tool_workshop import cut
from toy_world import LastingWorld

import fieldcraft
from fieldcraft.agent import BudgetLimits, RunSettings, RunState, new_session, resumed_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.compare import first_difference, history
from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.journal.store import Journal
from fieldcraft.cli.views.following import read_overview
from fieldcraft.report.reading import read_story
from fieldcraft.skills import SkillLibrary

Settings = Callable[..., RunSettings]

TASKS = (
    {"task": "Chop 4 wood", "goal": {"kind": "item", "item": "wood", "count": 4}},
    {"task": "Saw 4 planks", "goal": {"kind": "item", "item": "plank", "count": 4}},
)
CHOP = "for _ in range(4):\n        bot.chop()"
SAW = "for _ in range(2):\n        bot.chop()\n    bot.saw(2)"


def _code(name: str, body: str) -> str:
    return f"```python\ndef {name}(bot):\n    {body}\n```"


@pytest.fixture(params=["toy_world:ToyWorld", "toy_world:LastingWorld"])
def world(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def settings_of(toy_settings: Settings, tmp_path: Path) -> Settings:
    path = tmp_path / "fixed.json"
    path.write_text(
        json.dumps(
            {
                "curriculum": [json.dumps({"reasoning": "r", **task}) for task in TASKS * 4],
                "answerer": [f"Answer {number}." for number in range(40)],
                "actor": [_code("chop_wood", CHOP), _code("saw", "bot.saw(50)"), "Not I."]
                + [_code("saw", SAW)] * 9,
                "describer": ["Chops.", "Saws."] * 9,
            }
        )
    )

    def build(**changes: Any) -> RunSettings:
        fields: dict[str, Any] = {
            "model": f"scripted:{path}",
            "curriculum": "fixed",
            "tasks": TASKS,
            "budget": BudgetLimits(iterations=12),
            **changes,
        }
        return toy_settings(**fields)

    return build


def explore(settings: RunSettings, tmp_path: Path) -> Path:
    with new_session(settings, runs=tmp_path / "runs", name="whole") as session:
        session.explorer.explore()
    return tmp_path / "runs" / "whole"


def resume(folder: Path) -> RunState:
    with resumed_session(folder.name, runs=folder.parent) as session:
        return session.explorer.explore()


def spent(events: list[Any]) -> tuple[int, int, int]:
    """Programs, tokens and model calls that these events hold."""
    programs = sum(isinstance(event, e.ExecutionStarted | e.AnswerRefused) for event in events)
    answers = [event for event in events if isinstance(event, e.ModelAnswered | e.ModelFailed)]
    tokens = sum(event.input_tokens + event.output_tokens for event in answers)
    return programs, tokens, sum(isinstance(event, e.ModelAsked) for event in events)


def check(folder: Path, state: RunState) -> None:
    """What holds of any run: nothing is lost, no task is counted twice, and readers agree on it."""
    events = Journal(folder).read()
    assert spent(events) == (state.spent.iterations, state.spent.tokens, sum(state.calls.values()))
    finished = [event.task_number for event in events if isinstance(event, e.TaskFinished)]
    assert finished == list(range(1, len(finished) + 1))
    assert len(state.finished_tasks) == len(finished)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert sum(isinstance(event, e.WorldReset) for event in events) == 1
    kept = {event.name: event.digest for event in events if isinstance(event, e.SkillKept)}
    assert state.kept == kept
    assert read_overview(folder).state == state
    story = read_story(folder)
    assert [iteration.number for iteration in story.iterations] == list(range(1, state.spent.iterations + 1))
    assert history(folder) and first_difference(folder, folder) is None
    started = sum(isinstance(event, e.ExecutionStarted) for event in events)
    ended = sum(isinstance(event, e.ExecutionFinished | e.ExecutionInterrupted) for event in events)
    aside = [event for event in events if isinstance(event, e.TailSetAside)]
    assert started - ended <= len(aside)


def aside(folder: Path) -> list[e.TailSetAside]:
    return [event for event in Journal(folder).read() if isinstance(event, e.TailSetAside)]


def world_at(folder: Path, lines: int) -> None:
    """Make the lasting world what it was when the journal ended after `lines` lines."""
    held: dict[str, Any] = {"wood": 0}
    first: dict[str, Any] = {}
    tick = 0
    for line in (folder / "journal-000001.jsonl").read_text().splitlines()[:lines]:
        event = json.loads(line)
        if event.get("observation"):
            held, tick = event["observation"]["inventory"], event["observation"]["tick"]
            first = event["progress"]["items"]
    LastingWorld.kept["world"] = [dict(held), dict(first), tick]


def test_a_run_cut_after_any_event_goes_on_with_another_loop(
    settings_of: Settings, world: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = explore(settings_of(environment=world), tmp_path)
    total = len(Journal(whole).read())
    saved = tmp_path / "saved"
    (tmp_path / "library").rename(saved)
    monkeypatch.setattr(e, "LOOP", 2)
    for lines in range(1, total):
        shutil.copytree(saved, tmp_path / "library")
        folder = cut(whole, lines)
        before = Journal(folder).read()
        world_at(folder, lines)
        state = resume(folder)
        check(folder, state)
        assert Journal(folder).read()[: len(before)] == before
        assert [words for words, success in state.finished_tasks if success] == [
            task["task"] for task in TASKS
        ], f"cut after {lines}"
        assert SkillLibrary(tmp_path / "library").problems() == []
        shutil.rmtree(folder)
        shutil.rmtree(tmp_path / "library")


@pytest.mark.parametrize("changes", [{"questions": 2}, {"critic": "none"}, {"attempts": 1}])
def test_a_run_goes_on_where_the_loop_asks_otherwise(
    settings_of: Settings,
    world: str,
    tmp_path: Path,
    changes: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_of(environment=world, curriculum="auto", tasks=())
    whole = explore(settings, tmp_path)
    load = Run._load

    def load_changed(run: Run) -> None:
        load(run)
        run.settings = run.settings.model_copy(update=changes)

    monkeypatch.setattr(Run, "_load", load_changed)
    for lines in range(2, len(Journal(whole).read()), 5):
        folder = cut(whole, lines)
        world_at(folder, lines)
        check(folder, resume(folder))
        shutil.rmtree(folder)


def test_the_events_set_aside_are_told_with_their_version(
    settings_of: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = explore(settings_of(), tmp_path)
    number = next(ev.number for ev in Journal(whole).read() if isinstance(ev, e.TaskFinished))
    folder = cut(whole, number + 3)
    monkeypatch.setattr(e, "LOOP", 2)
    resume(folder)
    [event] = aside(folder)
    assert (event.first, event.last, event.task_number) == (number + 1, number + 3, 1)
    assert event.text == (
        f"3 events of the unfinished task were written by version {fieldcraft.__version__} and are set "
        "aside; the run goes on from task 2"
    )


def test_a_journal_without_a_loop_version_is_the_first_loop_s(settings_of: Settings, tmp_path: Path) -> None:
    whole = explore(settings_of(), tmp_path)
    folder = cut(whole, len(Journal(whole).read()) - 3)
    journal = folder / "journal-000001.jsonl"
    first, rest = journal.read_bytes().split(b"\n", 1)
    data = json.loads(first)
    del data["loop"], data["version"]
    journal.write_bytes(json.dumps(data).encode() + b"\n" + rest)
    resume(folder)
    assert aside(folder) == []
    assert first_difference(folder, whole) is None


def test_a_death_while_a_tail_is_set_aside_loses_nothing(
    settings_of: Settings, world: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = explore(settings_of(environment=world), tmp_path)
    begun = [ev.number for ev in Journal(whole).read() if isinstance(ev, e.ExecutionStarted)]
    monkeypatch.setattr(e, "LOOP", 2)
    for lines in (begun[0], begun[1] + 1):
        once = cut(whole, lines)
        world_at(once, lines)
        resume(once)
        total = len(Journal(once).read())
        shutil.rmtree(once)
        for later in range(lines + 1, min(total, lines + 6)):
            folder = cut(whole, lines)
            world_at(folder, lines)
            resume(folder)
            again = cut(folder, later)
            shutil.rmtree(folder)
            world_at(again, later)
            check(again, resume(again))
            shutil.rmtree(again)


def test_a_second_loop_s_run_is_set_aside_by_a_third_and_resumes_in_itself(
    settings_of: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = explore(settings_of(), tmp_path)
    monkeypatch.setattr(e, "LOOP", 2)
    folder = cut(whole, 6)
    resume(folder)
    total = len(Journal(folder).read())
    again = cut(folder, total - 4)
    resume(again)
    assert len(aside(again)) == 1
    third = cut(folder, total - 5)
    monkeypatch.setattr(e, "LOOP", 3)
    check(third, resume(third))
    assert len(aside(third)) == 2


def test_a_finished_run_has_no_tail(
    settings_of: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = explore(settings_of(), tmp_path)
    monkeypatch.setattr(e, "LOOP", 2)
    assert resume(whole).finished
    assert aside(whole) == []


def test_a_damaged_snapshot_is_rebuilt_without_what_was_set_aside(
    settings_of: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = explore(settings_of(), tmp_path)
    finished = [ev.number for ev in Journal(whole).read() if isinstance(ev, e.ExecutionFinished)]
    folder = cut(whole, finished[-1])
    monkeypatch.setattr(e, "LOOP", 2)
    state = resume(folder)
    for snapshot in (folder / "snapshots").glob("*.bin"):
        snapshot.write_bytes(b"broken")
    assert len(aside(folder)) == 1
    again = cut(folder, len(Journal(folder).read()) - 1)
    resumed = resume(again)
    assert resumed.progress == state.progress
    assert "rebuilt" in (again / "journal-000001.jsonl").read_text()
