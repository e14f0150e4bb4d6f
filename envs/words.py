"""The words of a world for the prompts: examples of tasks, goals, questions and programs."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from fieldcraft.common.fields import Data, fitted
from fieldcraft.envs.values import Frozen, Line


def _unquoted(text: str) -> str:
    """What may stand between double quotes, in JSON too."""
    return text.replace("\\", "/").replace('"', "'")


def _small(value: object) -> object:
    return fitted(value, text=300, items=100)


Spoken = Annotated[Line, AfterValidator(_unquoted)]
"""A line that stands between double quotes."""
GoalData = Annotated[Data, AfterValidator(_small)]
"""A goal as a model writes it."""


class Examples(Frozen):
    """What prompts show as examples, so that they speak of things that there are in the world.

    All of it may be left out: prompts then use general words.

    Attributes:
        tasks: as a curriculum would word them ("Mine 3 oak_log").
        task: the one of the answer's form.
        goal: of `task`, as data: `{"kind": "item", ...}`.
        step: a task that is one of several steps, and its goal.
        step_goal: of `step`.
        question: about what a task takes.
        program: the name of a function that does a task, in Python's form.
        needs: what a program must not expect to find ("a station, a tool or a material").
        about: the name that a fact is about.
        fact: about the world, in a short sentence.
        advice: rules for the choice of tasks, each a sentence.
    """

    tasks: tuple[Spoken, ...] = Field(default=(), max_length=12)
    task: Spoken = ""
    goal: GoalData = None
    step: Spoken = ""
    step_goal: GoalData = None
    question: Spoken = ""
    program: str = Field(default="", pattern=r"^([a-z][a-z0-9_]{0,60})?$")
    needs: Line = ""
    about: Spoken = ""
    fact: Spoken = ""
    advice: tuple[Line, ...] = Field(default=(), max_length=6)


CRAFTING = Examples(
    tasks=("Mine 3 oak_log", "Craft 1 crafting_table", "Smelt 2 raw_iron", "Kill 1 cow", "Place 1 chest"),
    task="Craft 1 crafting_table",
    goal={"kind": "item", "item": "crafting_table", "count": 1},
    step="Mine 3 oak_log",
    step_goal={"kind": "item", "item": "oak_log", "count": 3},
    question="What does it take to obtain stone_pickaxe?",
    program="mine_oak_log",
    needs="a station, a tool or a material",
    about="stone",
    fact="stone gives cobblestone when it is mined with a pickaxe",
    advice=("Stay alive: when health or hunger is low, food and safety come first.",),
)
"""Of worlds like Minecraft."""
