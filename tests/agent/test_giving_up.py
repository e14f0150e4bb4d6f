"""An author may end a task that is beyond reach; the next proposal is told so, and what the world said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kept_texts import kept_text

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.settings import BudgetLimits

Settings = Callable[..., RunSettings]

FAILS = "```python\ndef saw_much(bot):\n    bot.saw(50)\n```"
WORKS = "```python\ndef chop_wood(bot):\n    bot.chop()\n```"
TASKS = [
    {"task": "Saw 50 planks", "goal": {"kind": "item", "item": "plank", "count": 50}},
    {"task": "Chop 1 wood", "goal": {"kind": "item", "item": "wood", "count": 1}},
]


@pytest.fixture
def live(toy_settings: Settings, tmp_path: Path) -> Callable[..., list[Any]]:
    def lived(actor: list[str], **changes: Any) -> list[Any]:
        script = {"curriculum": TASKS, "answerer": ["Saw."] * 4, "actor": actor, "describer": ["Chops."]}
        (tmp_path / "a.json").write_text(json.dumps(script))
        settings = toy_settings(
            model=f"scripted:{tmp_path / 'a.json'}",
            budget=BudgetLimits(iterations=2),
            keep_prompts=True,
            **changes,
        )
        events: list[Any] = []
        with new_session(settings, runs=tmp_path / "runs", listeners=(events.append,)) as session:
            session.explorer.explore()
        return events

    return lived


def test_a_task_that_is_given_up_costs_no_further_iteration(live: Callable[..., list[Any]]) -> None:
    events = live([FAILS, "There is no wood for it.\nGIVE UP: no wood within reach", WORKS])
    first, second = (event for event in events if isinstance(event, e.TaskFinished))
    assert (first.success, first.attempts, first.given_up) == (False, 1, "no wood within reach")
    assert second.success


def test_the_next_proposal_is_told_how_often_it_failed_and_what_the_world_said(
    live: Callable[..., list[Any]], tmp_path: Path
) -> None:
    live([FAILS, "GIVE UP: no wood within reach", WORKS])
    prompt = kept_text(tmp_path / "runs", "curriculum-00002-")
    assert "- Saw 50 planks (1 times, 1 tasks ago)" in prompt
    assert "# What the world said since then\n> cannot saw: need 50 wood" in prompt


def test_nothing_is_given_up_before_it_was_tried(live: Callable[..., list[Any]]) -> None:
    events = live(["GIVE UP: I would rather not", FAILS])
    assert any(isinstance(event, e.AnswerRefused) for event in events)
    assert not any(isinstance(event, e.TaskFinished) and event.given_up for event in events)


def test_without_environment_feedback_the_curriculum_is_not_told_what_the_world_said(
    live: Callable[..., list[Any]], tmp_path: Path
) -> None:
    live([FAILS, "GIVE UP: no wood within reach", WORKS], evidence=0)
    prompt = kept_text(tmp_path / "runs", "curriculum-00002-")
    assert "# What the world said lately\nnothing yet" in prompt
