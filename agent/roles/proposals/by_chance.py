"""What the curriculum sets by chance: as its method, and where a model insists on what is refused."""

from __future__ import annotations

import random
from collections.abc import Sequence

from fieldcraft.agent.journal.setbacks import goal_key
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.roles.proposals.hopeless import hopeless
from fieldcraft.agent.settings import RunSettings
from fieldcraft.envs import AchieveGoal, EnvironmentSpec, ItemGoal

INSISTED = 3
"""Proposals, each with its repairs, of what was done or is hopeless, after which a task is set by chance."""


def never_reached(state: RunState, spec: EnvironmentSpec, seed: int) -> ItemGoal | AchieveGoal | None:
    """An item never held or an achievement never reached, by chance; `None` once all were."""
    return _one_of(_left(state, spec), state, seed)


def instead(state: RunState, spec: EnvironmentSpec, settings: RunSettings) -> ItemGoal | AchieveGoal | None:
    """What is set where the model insisted often enough on what was done before or is hopeless.

    Something never reached, by chance; where all of it is hopeless for now, what failed longest ago. `None`
    where the model did not insist, and once everything was reached.
    """
    if state.insisted < min(INSISTED, settings.model_failures - 1):
        return None
    left = _left(state, spec)
    open_ones = [goal for goal in left if not hopeless(words_for(goal), goal, state, spec.names, settings)]
    if open_ones or not left:
        return _one_of(open_ones, state, settings.seed)
    failed = {key: place for place, key in enumerate(state.setbacks)}
    return min(left, key=lambda goal: failed.get(goal_key("", goal), 0))


def words_for(goal: ItemGoal | AchieveGoal) -> str:
    """A task with this goal, in words."""
    return f"Obtain 1 {goal.item}" if isinstance(goal, ItemGoal) else f"Achieve {goal.achievement}"


def _left(state: RunState, spec: EnvironmentSpec) -> list[ItemGoal | AchieveGoal]:
    names, found = spec.names, state.found()
    return [
        *(ItemGoal(item=item) for item in names.items if item not in found),
        *(AchieveGoal(achievement=name) for name in names.achievements() if name not in found),
    ]


def _one_of(
    goals: Sequence[ItemGoal | AchieveGoal], state: RunState, seed: int
) -> ItemGoal | AchieveGoal | None:
    if not goals:
        return None
    return goals[random.Random(f"{seed}:{state.task_number}").randrange(len(goals))]  # noqa: S311
