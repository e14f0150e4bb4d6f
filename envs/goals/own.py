"""Goals of a world's own: classes that it registers, read from what a model wrote, that check themselves."""

from __future__ import annotations

import inspect
import json
from typing import Any, ClassVar, get_args

from pydantic import ValidationError

from fieldcraft.common.errors import ForeignFault
from fieldcraft.common.suggest import nearest, reason
from fieldcraft.common.text import visible_line
from fieldcraft.envs.goals.kinds import KINDS, SHOWN, GoalCheck, GoalForm, OwnGoal
from fieldcraft.envs.types import Progress
from fieldcraft.envs.values import Frozen

_RESERVED = frozenset({"arguments", "shown"})
"""Fields that `OwnGoal` has itself."""


class BadGoal(ForeignFault, ValueError):
    """A goal of a world's own is none that the world can check; the message says what is wrong with it."""


class BadGoalType(ForeignFault, TypeError):
    """A class among `Environment.goal_types` is none for goals; the message says what it lacks."""


class WorldGoal(Frozen):
    """Base of the goals of a world's own; list the classes in `Environment.goal_types`.

    A subclass has a field `kind: Literal["..."]` with that word as its default, further fields that a model
    fills in, and `check`. Its `str()` is the goal in words, and `means` says in prompts when it is met;
    without it the first line of the docstring does.
    """

    means: ClassVar[str] = ""

    def check(self, world: Any, since: Progress) -> GoalCheck | bool:
        """Whether the goal is met in `world`, an environment of the class that registered this one.

        Args:
            world: as it is now; look, and change nothing.
            since: the progress at the task's start.
        """
        raise NotImplementedError(f"{type(self).__name__} has no check()")

    def __str__(self) -> str:
        fields = (f"{name} {value}" for name, value in self if name != "kind")
        return f"{kind_of(type(self))}: {', '.join(fields)}"

    @classmethod
    def form(cls) -> GoalForm:
        """How prompts offer this kind of goal."""
        fields = [name for name in cls.model_fields if name != "kind"]
        written = "".join(f", {json.dumps(name)}: {name.upper()}" for name in fields)
        words = cls.means or (inspect.cleandoc(cls.__doc__ or "").splitlines() or [""])[0]
        return GoalForm(
            kind=kind_of(cls),
            form=f'{{"kind": {json.dumps(kind_of(cls))}{written}}}',
            means=visible_line(words, SHOWN),
            brief=visible_line(words, SHOWN),
        )


def kind_of(goal_type: type[WorldGoal]) -> str:
    """The kind of a world's own class of goals.

    Raises:
        BadGoalType: it has none, one that is built in, or a field with a reserved name.
    """
    field = goal_type.model_fields.get("kind") if issubclass(goal_type, WorldGoal) else None
    kinds = get_args(field.annotation) if field is not None else ()
    name = goal_type.__name__
    if len(kinds) != 1 or not isinstance(kinds[0], str) or field is None or field.default != kinds[0]:
        raise BadGoalType(f'{name} needs a field `kind: Literal["word"] = "word"`')
    if kinds[0] in KINDS:
        raise BadGoalType(f"{name}: the kind {kinds[0]!r} is built in; use another word")
    if reserved := sorted(_RESERVED & set(goal_type.model_fields)):
        raise BadGoalType(f"{name}: a field cannot be called {reserved[0]!r}; use another name")
    return kinds[0]


def typed_goal(goal: OwnGoal, goal_types: tuple[type[WorldGoal], ...]) -> WorldGoal:
    """The goal as an object of its class.

    Raises:
        BadGoal: none of these classes has its kind, or its fields do not fit.
    """
    kinds = {kind_of(each): each for each in goal_types}
    found = kinds.get(goal.kind)
    if found is None:
        known = ", ".join(kinds) or "none of its own"
        raise BadGoal(
            f"this world has no goals of the kind {goal.kind!r}{nearest(goal.kind, kinds)} ({known})"
        )
    try:
        return found.model_validate({**goal.arguments, "kind": goal.kind})
    except ValidationError as error:
        detail = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in detail["loc"])
        raise BadGoal(f"{goal.kind}: {place} {reason(detail['msg'])}".strip()) from None


def kept_goal(goal: WorldGoal) -> OwnGoal:
    """The goal as it is kept: its fields as data, and what it says of itself."""
    fields = goal.model_dump(mode="json")
    return OwnGoal(kind=fields.pop("kind"), arguments=fields, shown=visible_line(goal, SHOWN))
