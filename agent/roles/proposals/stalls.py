"""A run that finds nothing new: noticed, shown to the curriculum with something to try, and ended in time."""

from __future__ import annotations

import json

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.course.news import SQUARE, without_news
from fieldcraft.agent.journal.setbacks import goal_key
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.settings import BudgetLimits, RunSettings
from fieldcraft.common.text import visible_line
from fieldcraft.envs import AchieveGoal, EnvironmentSpec, ItemGoal, Position, ReachGoal

ITEMS_NAMED = 40
"""Items never held that a hint names."""

ANOTHER_WORLD = "another world"
BEFORE_MOVING = 2
"""Stalls in a row after which the run goes on in another world, if the settings name one."""

GROUNDS_NAMED = 3
"""Squares of ground never stood on that a hint names."""


def out_of_patience(state: RunState, budget: BudgetLimits) -> str:
    """Why the run stops where nothing new came for as long as it has patience; else empty."""
    since = without_news(state)
    if budget.patience is None or since < budget.patience:
        return ""
    last = f", the last was {state.newest} at iteration {state.newest_at}" if state.newest else ""
    return visible_line(
        f"patience of {budget.patience} iterations used up: nothing new in {since}{last}", 400
    )


def noticed(state: RunState, settings: RunSettings, spec: EnvironmentSpec) -> e.StallNoticed | None:
    """That nothing new came for another `stall_after` iterations, with what to try; else `None`.

    It is other goals first, then ground where no program ended yet, then another world where the settings
    name one that is left, and so on by turns.
    """
    since = without_news(state)
    if (
        settings.curriculum != "auto"
        or not settings.stall_after
        or since < settings.stall_after * (state.stalls + 1)
    ):
        return None
    if state.stalls >= BEFORE_MOVING and state.episodes.tried < len(settings.elsewhere):
        return e.StallNoticed(
            iteration=state.spent.iterations, since=since, newest=state.newest, tries=ANOTHER_WORLD
        )
    grounds = farther_grounds(state) if state.stalls % 2 and "reach" in spec.goals else []
    tries, hint = _farther(state, grounds) if grounds else _others(state, spec)
    return e.StallNoticed(
        iteration=state.spent.iterations, since=since, newest=state.newest, tries=tries, hint=hint
    )


def farther_grounds(state: RunState) -> list[ReachGoal]:
    """The nearest squares of ground beside those where programs ended, and where none ended yet."""
    here = state.observation.position
    if here is None:
        return []
    trodden = {tuple(int(part) for part in key.split()) for key in state.trodden}
    beside = {
        (east + right, south + down)
        for east, south in trodden
        for right in (-1, 0, 1)
        for down in (-1, 0, 1)
        if (east + right, south + down) not in trodden
    }
    goals = [
        ReachGoal(
            position=Position(x=(east + 0.5) * SQUARE, y=here.y, z=(south + 0.5) * SQUARE), within=SQUARE / 2
        )
        for east, south in sorted(beside)
    ]
    untried = [goal for goal in goals if goal_key("", goal) not in {*state.setbacks, *state.done}]
    return sorted(untried, key=lambda goal: here.distance(goal.position))[:GROUNDS_NAMED]


def _farther(state: RunState, grounds: list[ReachGoal]) -> tuple[str, str]:
    goals = " or ".join(json.dumps(goal.model_dump(mode="json")) for goal in grounds)
    return "farther ground", (
        f"{_since(state)} Try farther ground, where no program ended yet. A goal for it is {goals}"
    )


def _others(state: RunState, spec: EnvironmentSpec) -> tuple[str, str]:
    keys = {item: goal_key("", ItemGoal(item=item)) for item in spec.names.items}
    keys |= {name: goal_key("", AchieveGoal(achievement=name)) for name in spec.names.achievements()}
    asked, found = {*state.setbacks, *state.done}, state.found()
    left = [name for name in keys if name not in found]
    untried = [name for name in left if keys[name] not in asked] or sorted(
        left, key=lambda name: _failures(state, keys[name])
    )
    what = "items never held" if spec.names.items else "achievements never reached"
    named = f" Of {len(left)} {what} these were tried least: {', '.join(untried[:ITEMS_NAMED])}."
    return "other goals", f"{_since(state)} Try other goals than lately.{named if untried else ''}"


def _failures(state: RunState, key: str) -> int:
    setback = state.setbacks.get(key)
    return setback.failures if setback else 0


def _since(state: RunState) -> str:
    last = f"; the last was {visible_line(state.newest, 120)}" if state.newest else ""
    return f"Nothing new came in the last {without_news(state)} iterations{last}."
