"""What is asked and what is remembered: questions with the task, evidence by names, and memory in prompts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept_texts import kept_texts
from tool_workshop import WOOD, live, program, script

from fieldcraft.agent import resumed_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.prompts.answers import parse_json
from fieldcraft.agent.roles.curriculum import Proposal
from fieldcraft.agent.roles.proposals.shown import latest, settled
from fieldcraft.agent.roles.questions import KnownNames
from fieldcraft.agent.settings import BudgetLimits, RunSettings
from fieldcraft.envs import Names

Settings = Callable[..., RunSettings]
NAMES = KnownNames(
    Names(
        items=("iron_ingot", "iron_pickaxe", "raw_iron", "stick", "Elder Moss"),
        blocks=("iron_ore", "stone"),
        mobs=("cow",),
    )
)
SAID = [
    "cannot craft iron_pickaxe: need 3 iron_ingot (have 0), 2 stick (have 0)",
    "cannot craft iron_ingot: it comes from smelting raw_iron",
    "cannot mine iron_ore: need stone pick or better",
    "cannot craft raw_iron: it comes from mining iron_ore",
    "cannot find cow: none within 48 blocks",
    "cannot eat Elder Moss: it is not cooked",
]
MORE = {**WOOD, "task": "Chop 8 wood", "goal": {"kind": "item", "item": "wood", "count": 8}}
CHOP = program("while bot.chop() < 4:\n        pass")


def test_evidence_is_what_names_the_thing_and_then_its_parts() -> None:
    assert NAMES.evidence("What does it take to craft iron_pickaxe?", SAID, 8) == [SAID[0], SAID[1]]
    assert NAMES.evidence("What does it take to craft an iron pickaxe?", SAID, 8) == [SAID[0], SAID[1]]
    assert NAMES.evidence("What needs iron_ingot?", SAID, 8) == [SAID[1], SAID[0], SAID[3]]


def test_names_of_several_words_are_found_too() -> None:
    assert NAMES.evidence("Can one eat elder moss?", SAID, 8) == [SAID[5]]


def test_a_name_that_nothing_was_said_of_has_no_evidence() -> None:
    assert NAMES.evidence("What does it take to craft stick?", SAID[1:], 8) == []
    assert NAMES.evidence("What does it take to mine 3 stone?", SAID[3:], 8) == []


def test_where_nothing_of_the_world_is_named_words_decide() -> None:
    assert NAMES.evidence("What is not cooked?", SAID, 8) == [SAID[5]]
    assert KnownNames(Names()).evidence("What about iron_ore?", SAID, 1) == [SAID[3]]


def test_evidence_is_bounded() -> None:
    assert len(NAMES.evidence("What needs iron_ingot?", SAID * 20, 8)) == 8
    assert NAMES.evidence("What needs iron_ingot?", SAID, 0) == []


def test_nobody_is_asked_what_nobody_can_know(toy_settings: Settings, tmp_path: Path) -> None:
    model = script(tmp_path, curriculum=[WOOD], actor=[CHOP], answerer=["I know it."], describer=["Chops."])
    state, events = live(toy_settings(model=model, budget=BudgetLimits(iterations=1)), tmp_path / "runs")
    assert "answerer" not in state.calls
    assert [event.answer for event in events if isinstance(event, e.QuestionAnswered)] == ["Unknown."]
    assert state.task is None


def test_but_a_run_without_evidence_goes_by_what_its_model_knows(
    toy_settings: Settings, tmp_path: Path
) -> None:
    model = script(tmp_path, curriculum=[WOOD], actor=[CHOP], answerer=["I know it."], describer=["Chops."])
    settings = toy_settings(model=model, evidence=0, budget=BudgetLimits(iterations=1))
    state, _ = live(settings, tmp_path / "runs")
    assert state.calls["answerer"] == 1


def test_questions_come_with_the_task_and_are_answered_before_the_next(
    toy_settings: Settings, tmp_path: Path
) -> None:
    asked = [{"question": "What needs wood?"}, {"question": "What is a plank?", "answer": "Sawn wood."}]
    model = script(
        tmp_path,
        curriculum=[{**WOOD, "questions": [*asked, "What does chop do?", "One too many?"]}, MORE],
        actor=[program("bot.saw(50)"), CHOP, CHOP],
        answerer=[f"Answer {number}." for number in range(9)],
        describer=["Chops."] * 3,
    )
    settings = toy_settings(model=model, questions=3, budget=BudgetLimits(iterations=3))
    _, events = live(settings, tmp_path / "runs")
    (first, _) = [event.task for event in events if isinstance(event, e.TaskProposed)]
    assert first.questions == ("What needs wood?", "What does chop do?")
    answers = [event.question for event in events if isinstance(event, e.QuestionAnswered)]
    assert answers[0] == "What is a plank?"
    assert {"What needs wood?", "What does chop do?"} <= set(answers)
    assert "One too many?" not in answers
    assert [event.template for event in events if isinstance(event, e.ModelAsked)].count(
        "curriculum_questions"
    ) == 0
    shown = kept_texts(tmp_path / "runs", "curriculum-00002")["curriculum-00002-curriculum_task"]
    assert "Question: What is a plank?\nAnswer:\n> Sawn wood." in shown


@pytest.mark.parametrize(
    ("questions", "kept"),
    [
        ("What is wood?", []),
        (["What is wood?"], ["What is wood?"]),
        ([{"question": "What?"}, 7, None, ["a"], {"answer": "b"}], ["What?", ""]),
        ([{"question": 3, "answer": "x"}], [""]),
        (None, []),
    ],
)
def test_a_question_that_is_none_costs_itself_and_not_the_task(questions: Any, kept: list[str]) -> None:
    read = parse_json(json.dumps({**WOOD, "questions": questions}), Proposal)
    assert read.task == WOOD["task"]
    assert [asked.question for asked in read.questions] == kept


def test_a_run_that_began_with_questions_in_a_call_of_their_own_goes_on(
    toy_settings: Settings, tmp_path: Path
) -> None:
    model = script(
        tmp_path,
        curriculum=[{"questions": ["What needs wood?"]}, WOOD, MORE],
        actor=[CHOP, CHOP],
        describer=["Chops."] * 2,
    )
    settings = toy_settings(model=model, questions=1, ask_first=True, budget=BudgetLimits(iterations=0))
    live(settings, tmp_path / "runs", name="one")
    journal = tmp_path / "runs" / "one" / "journal-000001.jsonl"
    journal.write_text(journal.read_text().replace('"ask_first":true,', ""))
    events: list[e.Event] = []
    with resumed_session(
        "one", runs=tmp_path / "runs", budget=BudgetLimits(iterations=1), listeners=(events.append,)
    ) as session:
        state = session.explorer.explore()
    assert state.completed == ["Chop 4 wood"]
    assert not any(isinstance(event, e.TailSetAside) for event in events)


def test_all_calls_of_a_prompt_begin_with_the_same_message(toy_settings: Settings, tmp_path: Path) -> None:
    live(toy_settings(budget=BudgetLimits(iterations=5)), tmp_path / "runs")
    begun: dict[str, set[str]] = {}
    for name, text in kept_texts(tmp_path / "runs").items():
        begun.setdefault(name.split("-")[2], set()).add(text.partition("<!-- user -->")[0])
    assert {name: len(texts) for name, texts in begun.items()} == dict.fromkeys(begun, 1)
    assert {"actor", "curriculum_task"} <= begun.keys()


@given(
    st.lists(st.integers(min_value=1, max_value=40), max_size=120), st.integers(min_value=8, max_value=200)
)
def test_what_is_shown_of_a_list_is_its_end_within_bounds(sizes: list[int], room: int) -> None:
    entries = list(enumerate(sizes))
    shown = latest(entries, room, lambda entry: entry[1])
    assert list(shown) == entries[len(entries) - len(shown) :]
    assert sum(size for _, size in shown) <= room
    assert sum(sizes) <= room or sum(size for _, size in shown) >= room // 2 - 40
    assert 0 <= settled(entries, room, lambda entry: entry[1]) <= len(shown)


def test_what_is_shown_begins_the_same_in_most_calls() -> None:
    entries = [f"entry {number} of a list that grows" for number in range(400)]
    same = 0
    for count in range(100, 400):
        before, now = entries[: count - 1], entries[:count]
        old = latest(before, 3_000, len)[: settled(before, 3_000, len)]
        new = latest(now, 3_000, len)[: settled(now, 3_000, len)]
        same += list(old) == list(new)
    assert same > 285
