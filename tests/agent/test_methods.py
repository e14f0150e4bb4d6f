"""Methods are settings: what each changes in a run, and that no model is told which one runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kept_texts import kept_texts

from fieldcraft.agent import RunSettings, RunState, new_session, resumed_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.methods import UnknownMethod, all_methods, method_settings
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.skills import SkillLibrary

Settings = Callable[..., RunSettings]
NAMES = [*all_methods().methods, *(f"without-{part}" for part in all_methods().without)]
SPEAKS_OF_METHODS = re.compile(
    r"voyager|react\b|reflexion|autogpt|ablation|baseline|without (?:the )?(?:library|critic)", re.IGNORECASE
)
CHOP = "```python\ndef chop_once(bot):\n    bot.chop()\n    print('chopped')\n```"
SAW = "```python\ndef saw_many(bot):\n    print('sawing')\n    bot.saw(50)\n```"
BROKEN = "```python\ndef broken(bot):\n    bot.chop()\n    return 1 / 0\n```"


@pytest.fixture
def live(toy_settings: Settings, tmp_path: Path) -> Callable[..., tuple[RunState, list[Any]]]:
    """A run of a method in the toy world; keywords are further settings."""

    def run(
        method: str, actor: list[str], *, iterations: int = 4, **changes: Any
    ) -> tuple[RunState, list[Any]]:
        wood = {"task": "Chop 1 wood", "goal": {"kind": "item", "item": "wood", "count": 90}}
        script = {
            "curriculum": [
                {"steps": [wood, {"task": "Chop on"}, *({"task": f"Saw {n}"} for n in range(4))], **wood}
            ]
            * 40,
            "critic": [{"success": False, "critique": "more"}] * 40,
            "answerer": [f"Answer {number}." for number in range(40)],
            "describer": [f"Description {number}." for number in range(40)],
            "actor": actor,
        }
        path = tmp_path / f"{method}.json"
        path.write_text(json.dumps(script))
        fields = {
            "model": f"scripted:{path}",
            "keep_prompts": True,
            "budget": BudgetLimits(iterations=iterations),
            **method_settings(method),
            **changes,
        }
        if method == "fixed-curriculum":
            fields["tasks"] = ()
            fields["curriculum"] = "auto"
        events: list[Any] = []
        with new_session(
            toy_settings(**fields), runs=tmp_path / "runs", name=method, listeners=(events.append,)
        ) as session:
            return session.explorer.explore(), events

    return run


def prompts(tmp_path: Path, method: str, role: str = "") -> list[str]:
    return list(kept_texts(tmp_path / "runs" / method, role).values())


@pytest.mark.parametrize("method", NAMES)
def test_no_prompt_tells_which_method_runs(live: Any, tmp_path: Path, method: str) -> None:
    """The author's instructions are those of the full agent, to the letter."""
    live("full", [CHOP, SAW, BROKEN, CHOP], library=str(tmp_path / "other"))
    if method != "full":
        live(method, [CHOP, SAW, BROKEN, CHOP])
    told = prompts(tmp_path, method)
    assert told and not [text for text in told if SPEAKS_OF_METHODS.search(text)]
    instructions = {
        prompts(tmp_path, name, "actor")[0].partition("<!-- user -->")[0] for name in ("full", method)
    }
    assert len(instructions) == 1


@pytest.mark.parametrize("method", NAMES)
def test_a_methods_settings_are_sound_and_explained(method: str) -> None:
    RunSettings(**method_settings(method))
    assert method_settings(method) != method_settings("full") or method == "full"


def test_methods_are_joined_from_left_to_right() -> None:
    both = method_settings("voyager+without-critic", without=["library"])
    assert (both["critic"], both["retrieved"], both["attempts_shown"]) == ("none", 0, 1)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("reakt", "no method 'reakt'; did you mean 'react'?"),
        ("without-critics", "did you mean 'without-critic'"),
        ("voyager+react", "only without-... can follow a +"),
        ("", "no method ''"),
    ],
)
def test_an_unknown_method_is_told_with_the_known_ones(name: str, words: str) -> None:
    with pytest.raises(UnknownMethod) as caught:
        method_settings(name or "full+")
    assert words in str(caught.value)


