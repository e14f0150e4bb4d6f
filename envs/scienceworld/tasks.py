"""Which task an episode has: the options of a reset, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fieldcraft.common.suggest import nearest, reason
from fieldcraft.envs.types import OptionInfo

SIMPLIFICATIONS = (
    "easy",
    "noElectricalAction",
    "openContainers",
    "openDoors",
    "selfWateringFlowerPots",
    "teleportAction",
)
DEFAULT = "find-animal"
STEPS, MOST_STEPS = 100, 10_000
"""Moves after which an episode ends, as in the paper, and the most that may be asked for."""


class TaskOptions(BaseModel):
    """The options of a reset.

    Attributes:
        task: its name, or `all`, of which each episode has the next.
        variation: its number; `None` for one that the seed chooses from `split`.
        split: from which variations the seed chooses.
        simplifications: separated by commas.
        steps: moves after which the episode ends.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    task: str = DEFAULT
    variation: int | None = Field(default=None, ge=0)
    split: Literal["all", "train", "dev", "test"] = "train"
    simplifications: str = ""
    steps: int = Field(default=STEPS, ge=1, le=MOST_STEPS)


def task_names() -> tuple[str, ...]:
    """The names of the 30 tasks, in the order of the paper."""
    from scienceworld.constants import ID2TASK

    return tuple(ID2TASK.values())


def options_of(options: Mapping[str, Any]) -> TaskOptions:
    """The options of a reset, read.

    Raises:
        ValueError: one is unknown or out of range; the message has the nearest names.
    """
    for name in options:
        if name not in TaskOptions.model_fields:
            known = ", ".join(TaskOptions.model_fields)
            hint = nearest(str(name), TaskOptions.model_fields)
            raise ValueError(f"unknown option {name!r:.60}{hint} (options: {known})")
    try:
        read = TaskOptions.model_validate(dict(options))
    except ValidationError as error:
        detail = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in detail["loc"])
        raise ValueError(f"option {place}: {reason(detail['msg'])} (got {detail['input']!r:.60})") from None
    names = task_names()
    if read.task not in ("all", *names):
        hint = nearest(read.task, names) or f" (tasks: {', '.join(names)})"
        raise ValueError(f"option task: ScienceWorld has no task {read.task!r:.60}{hint}")
    for each in filter(None, read.simplifications.split(",")):
        if each not in SIMPLIFICATIONS:
            hint = nearest(each, SIMPLIFICATIONS) or f" (there are {', '.join(SIMPLIFICATIONS)})"
            raise ValueError(f"option simplifications: there is no {each!r:.60}{hint}")
    electrical = "power-component" in read.task or "conductivity" in read.task
    if electrical and "noElectricalAction" in read.simplifications:
        raise ValueError(f"option simplifications: {read.task} needs electrical actions")
    return read


def option_reference() -> tuple[OptionInfo, ...]:
    """The options, for people."""
    splits = {"train": "", "dev": "", "test": "", "all": ""}
    return (
        OptionInfo(
            name="task",
            about="one of the 30 tasks, or all, of which each episode has the next",
            default=DEFAULT,
        ),
        OptionInfo(name="variation", about="its number; by default one that the seed chooses from the split"),
        OptionInfo(
            name="split", about="the variations that the seed chooses from", default="train", choices=splits
        ),
        OptionInfo(
            name="simplifications", about=f"separated by commas: {', '.join(SIMPLIFICATIONS)}", default=""
        ),
        OptionInfo(
            name="steps", about=f"moves after which an episode ends, 1 to {MOST_STEPS:,}", default=STEPS
        ),
    )
