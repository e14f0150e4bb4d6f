"""The goal of TextWorld's own: the objective of the game."""

from __future__ import annotations

from typing import Any, Literal

from fieldcraft.envs.goals.kinds import GoalCheck
from fieldcraft.envs.goals.own import WorldGoal
from fieldcraft.envs.types import Progress


class WinGoal(WorldGoal):
    """The game of the present episode is won: its objective is done."""

    kind: Literal["win"] = "win"

    def __str__(self) -> str:
        return "win the game"

    def check(self, world: Any, since: Progress) -> GoalCheck:  # noqa: ARG002 - it ends the episode
        """Whether the game says that it is won."""
        won, score, most = world.standing()
        return GoalCheck(met=won, detail=f"the game is {'' if won else 'not '}won; {score} of {most} points")
