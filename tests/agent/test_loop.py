"""The loop through its public door: a toy world, scripted answers, the real sandbox and library."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kept_texts import kept_text

from fieldcraft.agent import RunSettings, RunState, new_session, resumed_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.settings import BudgetLimits, FixedTask
from fieldcraft.envs import ItemGoal
from fieldcraft.skills import SkillLibrary, Verified

Settings = Callable[..., RunSettings]


def live(settings: RunSettings, runs: Path, **options: Any) -> tuple[RunState, list[Any]]:
    events: list[Any] = []
    with new_session(settings, runs=runs, listeners=(events.append,), **options) as session:
        return session.explorer.explore(), events


def answers(path: Path, **by_role: list[Any]) -> str:
    path.write_text(json.dumps(by_role))
    return f"scripted:{path}"


def test_a_life_of_five_iterations(toy_settings: Settings, tmp_path: Path) -> None:
    state, events = live(toy_settings(), tmp_path / "runs")
    assert state.completed == ["Chop 4 wood", "Saw 4 planks", "Saw 20 planks"]
    refused = [event.problem for event in events if isinstance(event, e.AnswerRefused)]
    assert refused == ["it holds no code block; put the whole program into exactly one ```python block"]
    library = SkillLibrary(tmp_path / "library")
    assert library.get("chop-wood").verified == Verified.FULL
    assert library.get("saw-planks").dependencies == {"chop_wood": library.get("chop-wood").digest}
    paused = next(event for event in events if isinstance(event, e.RunPaused))
    assert paused.reason == "budget of 5 iterations used up"


def test_a_repaired_program_is_verified_from_the_tasks_start(toy_settings: Settings, tmp_path: Path) -> None:
    """The second program only finishes what the first began: alone it cannot do the task."""
    first = "```python\ndef get_planks(bot):\n    bot.chop()\n    bot.chop()\n    bot.saw(99)\n```"
    second = "```python\ndef get_planks(bot):\n    bot.saw(2)\n    print('sawed')\n```"
    model = answers(
        tmp_path / "a.json",
        curriculum=[{"task": "Saw 4 planks", "goal": {"kind": "item", "item": "plank", "count": 4}}],
        answerer=["Saw."],
        actor=[first, second],
        describer=["Saws planks."],
    )
    state, events = live(toy_settings(model=model, budget=BudgetLimits(iterations=2)), tmp_path / "runs")
    verified = next(event for event in events if isinstance(event, e.VerificationFinished))
    assert not verified.success and "need 2 wood" in verified.detail
    assert SkillLibrary(tmp_path / "library").get("get-planks").verified == Verified.PARTIAL
    assert state.observation.inventory["plank"] == 4


def test_the_actor_sees_error_failed_calls_log_and_critique(toy_settings: Settings, tmp_path: Path) -> None:
    live(toy_settings(keep_prompts=True), tmp_path / "runs")
    prompt = kept_text(tmp_path / "runs", "actor-00004-")
    assert "> PrimitiveError: cannot saw: need 50 wood (have" in prompt
    assert "at line 2: `bot.saw(50)`" in prompt
    assert "Critique: The goal is not met: hold 0 of 4 plank" in prompt
    assert "Problem with the answer: it holds no code block" in prompt


def test_a_goal_that_is_unknown_or_met_goes_back_to_the_model(toy_settings: Settings, tmp_path: Path) -> None:
    goal = {"kind": "item", "item": "plnk", "count": 1}
    model = answers(
        tmp_path / "a.json",
        curriculum=[
            {"task": "Get a plank", "goal": goal},
            {"task": "Get a plank", "goal": {**goal, "item": "plank"}},
        ],
        answerer=["Saw."],
        actor=["```python\ndef one_plank(bot):\n    bot.chop()\n    bot.saw()\n```"],
        describer=["Saws a plank."],
    )
    settings = toy_settings(model=model, budget=BudgetLimits(iterations=1), keep_prompts=True)
    state, _ = live(settings, tmp_path / "runs")
    assert state.completed == ["Get a plank"]
    prompt = kept_text(tmp_path / "runs", "curriculum-00002-")
    assert "the world has no item 'plnk'; did you mean 'plank'?" in prompt


def test_the_budget_is_asked_before_every_model_call(toy_settings: Settings, tmp_path: Path) -> None:
    state, events = live(toy_settings(budget=BudgetLimits(tokens=1)), tmp_path / "runs")
    assert sum(isinstance(event, e.ModelAsked) for event in events) == 1
    assert not state.finished


def test_more_budget_goes_on_where_the_run_stopped(toy_settings: Settings, tmp_path: Path) -> None:
    settings = toy_settings(budget=BudgetLimits(iterations=2))
    with new_session(settings, runs=tmp_path / "runs", name="one") as session:
        session.explorer.explore()
    with resumed_session("one", runs=tmp_path / "runs", budget=BudgetLimits(iterations=5)) as session:
        assert session.explorer.explore().completed == ["Chop 4 wood", "Saw 4 planks", "Saw 20 planks"]


def test_a_silent_model_stops_the_run_and_costs_no_iteration(toy_settings: Settings, tmp_path: Path) -> None:
    model = answers(tmp_path / "a.json", curriculum=[])
    state, events = live(toy_settings(model=model, model_failures=3), tmp_path / "runs")
    assert sum(isinstance(event, e.ModelFailed) for event in events) == 3
    assert state.spent.iterations == 0
    assert "3 model calls in a row failed" in next(ev.reason for ev in events if isinstance(ev, e.RunPaused))


def test_a_fixed_list_ends_the_run(toy_settings: Settings, tmp_path: Path) -> None:
    tasks = (FixedTask(task="Chop 4 wood", goal=ItemGoal(item="wood", count=4)),)
    state, events = live(toy_settings(curriculum="fixed", tasks=tasks), tmp_path / "runs")
    assert state.finished and state.completed == ["Chop 4 wood"]
    assert isinstance(events[-1], e.RunFinished)


def test_a_person_sets_and_judges_tasks(toy_settings: Settings, tmp_path: Path) -> None:
    said = iter(["Chop some wood", "y", ""])
    settings = toy_settings(curriculum="human", critic="human")
    state, _ = live(settings, tmp_path / "runs", ask_human=lambda _question: next(said))
    assert state.completed == ["Chop some wood"] and state.finished


def test_a_given_task_is_planned_again_after_a_failed_step(toy_settings: Settings, tmp_path: Path) -> None:
    wood = {"task": "Chop wood", "goal": {"kind": "item", "item": "wood", "count": 2}}
    plank = {"task": "Saw planks", "goal": {"kind": "item", "item": "plank", "count": 4}}
    chop = "```python\ndef chop_two(bot):\n    bot.chop()\n    bot.chop()\n```"
    saw = "```python\ndef saw_two(bot):\n    bot.saw(2)\n```"
    model = answers(
        tmp_path / "a.json",
        curriculum=[{"steps": [plank]}, {"steps": [wood, plank]}],
        answerer=[f"Answer {n}." for n in range(9)],
        actor=[saw, chop, saw],
        describer=["Chops.", "Saws."],
    )
    settings = toy_settings(
        model=model,
        curriculum="solve",
        attempts=1,
        tasks=(FixedTask(task="make planks"),),
        budget=BudgetLimits(),
    )
    state, _ = live(settings, tmp_path / "runs")
    assert state.solved and state.finished
    assert state.finished_tasks == [("Saw planks", False), ("Chop wood", True), ("Saw planks", True)]


def test_a_stop_request_is_heeded_at_the_next_event(toy_settings: Settings, tmp_path: Path) -> None:
    with new_session(toy_settings(), runs=tmp_path / "runs", name="one") as session:
        session.recorder.request_stop("a person asked")
        state = session.explorer.explore()
    assert state.spent.iterations == 0
    with resumed_session("one", runs=tmp_path / "runs") as session:
        assert session.explorer.explore().spent.iterations == 5
