"""The goal of MiniGrid's own: the mission of the episode."""

from __future__ import annotations

from typing import Any, Literal

from fieldcraft.envs.goals.kinds import GoalCheck
from fieldcraft.envs.goals.own import WorldGoal
from fieldcraft.envs.types import Progress


class MissionGoal(WorldGoal):
    """The mission of the present episode is done, whose words MISSION are."""

    kind: Literal["mission"] = "mission"
    mission: str = ""

    def __str__(self) -> str:
        return f"do the mission: {self.mission or 'of the episode'}"

    def check(self, world: Any, since: Progress) -> GoalCheck:  # noqa: ARG002 - it ends the episode
        """Whether the world says that its mission is done, and it is this one."""
        mission, done = world.mission_now()
        if self.mission and self.mission.strip().casefold() != mission.casefold():
            return GoalCheck(met=False, detail=f"the mission of this episode is another: {mission}")
        return GoalCheck(met=done, detail=f"the mission is {'' if done else 'not '}done: {mission}")
