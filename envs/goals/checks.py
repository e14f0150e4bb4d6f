"""Checking the built-in kinds of goals by what a world shows and what was reached in it."""

from __future__ import annotations

from typing import Protocol

from fieldcraft.envs.goals.kinds import (
    AchieveGoal,
    GainGoal,
    GoalCheck,
    ItemGoal,
    KillGoal,
    MineGoal,
    PlaceGoal,
    ReachGoal,
    RoomGoal,
    ScoreGoal,
)
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.types import Progress

BuiltIn = (
    ItemGoal | GainGoal | MineGoal | PlaceGoal | KillGoal | RoomGoal | ReachGoal | AchieveGoal | ScoreGoal
)


class Seen(Protocol):
    """A world, as far as checks look at it."""

    def observe(self) -> Observation:
        """What the agent sees now."""

    def progress(self) -> Progress:
        """What was reached since the reset."""


def checked(world: Seen, goal: BuiltIn, since: Progress) -> GoalCheck:
    """Whether `goal` is met; what is counted is counted from `since`, the task's start."""
    match goal:
        case ItemGoal():
            return _counted(world.observe().inventory.get(goal.item, 0), goal.count, "hold", goal.item)
        case RoomGoal():
            seen = world.observe()
            free = (seen.slots_total or 0) - (seen.slots_used or 0)
            return _counted(free, goal.slots, "have", "empty inventory slots")
        case ReachGoal():
            here = world.observe().position
            away = float("inf") if here is None else here.distance(goal.position)
            return GoalCheck(met=away <= goal.within, detail=f"{away:.1f} blocks from {goal.position}")
        case ScoreGoal():
            return _score(world.observe(), goal)
    return _since(world.progress(), since, goal)


def _since(
    now: Progress, since: Progress, goal: GainGoal | MineGoal | PlaceGoal | KillGoal | AchieveGoal
) -> GoalCheck:
    """What happened so often during the task."""
    match goal:
        case GainGoal():
            have = now.gained.get(goal.item, 0) - since.gained.get(goal.item, 0)
            return _counted(have, goal.count, "gained", goal.item)
        case MineGoal():
            have = now.mined.get(goal.block, 0) - since.mined.get(goal.block, 0)
            return _counted(have, goal.count, "mined", goal.block)
        case PlaceGoal():
            have = now.placed.get(goal.block, 0) - since.placed.get(goal.block, 0)
            return _counted(have, goal.count, "placed", goal.block)
        case KillGoal():
            have = now.killed.get(goal.mob, 0) - since.killed.get(goal.mob, 0)
            return _counted(have, goal.count, "killed", goal.mob)
        case AchieveGoal():
            name, of = goal.achievement, goal.of
            met = now.times_of(name, of) > since.times_of(name, of)
            return GoalCheck(met=met, detail=f"{name} was {'' if met else 'not '}achieved during the task")


def _score(seen: Observation, goal: ScoreGoal) -> GoalCheck:
    have = seen.scores.get(goal.score)
    if have is None:
        return GoalCheck(met=False, detail=f"the world shows no {goal.score}")
    return GoalCheck(met=have >= goal.at_least, detail=f"{goal.score} {have:g} of {goal.at_least:g}")


def _counted(have: int, wanted: int, verb: str, what: str) -> GoalCheck:
    return GoalCheck(met=have >= wanted, detail=f"{verb} {have} of {wanted} {what}")
