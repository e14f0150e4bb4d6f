"""Goals: conditions that a world can check, and how prompts offer them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, GetJsonSchemaHandler, Tag, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core.core_schema import CoreSchema

from fieldcraft.common.fields import Count, Data, Text, fitted
from fieldcraft.common.text import visible_line
from fieldcraft.envs.values import Frozen, Position

SHOWN = 300
"""Characters in which a goal of a world's own stands in prompts and in what people read."""


class ItemGoal(Frozen):
    """Hold at least `count` of `item` at the moment of the check."""

    kind: Literal["item"] = "item"
    item: Text
    count: Count = Field(default=1, ge=1)

    def __str__(self) -> str:
        return f"hold {self.count} {self.item}"


class GainGoal(Frozen):
    """Have gained at least `count` of `item` since the task began, whatever became of it afterwards.

    What is mined, made or gathered is gained; what is taken out of a container is not. Only in worlds whose
    `spec.goals` name it.
    """

    kind: Literal["gain"] = "gain"
    item: Text
    count: Count = Field(default=1, ge=1)

    def __str__(self) -> str:
        return f"gain {self.count} {self.item}"


class MineGoal(Frozen):
    """Have mined at least `count` of `block` since the task began, where `spec.goals` name it."""

    kind: Literal["mine"] = "mine"
    block: Text
    count: Count = Field(default=1, ge=1)

    def __str__(self) -> str:
        return f"mine {self.count} {self.block}"


class PlaceGoal(Frozen):
    """Have placed at least `count` of `block` since the task began."""

    kind: Literal["place"] = "place"
    block: Text
    count: Count = Field(default=1, ge=1)

    def __str__(self) -> str:
        return f"place {self.count} {self.block}"


class KillGoal(Frozen):
    """Have killed at least `count` of `mob` since the task began."""

    kind: Literal["kill"] = "kill"
    mob: Text
    count: Count = Field(default=1, ge=1)

    def __str__(self) -> str:
        return f"kill {self.count} {self.mob}"


class RoomGoal(Frozen):
    """Have at least `slots` empty inventory slots at the moment of the check."""

    kind: Literal["room"] = "room"
    slots: Count = Field(default=1, ge=1)

    def __str__(self) -> str:
        return f"have {self.slots} empty inventory slots"


class ReachGoal(Frozen):
    """Stand within `within` blocks of `position` at the moment of the check."""

    kind: Literal["reach"] = "reach"
    position: Position
    within: float = Field(default=2.0, gt=0)

    def __str__(self) -> str:
        return f"reach {self.position}"


class AchieveGoal(Frozen):
    """Have reached `achievement` since the task began, for the first time or again.

    `of` is the kind of the achievement, where the world has the same name in two kinds. Reaching one again
    counts in worlds that count it (`Progress.times`).
    """

    kind: Literal["achieve"] = "achieve"
    achievement: Text
    of: Text = ""

    def __str__(self) -> str:
        return f"achieve {self.achievement}" + (f" ({self.of})" if self.of else "")


class ScoreGoal(Frozen):
    """See a number of the world, one of `Observation.scores`, at `at_least` or more when it is checked."""

    kind: Literal["score"] = "score"
    at_least: float
    score: Text = "score"

    def __str__(self) -> str:
        return f"have a {self.score} of at least {self.at_least:g}"


class OwnGoal(Frozen):
    """A goal of a kind that is a world's own, as it is kept: readable without the world that checks it.

    A model writes its fields beside `kind`, as for every other goal. `shown` is the goal in the words of the
    world, empty until the world has read it (`Environment.read_goal`).
    """

    kind: Text = Field(min_length=1, max_length=100)
    arguments: dict[Text, Data] = Field(default={})
    shown: Text = ""

    @model_validator(mode="before")
    @classmethod
    def _from_flat(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or set(value) <= {"kind", "arguments", "shown"}:
            return value
        return {
            "kind": value.get("kind"),
            "arguments": {name: field for name, field in value.items() if name != "kind"},
        }

    @field_validator("arguments")
    @classmethod
    def _bounded(cls, value: dict[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = fitted(value, text=10_000, items=1_000)
        return kept

    @field_validator("shown")
    @classmethod
    def _one_line(cls, value: str) -> str:
        return visible_line(value, SHOWN)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The schema of nothing: models are given the world's own classes in its place."""
        return {"not": {}}

    def __str__(self) -> str:
        fields = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        return self.shown or visible_line(f"{self.kind} {fields}".strip(), SHOWN)


def _tag(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
    return kind if isinstance(kind, str) and kind in KINDS else "own"


Goal = Annotated[
    Annotated[ItemGoal, Tag("item")]
    | Annotated[GainGoal, Tag("gain")]
    | Annotated[MineGoal, Tag("mine")]
    | Annotated[PlaceGoal, Tag("place")]
    | Annotated[KillGoal, Tag("kill")]
    | Annotated[RoomGoal, Tag("room")]
    | Annotated[ReachGoal, Tag("reach")]
    | Annotated[AchieveGoal, Tag("achieve")]
    | Annotated[ScoreGoal, Tag("score")]
    | Annotated[OwnGoal, Tag("own")],
    Discriminator(_tag),
]
"""A condition that an environment can check, distinguished by `kind`; an unknown kind is a world's own."""

KINDS: Mapping[str, type[Frozen]] = {
    "item": ItemGoal,
    "gain": GainGoal,
    "mine": MineGoal,
    "place": PlaceGoal,
    "kill": KillGoal,
    "room": RoomGoal,
    "reach": ReachGoal,
    "achieve": AchieveGoal,
    "score": ScoreGoal,
}
"""The built-in kinds of goals."""


class GoalCheck(Frozen):
    """The answer of `Environment.check`: whether the goal is met, and in words how far it is."""

    met: bool
    detail: Text


class GoalForm(Frozen):
    """How prompts offer a kind of goal.

    Attributes:
        kind: of the goal.
        form: the JSON object that a model writes, with capital letters for what it fills in.
        means: when such a goal is met.
        brief: the same in a few words, where room is scarce; may be empty.
    """

    kind: Text
    form: Text
    means: Text
    brief: Text = ""


FORMS: tuple[GoalForm, ...] = (
    GoalForm(
        kind="item",
        form='{"kind": "item", "item": NAME, "count": N}',
        means="the agent holds at least N in all when the program ends (count what it holds already)",
        brief="held in all",
    ),
    GoalForm(
        kind="place",
        form='{"kind": "place", "block": NAME, "count": N}',
        means="N placed during the task",
    ),
    GoalForm(
        kind="kill",
        form='{"kind": "kill", "mob": NAME, "count": N}',
        means="N killed during the task",
    ),
    GoalForm(
        kind="gain",
        form='{"kind": "gain", "item": NAME, "count": N}',
        means="N gained during the task, whatever becomes of them (what is to be eaten, burnt or stored)",
        brief="gained during the step",
    ),
    GoalForm(
        kind="mine",
        form='{"kind": "mine", "block": NAME, "count": N}',
        means="N blocks mined during the task",
        brief="blocks mined",
    ),
    GoalForm(
        kind="achieve",
        form='{"kind": "achieve", "achievement": NAME}',
        means="NAME, of one of the kinds above, was reached during the task, for the first time or again",
        brief="reached during the step",
    ),
    GoalForm(
        kind="score",
        form='{"kind": "score", "at_least": N}',
        means="the score is at least N when the program ends",
        brief="the score then",
    ),
)
"""The built-in kinds that prompts offer, where the world has them."""
