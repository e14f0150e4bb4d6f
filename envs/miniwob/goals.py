"""The goal of MiniWoB++'s own: the instruction of the episode."""

from __future__ import annotations

from typing import Any, Literal

from fieldcraft.envs.goals.kinds import GoalCheck
from fieldcraft.envs.goals.own import WorldGoal
from fieldcraft.envs.types import Progress


class InstructionGoal(WorldGoal):
    """The instruction of the present episode was followed, whose words INSTRUCTION are."""

    kind: Literal["instruction"] = "instruction"
    instruction: str = ""

    def __str__(self) -> str:
        return f"follow the instruction: {self.instruction or 'of the episode'}"

    def check(self, world: Any, since: Progress) -> GoalCheck:  # noqa: ARG002 - it ends the episode
        """Whether the page says that its instruction was followed, and it is this one."""
        instruction, success = world.instruction_now()
        if self.instruction and self.instruction.strip().casefold() != instruction.casefold():
            return GoalCheck(met=False, detail=f"the instruction of this episode is another: {instruction}")
        return GoalCheck(met=success, detail=f"the instruction was {'' if success else 'not '}followed")
