"""A goal that failed too often in a row is refused as a proposal until something it lacked was gained."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kept_texts import kept_text

from fieldcraft.agent import RunSettings, resumed_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.compare import history
from fieldcraft.agent.journal.reducer import apply
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.roles.proposals.hopeless import lacked, refuse_hopeless
from fieldcraft.agent.task import Task, Verdict
from fieldcraft.envs import Goal, ItemGoal, KillGoal, Names, Observation, Progress
from fieldcraft.skills import Execution

Settings = Callable[..., RunSettings]
Live = Callable[..., list[Any]]

SAW = "```python\ndef saw_many(bot):\n    bot.saw(50)\n```"
CHOP = "```python\ndef chop_wood(bot):\n    bot.chop()\n```"
WANDER = "```python\ndef wander(bot):\n    print('nothing here')\n```"
NAMES = Names(items=("diamond", "iron_pickaxe", "stick", "wood"))


def planks(count: int = 50, words: str = "Saw {} planks") -> dict[str, Any]:
    goal = {"kind": "item", "item": "plank", "count": count}
    return {"task": words.format(count), "goal": goal}


def wood(count: int) -> dict[str, Any]:
    return {"task": f"Chop {count} wood", "goal": {"kind": "item", "item": "wood", "count": count}}


@pytest.fixture
def live(scripted_run: Live) -> Live:
    """A run of the toy world; keywords change settings."""
    return partial(scripted_run, model_failures=2)


def tasks(events: list[Any]) -> list[str]:
    return [event.task.words for event in events if isinstance(event, e.TaskProposed)]


def refusals(events: list[Any]) -> list[str]:
    return [event.problem for event in events if isinstance(event, e.ProposalRefused)]


def test_a_goal_that_failed_three_times_is_refused_and_another_task_follows(
    live: Live, tmp_path: Path
) -> None:
    events = live([*[planks()] * 4, wood(1)], [SAW, SAW, SAW, CHOP])
    assert tasks(events) == [*["Saw 50 planks"] * 3, "Chop 1 wood"]
    prompt = kept_text(tmp_path / "runs", "curriculum-00005-")
    assert "task: 'hold 50 plank (Saw 50 planks)' failed 3 times in a row" in prompt
    assert "none of what it lacked was gained since: wood" in prompt
    assert "- Refused for now: Saw 50 planks\n" in prompt


def test_a_model_that_insists_on_what_is_hopeless_gets_another_item_by_chance(live: Live) -> None:
    events = live([planks()] * 20, [SAW] * 9)
    proposed = [event.task for event in events if isinstance(event, e.TaskProposed)]
    assert [task.words for task in proposed[:3]] == ["Saw 50 planks"] * 3
    assert len(proposed) > 3 and all(str(task.goal).startswith("hold 1 ") for task in proposed[3:])
    assert len(refusals(events)) == len(proposed) - 3


def test_it_is_proposed_again_once_it_gained_what_it_lacked(live: Live) -> None:
    """One gain is worth one more try: the series of failures is still unbroken."""
    script = [*[planks()] * 3, wood(1), planks(), planks(), wood(9)]
    events = live(script, [SAW, SAW, SAW, CHOP, SAW, CHOP])
    expected = [*["Saw 50 planks"] * 3, "Chop 1 wood", "Saw 50 planks", "Chop 9 wood"]
    assert tasks(events) == expected and not refusals(events)


def test_other_counts_are_the_same_goal_unless_they_ask_for_far_less(live: Live) -> None:
    script = [planks(50), planks(51), planks(49), planks(48), planks(99), planks(4)]
    events = live(script, [SAW] * 4)
    assert tasks(events) == ["Saw 50 planks", "Saw 51 planks", "Saw 49 planks", "Saw 4 planks"]


def test_the_same_words_without_the_goal_are_the_same_task(live: Live) -> None:
    script = [*[planks()] * 3, {"task": "SAW 50 planks!", "goal": None}, wood(1)]
    assert tasks(live(script, [SAW, SAW, SAW, CHOP]))[3:] == ["Chop 1 wood"]


def test_a_task_without_a_goal_goes_by_its_words(live: Live) -> None:
    script = [*[{"task": "Look  around", "goal": None}] * 3, {"task": "look around.", "goal": None}, wood(1)]
    events = live(script, [*[WANDER] * 3, CHOP], critic="never")
    assert tasks(events)[3:] == ["Chop 1 wood"]


def test_a_success_ends_the_series(live: Live) -> None:
    some = "```python\ndef saw_some(bot):\n    while bot.chop() + 1 < 3:\n        pass\n    bot.saw(1)\n```"
    script = [planks(2), planks(2), planks(2), *[planks(90)] * 2, wood(9)]
    events = live(script, [SAW, SAW, some, SAW, SAW, CHOP])
    assert len(tasks(events)) == 6 and not refusals(events)


def test_zero_is_no_limit(live: Live) -> None:
    assert len(tasks(live([planks()] * 6, [SAW] * 6, hopeless_after=0))) == 6


def test_without_evidence_the_model_is_not_told_what_the_world_said(live: Live, tmp_path: Path) -> None:
    live([*[planks()] * 4, wood(1)], [SAW, SAW, SAW, CHOP], evidence=0)
    prompt = kept_text(tmp_path / "runs", "curriculum-00005-")
    assert "nothing was gained since" in prompt and "lacked was gained since: wood" not in prompt


def test_a_run_cut_after_any_event_refuses_the_same(live: Live, tmp_path: Path) -> None:
    script = [*[planks()] * 4, wood(1), planks(), planks(), wood(9)]
    live(script, [SAW, SAW, SAW, CHOP, SAW, CHOP], keep_skills=False)
    whole, runs = history(tmp_path / "runs" / "one"), tmp_path / "runs"
    count = len(Journal(runs / "one").read())
    for lines in range(2, count, 3):
        folder = runs / f"cut-{lines}"
        shutil.copytree(runs / "one", folder)
        journal = folder / "journal-000001.jsonl"
        journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:lines]))
        with resumed_session(folder.name, runs=runs) as session:
            session.explorer.explore()
        assert history(folder) == whole, f"cut after event {lines}"
        shutil.rmtree(folder)


def test_a_task_that_an_earlier_version_began_goes_on(live: Live, tmp_path: Path) -> None:
    live([*[planks()] * 5, wood(9)], [SAW] * 5 + [CHOP], hopeless_after=0, keep_skills=False)
    folder = tmp_path / "runs" / "one"
    whole, journal = history(folder), folder / "journal-000001.jsonl"
    lines = journal.read_text().replace('"hopeless_after":0,', "").splitlines(keepends=True)
    begun = [number for number, line in enumerate(lines, 1) if '"type":"task_proposed"' in line]
    journal.write_text("".join(lines[: begun[4] + 2]))
    with resumed_session("one", runs=tmp_path / "runs") as session:
        session.explorer.explore()
    assert not [event for event in Journal(folder).read() if isinstance(event, e.TailSetAside)]
    assert history(folder)[: begun[4]] == whole[: begun[4]]


def failed(state: RunState, goal: Goal, message: str, critique: str = "") -> None:
    """One failed task with one program."""
    number = state.task_number + 1
    for event in (
        e.TaskProposed(task_number=number, task=Task(words=f"{goal}", goal=goal)),
        e.ExecutionFinished(
            iteration=number,
            execution=Execution(failed_calls=[message] if message else []),
            observation=state.observation,
            progress=state.progress,
        ),
        e.Judged(iteration=number, verdict=Verdict(success=False, critique=critique)),
        e.TaskFinished(task_number=number, success=False, attempts=1),
    ):
        apply(state, event)


def seen(state: RunState, **inventory: int) -> None:
    """The world moves on, by a program of some other task."""
    items = {**state.progress.items, **dict.fromkeys(inventory, 1)}
    apply(
        state,
        e.ExecutionFinished(
            iteration=state.task_number,
            execution=Execution(),
            observation=Observation(inventory=inventory),
            progress=Progress(items=items),
        ),
    )


def refused(state: RunState, goal: Goal) -> bool:
    try:
        refuse_hopeless(f"{goal}", goal, state=state, names=NAMES, settings=RunSettings())
    except ValueError:
        return True
    return False


def test_a_thing_that_was_gained_and_used_up_was_gained() -> None:
    state, diamond = RunState(), ItemGoal(item="diamond")
    for _ in range(3):
        failed(state, diamond, "cannot mine diamond_ore: need iron_pickaxe or better (held: stick)")
    seen(state, wood=1)
    assert refused(state, diamond)
    seen(state, iron_pickaxe=1)
    seen(state)
    assert not refused(state, diamond)


def test_more_of_what_was_held_counts_only_where_there_was_too_little() -> None:
    state, diamond = RunState(), ItemGoal(item="diamond")
    seen(state, stick=2, wood=1)
    for _ in range(3):
        failed(state, diamond, "cannot craft: need 3 stick and 1 wood (have 2 stick)")
    seen(state, stick=2, wood=9)
    assert refused(state, diamond)
    seen(state, stick=3, wood=9)
    assert not refused(state, diamond)


def test_the_critics_words_count_where_the_world_names_nothing() -> None:
    state, cow = RunState(), KillGoal(mob="cow")
    for _ in range(3):
        failed(state, cow, "no way there", critique="Get an iron_pickaxe before.")
    assert lacked(state.setbacks["kill cow"], NAMES) == ["iron_pickaxe"]


def test_where_nothing_is_named_anything_new_will_do() -> None:
    state, cow = RunState(), KillGoal(mob="cow")
    seen(state, wood=1)
    for _ in range(3):
        failed(state, cow, "no way there")
    seen(state, wood=5)
    assert refused(state, cow)
    seen(state, wood=5, stick=1)
    assert not refused(state, cow)


def test_what_is_kept_of_failures_is_bounded() -> None:
    state = RunState()
    for number in range(3_000):
        failed(state, ItemGoal(item=f"thing_{number}"), "cannot " + "x" * 5_000)
    assert len(state.model_dump_json()) < 600_000 and len(state.setbacks) <= 200


def test_what_another_task_brought_along_is_no_failure_any_more() -> None:
    state = RunState()
    for number, (words, item, success, held) in enumerate(
        [("Craft 1 stick", "stick", False, {}), ("Chop 3 wood", "wood", True, {"wood": 3, "stick": 1})], 1
    ):
        goal = ItemGoal(item=item, count=1)
        apply(
            state, e.TaskProposed(task_number=number, task=Task(words=words, goal=goal, origin="curriculum"))
        )
        apply(
            state,
            e.ExecutionFinished(
                iteration=number,
                execution=Execution(),
                observation=Observation(inventory=held),
                progress=Progress(items=dict.fromkeys(held, 1)),
            ),
        )
        apply(state, e.TaskFinished(task_number=number, success=success, attempts=1))

    assert (state.failed, state.setbacks) == ([], {})
