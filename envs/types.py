"""The words every world speaks: positions, goals, observations, progress, and what a world can do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fieldcraft.common.errors import FieldcraftError
from fieldcraft.common.fields import Count, Counts, Data, Text

FURTHEST = 1e15
"""Blocks from the origin that a position may be: beyond it, a step of one block is lost in rounding."""


class PrimitiveError(FieldcraftError):
    """A primitive could not do what was asked; the message says what is missing.

    Raised by primitives. The program sees it and may catch it; the agent reads it as feedback.
    It is an expected event, never a fault of the world.
    """


class Frozen(BaseModel):
    """Base of the value types: immutable, no unknown fields, no infinite or undefined numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Position(Frozen):
    """A place in a world, in blocks: x grows east, y up, z south (as in Minecraft).

    A world seen from above keeps `y` constant. Accepts `{"x":..,"y":..,"z":..}` or a sequence of three.
    """

    x: float = Field(ge=-FURTHEST, le=FURTHEST)
    y: float = Field(ge=-FURTHEST, le=FURTHEST)
    z: float = Field(ge=-FURTHEST, le=FURTHEST)

    @model_validator(mode="before")
    @classmethod
    def _from_sequence(cls, value: Any) -> Any:
        if isinstance(value, Sequence) and not isinstance(value, str) and len(value) == 3:
            return dict(zip("xyz", value, strict=True))
        return value

    def offset(self, dx: float, dy: float, dz: float) -> Position:
        """The position this far away."""
        return Position(x=self.x + dx, y=self.y + dy, z=self.z + dz)

    def block(self) -> Position:
        """The cell that this position lies in: each coordinate rounded down."""
        return Position(x=math.floor(self.x), y=math.floor(self.y), z=math.floor(self.z))

    def distance(self, other: Position) -> float:
        """Euclidean distance in blocks."""
        return math.dist((self.x, self.y, self.z), (other.x, other.y, other.z))

    def __str__(self) -> str:
        return f"({self.x:g}, {self.y:g}, {self.z:g})"


@dataclass(frozen=True)
class Chart:
    """A picture of land from above, north up.

    Attributes:
        png: of any resolution; transparent where nothing is known.
        west, north: x and z of its upper left corner, in blocks.
        across, down: blocks that it covers.
    """

    png: bytes
    west: float
    north: float
    across: float
    down: float


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


Goal = Annotated[
    ItemGoal | GainGoal | MineGoal | PlaceGoal | KillGoal | RoomGoal | ReachGoal, Field(discriminator="kind")
]
"""A condition that an environment can check, distinguished by `kind`."""


class GoalCheck(Frozen):
    """The answer of `Environment.check`: whether the goal is met, and in words how far it is."""

    met: bool
    detail: Text


class Progress(BaseModel):
    """What was ever reached in a world since its reset; counters only grow.

    `items` and `milestones` map a name to the tick it was first reached; `killed`, `placed`, `mined` (blocks)
    and `gained` (items, see `GainGoal`) are counts; `distance` is blocks walked.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, revalidate_instances="always")

    items: Counts = {}
    milestones: Counts = {}
    killed: Counts = {}
    placed: Counts = {}
    mined: Counts = {}
    gained: Counts = {}
    distance: float = 0.0
    deaths: Count = 0


class Names(Frozen):
    """The names a program may pass to primitives, each sorted. Nothing else is said about them."""

    items: tuple[Text, ...] = ()
    blocks: tuple[Text, ...] = ()
    mobs: tuple[Text, ...] = ()


class OptionInfo(Frozen):
    """One option of `Environment.reset`; `choices` holds the values it may take, each with what it means."""

    name: Text
    about: Text
    default: Data = None
    choices: dict[Text, Text] = {}


class Requirement(Frozen):
    """Something that a world needs of this machine, and whether it is there.

    `detail` says what was found or what is missing; `cure` is the command or the place to get it from.
    """

    name: Text
    met: bool
    detail: Text = ""
    cure: Text = ""


class EnvironmentSpec(Frozen):
    """What a world is and can do; serialisable, so that a run can say where it was lived.

    `repeatable` is false for a world that lives on by itself, where no reset brings the same moment back.
    `options` are the options of the last reset. `tick_limit` ends a program (world ticks), and
    `failure_limit` ends it at that many failed primitive calls, caught or not. `seconds_limit` of
    wall time is a fuse. `day_ticks` is the length of
    a day, `None` in a world without days. `container` names the block that holds items, where the
    world has one of that name. `goals` are the kinds of goals that the world can check, but for `room`,
    which an observation that counts slots is enough for.
    """

    id: Text = Field(pattern=r"^[a-z][a-z0-9-]*-v[0-9]+$")
    description: Text
    can_snapshot: bool = False
    can_render: bool = False
    repeatable: bool = True
    languages: tuple[Literal["python", "javascript"], ...] = ("python",)
    tick_limit: int = Field(default=6000, ge=1)
    failure_limit: int = Field(default=5, ge=1)
    seconds_limit: float = Field(default=60.0, gt=0)
    day_ticks: int | None = Field(default=None, ge=1)
    container: Text = "chest"
    goals: tuple[Text, ...] = ("item", "place", "kill", "reach")
    names: Names = Names()
    options: dict[Text, Data] = {}
