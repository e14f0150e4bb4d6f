"""The goal of Plancraft's own: the target of the episode."""

from __future__ import annotations

from typing import Any, Literal

from fieldcraft.envs.goals.kinds import GoalCheck
from fieldcraft.envs.goals.own import WorldGoal
from fieldcraft.envs.types import Progress


class TargetGoal(WorldGoal):
    """The target of the present episode, ITEM, is held, or was rightly said to be impossible."""

    kind: Literal["target"] = "target"
    item: str = ""

    def __str__(self) -> str:
        return f"hold the target {self.item or 'of the episode'}, or rightly say that it is impossible"

    def check(self, world: Any, since: Progress) -> GoalCheck:  # noqa: ARG002 - it ends the episode
        """Whether the episode succeeded, and its target is this one."""
        target, done = world.target_now()
        if self.item and self.item.strip() != target:
            return GoalCheck(met=False, detail=f"the target of this episode is another: {target}")
        return GoalCheck(met=done, detail=f"the target {target} is {'' if done else 'not '}reached")
