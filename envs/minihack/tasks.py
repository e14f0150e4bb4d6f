"""What an episode of a level asks for, in words, and the goal that checks it."""

from __future__ import annotations

from typing import Any, Literal

from fieldcraft.envs.goals.kinds import GoalCheck
from fieldcraft.envs.goals.own import WorldGoal
from fieldcraft.envs.types import Progress

STAIRS = "reach the staircase down"
_TASKS = {
    "MiniHack-ClosedDoor": "open the closed door and reach the staircase down",
    "MiniHack-Eat": "eat the apple",
    "MiniHack-LockedDoor": "get through the locked door and reach the staircase down",
    "MiniHack-Pray": "pray at the altar",
    "MiniHack-PutOn": "put on the amulet",
    "MiniHack-Read": "read the scroll",
    "MiniHack-Sink": "quaff from the sink",
    "MiniHack-Wear": "wear the robe",
    "MiniHack-Wield": "wield the dagger",
    "MiniHack-WoD": "kill the minotaur with the wand of death, or reach the staircase down",
    "MiniHack-Zap": "zap the wand",
    "MiniHack-Memento": "see how the corridor begins, and choose the exit by it",
    "MiniHack-Sokoban": "push the boulders into the pits and reach the staircase",
    "MiniHack-Boxoban": "push the boulders onto the fountains",
    "NetHackEat": "",
    "NetHackGold": "",
    "NetHackOracle": "reach the Oracle",
    "NetHackScout": "",
    "NetHackStaircase": STAIRS,
    "NetHackStaircasePet": "reach the staircase down with the pet beside you",
}
"""By the beginning of the id; what is empty has a score in place of a task."""


def task_of(level: str) -> str:
    """The task of a level; empty where it only has a score."""
    beginnings = [beginning for beginning in _TASKS if level.startswith(beginning)]
    if beginnings:
        return _TASKS[max(beginnings, key=len)]
    return STAIRS if level.startswith("MiniHack-") else ""


class TaskGoal(WorldGoal):
    """The task of the present episode is done, whose words TASK are."""

    kind: Literal["task"] = "task"
    task: str = ""

    def __str__(self) -> str:
        return f"do the task: {self.task or 'of the episode'}"

    def check(self, world: Any, since: Progress) -> GoalCheck:  # noqa: ARG002 - it ends the episode
        """Whether the world says that its task is done, and it is this one."""
        task, done = world.task_now()
        if self.task and self.task.strip().casefold() != task.casefold():
            return GoalCheck(met=False, detail=f"the task of this episode is another: {task or 'none'}")
        return GoalCheck(met=done, detail=f"the task is {'' if done else 'not '}done: {task}")