def test_without_library_nothing_is_kept_shown_or_callable(live: Any, tmp_path: Path) -> None:
    live("full", [CHOP.replace("bot.chop()", "[bot.chop() for _ in range(60)]")], iterations=1)
    assert SkillLibrary(tmp_path / "library").names() == ["chop-once"]
    calls = "```python\ndef chop_again(bot):\n    chop_once(bot)\n    print(2)\n```"
    _, events = live("without-library", [calls], iterations=1)
    execution = next(event.execution for event in events if isinstance(event, e.ExecutionFinished))
    assert "name 'chop_once' is not defined" in execution.error_text()
    assert "None fits yet." in prompts(tmp_path, "without-library", "actor")[0]
    assert SkillLibrary(tmp_path / "library").names() == ["chop-once"]


def test_without_environment_feedback_nobody_is_told_what_the_world_said(live: Any, tmp_path: Path) -> None:
    live("without-environment-feedback", [SAW, SAW, BROKEN, SAW, SAW], iterations=5, attempts=4)
    told = "".join(prompts(tmp_path, "without-environment-feedback"))
    assert "50 wood" not in told and "> sawing" not in told
    assert "PrimitiveError: the primitive failed at line 3: `bot.saw(50)`" in told
    assert "ZeroDivisionError: division by zero" in told


def test_without_execution_errors_the_author_sees_only_what_the_world_said(live: Any, tmp_path: Path) -> None:
    live("without-execution-errors", [SAW, BROKEN, CHOP])
    told = "".join(prompts(tmp_path, "without-execution-errors", "actor"))
    assert "Error:\n" not in told and "ZeroDivisionError" not in told
    assert "Failed calls:\n> cannot saw: need 50 wood (have 0)" in told and "> sawing" in told


@pytest.mark.parametrize(("method", "judged"), [("react", 0), ("reflexion", 8)])
def test_one_aim_is_refined_three_times_over_and_over(
    live: Any, tmp_path: Path, method: str, judged: int
) -> None:
    state, events = live(method, [CHOP, SAW, BROKEN, CHOP] * 2, iterations=8)
    tasks = [(event.task.words, event.task.context) for event in events if isinstance(event, e.TaskProposed)]
    assert tasks[:2] == [("Explore the world and get as many items as possible", "")] * 2
    assert [event.attempts for event in events if isinstance(event, e.TaskFinished)] == [4, 4]
    roles = [event.role for event in events if isinstance(event, e.ModelAsked)]
    assert roles.count("critic") == judged and set(roles) <= {"actor", "critic"}
    assert ("ZeroDivisionError" in "".join(prompts(tmp_path, method, "actor"))) == (method == "reflexion")
    assert not state.kept


def test_subgoals_are_done_without_an_error_and_planned_anew_when_barren(live: Any) -> None:
    """The first brings wood, the next three nothing new: a failed one is given up after four programs."""
    _, events = live("autogpt", [CHOP, CHOP, SAW, BROKEN, SAW, SAW, CHOP, CHOP], iterations=8)
    course = [
        len(event.steps) if isinstance(event, e.PlanMade) else event.success
        for event in events
        if isinstance(event, e.PlanMade | e.TaskFinished)
    ]
    assert course == [6, True, True, False, True, 6, True]
    assert {event.role for event in events if isinstance(event, e.ModelAsked)} == {"actor", "curriculum"}


def test_subgoals_resume_where_they_stopped(live: Any, tmp_path: Path) -> None:
    programs = [CHOP, CHOP, SAW, BROKEN, SAW, SAW, CHOP, CHOP]
    whole, _ = live("autogpt", programs, iterations=8)
    (tmp_path / "runs" / "autogpt").rename(tmp_path / "runs" / "whole")
    live("autogpt", programs, iterations=4)
    with resumed_session("autogpt", runs=tmp_path / "runs", budget=BudgetLimits(iterations=8)) as session:
        parts = session.explorer.explore()
    assert (parts.finished_tasks, parts.plan, parts.stalled_tasks, parts.observation) == (
        whole.finished_tasks,
        whole.plan,
        whole.stalled_tasks,
        whole.observation,
    )


def test_the_voyager_preset_shows_the_core_of_the_inventory_first(live: Any, tmp_path: Path) -> None:
    """Its author is shown the last program only, its answerer nothing that the world said."""
    live("voyager", [CHOP, SAW, BROKEN, CHOP, CHOP], iterations=5)
    second = next(text for text in prompts(tmp_path, "voyager", "curriculum") if "Failed tasks\n- " in text)
    assert "> Inventory: empty" in second and "Questions and answers\nnone" in second
    assert "## Attempt 2" not in prompts(tmp_path, "voyager", "actor")[3]
    assert "50 wood" not in "".join(prompts(tmp_path, "voyager", "answerer"))
