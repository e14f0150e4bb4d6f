"""What the contract's types are made of: immutable values and positions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from fieldcraft.common.text import visible_line

LINE = 300
"""Characters of a line that a world gives for prompts."""

Line = Annotated[str, AfterValidator(lambda text: visible_line(text, LINE))]
"""A text of one visible line."""

FURTHEST = 1e15
"""Blocks from the origin that a position may be: beyond it, a step of one block is lost in rounding."""


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
