"""Goals that were proposed: whether the world knows them, and what it makes of those of its own kinds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, create_model

from fieldcraft.agent.prompts.answers import AnswerUnusable
from fieldcraft.common.text import visible_line
from fieldcraft.envs import (
    AchieveGoal,
    BadGoal,
    Environment,
    EnvironmentSpec,
    GainGoal,
    Goal,
    ItemGoal,
    KillGoal,
    MineGoal,
    Observation,
    OwnGoal,
    PlaceGoal,
    Progress,
    ReachGoal,
    RoomGoal,
    ScoreGoal,
    nearest,
)
from fieldcraft.envs.faults import told
from fieldcraft.envs.goals.kinds import KINDS

_WHAT = {"gain": "item", "mine": "block", "achieve": "achievement"}


def known_goal(goal: Goal | None, environment: Environment) -> Goal | None:
    """The goal, read by the world where its kind is the world's own.

    Raises:
        AnswerUnusable: the world cannot check it, or it names something unknown; the message has the cure.
    """
    own = [form.kind for form in environment.goal_forms() if form.kind not in KINDS]
    if not isinstance(goal, OwnGoal):
        check_names(goal, environment.spec, own)
        return goal
    if goal.kind not in own:
        raise AnswerUnusable(_wrong_kind(goal, [*environment.spec.goals, *own]))
    try:
        return environment.read_goal(goal)
    except BadGoal as problem:
        raise AnswerUnusable(f"goal: {visible_line(problem, 300)}") from None
    except Exception as fault:  # of a world that others wrote
        raise AnswerUnusable(f"goal: the world failed to read it: {visible_line(told(fault), 200)}") from None


def check_names(goal: Goal | None, spec: EnvironmentSpec, own: Sequence[str] = ()) -> None:
    """Refuse a goal of a kind that the world cannot check, or that names something the world does not know.

    Args:
        goal: of a built-in kind, or none.
        spec: of the world.
        own: the kinds of goals of the world's own.

    Raises:
        AnswerUnusable: the message gives the kinds, or the nearest names.
    """
    if goal is not None and goal.kind not in (*spec.goals, *own, "room"):
        raise AnswerUnusable(_wrong_kind(goal, [*spec.goals, *own]))
    name, known = _named(goal, spec)
    if known and name not in known:
        assert goal is not None
        kind = _WHAT.get(goal.kind, goal.kind)
        raise AnswerUnusable(f"goal: the world has no {kind} {name!r}{nearest(name, known)}")


def check_goal(
    goal: Goal | None, spec: EnvironmentSpec, now: Observation, reached: Progress | None = None
) -> None:
    """Refuse a goal that the world does not know (`check_names`), or that is met before anything was done.

    Raises:
        AnswerUnusable: the message names the nearest names, or what is held already.
    """
    if not isinstance(goal, OwnGoal):
        check_names(goal, spec)
    if _met(goal, now, reached or Progress()):
        raise AnswerUnusable(f"goal: {goal} is met already; ask for more, or for something else")


def shape_with_goals(shape: type[BaseModel], environment: Environment) -> type[BaseModel] | None:
    """The class of an answer with a `goal`, for its JSON schema: with the goals that the world checks.

    `None` where the world does not give the classes of its goals; the form in the prompt is what is left.
    """
    own = environment.goal_schemas()
    kinds = [*environment.spec.goals, "room"]
    if len(environment.goal_forms()) > len(environment.spec.offered_goals()) + len(own):
        return None
    return _with_goals(shape, (*(KINDS[kind] for kind in KINDS if kind in kinds), *own))


@lru_cache(maxsize=16)
def _with_goals(shape: type[BaseModel], kinds: tuple[type[BaseModel], ...]) -> type[BaseModel]:
    goals: Any = None
    for goal_type in kinds:
        goals = goals | goal_type
    return create_model(shape.__name__, __base__=shape, goal=(goals, None))


def _wrong_kind(goal: Goal, kinds: Sequence[str]) -> str:
    known = ", ".join(kinds) or "none"
    return f"goal: this world cannot check the kind {goal.kind!r}; it can check {known}"


def _named(goal: Goal | None, spec: EnvironmentSpec) -> tuple[str, Sequence[str]]:
    """What a goal names, and the names that it may be."""
    names = spec.names
    match goal:
        case ItemGoal() | GainGoal():
            return goal.item, names.items
        case PlaceGoal() | MineGoal():
            return goal.block, names.blocks
        case KillGoal():
            return goal.mob, names.mobs
        case AchieveGoal():
            own = names.kinds.get(goal.of) or names.kinds.get("achievements")
            return goal.achievement, own or [name for listed in names.kinds.values() for name in listed]
    return "", ()


def _met(goal: Goal | None, now: Observation, reached: Progress) -> bool:
    match goal:
        case ItemGoal():
            return now.inventory.get(goal.item, 0) >= goal.count
        case ReachGoal():
            here = now.position
            return here is not None and here.distance(goal.position) <= goal.within
        case RoomGoal():
            return (now.slots_total or 0) - (now.slots_used or 0) >= goal.slots
        case ScoreGoal():
            return now.scores.get(goal.score, float("-inf")) >= goal.at_least
        case AchieveGoal():
            counted = any(goal.achievement in counts for counts in reached.times.values())
            return not counted and reached.times_of(goal.achievement, goal.of) > 0
    return False
