"""The goal of ScienceWorld's own: the task of the episode."""

from __future__ import annotations

from typing import Any, Literal

from fieldcraft.envs.goals.kinds import GoalCheck
from fieldcraft.envs.goals.own import WorldGoal
from fieldcraft.envs.types import Progress


class TaskGoal(WorldGoal):
    """The task of the present episode is done: its score is 100."""

    kind: Literal["task"] = "task"

    def __str__(self) -> str:
        return "do the task of the episode"

    def check(self, world: Any, since: Progress) -> GoalCheck:  # noqa: ARG002 - it ends the episode
        """Whether the simulator gives the full score."""
        score = world.score_now()
        return GoalCheck(met=score >= 100, detail=f"the task's score is {score} of 100")
