"""The schemas of the bridge's answers. Names and numbers come from a server: they are cleaned and limited."""

from __future__ import annotations

import functools
import math
from collections.abc import Collection
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from fieldcraft.envs.minecraft.errors import Lost
from fieldcraft.envs.minecraft.messages import BROKEN, NAME_LIMIT, Name
from fieldcraft.envs.types import Names, Position

MOST_NAMES, MOST_KNOWN, MOST_CHESTS, MOST_COLUMNS = 500, 20_000, 50, 49
LARGEST = 1e9
"""Farther than any place of a world, and more than any stack of items."""


def _number(value: Any) -> float:
    """What a world sends of a number that is none (`null`) is 0, and of one too large the largest."""
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("not a number")
    return float(max(-LARGEST, min(LARGEST, value)))


def _place(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {axis: _number(value.get(axis)) for axis in "xyz"}


def _first(most: int) -> BeforeValidator:
    """The first entries of what is too much."""

    def cut(value: Any) -> Any:
        if isinstance(value, dict) and len(value) > most:
            return dict(list(value.items())[:most])
        return value[:most] if isinstance(value, list) else value

    return BeforeValidator(cut)


def _are_plain(names: Collection[Any]) -> bool:
    """Whether these names need no cleaning, which is nearly always so."""
    if not all(isinstance(name, str) and 0 < len(name) <= NAME_LIMIT for name in names):
        return False
    together = "".join(names)
    return len(names) <= MOST_NAMES and together.isascii() and together.isprintable() and " " not in together


def _plain_names(value: Any, mended: ValidatorFunctionWrapHandler) -> Any:
    return value if isinstance(value, list) and _are_plain(value) else mended(value)


def _plain_counts(value: Any, mended: ValidatorFunctionWrapHandler) -> Any:
    if not isinstance(value, dict) or not _are_plain(value):
        return mended(value)
    whole = all(type(count) is int and 0 <= count <= LARGEST for count in value.values())
    return value if whole else mended(value)


_PlainNumber = Annotated[float, Field(strict=True, ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
_MendedNumber = Annotated[float, BeforeValidator(_number)]
Number = Annotated[_PlainNumber | _MendedNumber, Field(union_mode="left_to_right")]
_PlainCount = Annotated[int, Field(strict=True, ge=0, le=int(LARGEST))]
_MendedCount = Annotated[int, BeforeValidator(lambda value: max(0, int(_number(value))))]
Count = Annotated[_PlainCount | _MendedCount, Field(union_mode="left_to_right")]
Place = Annotated[Position, BeforeValidator(_place)]
Counts = Annotated[dict[Name, Count], _first(MOST_NAMES), WrapValidator(_plain_counts)]
_Names = Annotated[list[Name], _first(MOST_NAMES), WrapValidator(_plain_names)]
_Known = Annotated[tuple[Name, ...], _first(MOST_KNOWN)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Hello(_Model):
    """Which protocol the bridge speaks."""

    protocol: int


class Joined(_Model):
    """The name under which the bot joined."""

    username: Name


class NameLists(_Model):
    """Names of a version of Minecraft, by kind."""

    items: _Known = ()
    blocks: _Known = ()
    mobs: _Known = ()

    def names(self) -> Names:
        """The same names in the form of the environment's spec."""
        return Names(items=self.items, blocks=self.blocks, mobs=self.mobs)


class AllNames(_Model):
    """All names of the version, and those that are obtainable in survival."""

    all: NameLists
    survival: NameLists


class Seen(_Model):
    """What the bot sees. `chests` has no contents for a chest that was never opened."""

    position: Place
    biome: Name | None = None
    time: Name
    health: Number
    hunger: Number
    blocks: _Names
    entities: Annotated[dict[Name, Number], _first(MOST_NAMES)]
    equipment: Annotated[dict[Name, Name], _first(MOST_NAMES)]
    inventory: Counts
    slots: Count
    chests: Annotated[dict[Name, Counts | None], _first(MOST_CHESTS)]
    chest_slots: Counts = {}


class Container(_Model):
    """A chest that was seen; what it holds is known once it was opened."""

    position: Place
    block: Name | None = None
    items: Counts | None = None
    free_slots: Count | None = None


class Column(_Model):
    """A column of the land, as JSON text for the viewer; `x` and `z` are its corner."""

    x: Number
    z: Number
    chunk: str


class Being(_Model):
    """A living thing for the viewer."""

    id: int
    name: Name
    pos: Place
    width: float | None = None
    height: float | None = None
    username: Name | None = None
    yaw: float | None = None


class Surroundings(_Model):
    """The data for a picture."""

    version: Name
    position: Place
    yaw: Number
    pitch: Number
    columns: Annotated[list[Column], _first(MOST_COLUMNS)]
    entities: Annotated[list[Being], _first(MOST_NAMES)]


ANSWERS: dict[str, Any] = {
    "names": AllNames,
    "observe": Seen,
    "living": Annotated[dict[Annotated[int, Field(ge=0, le=1 << 31)], Name], _first(MOST_NAMES)],
    "nearby": Annotated[dict[Name, Place], _first(MOST_NAMES)],
    "find": Place | None,
    "chests": Annotated[list[Container], _first(MOST_CHESTS)],
    "uses_left": Counts,
    "recipe": str,
    "inventory": Counts,
    "position": Place,
    "mine": Count,
    "place": Place,
    "kill": Count,
    "craft": Count,
    "smelt": Count,
    "goto": Place,
    "explore": Place | None,
    "eat": Name,
    "equip": Name,
    "deposit": Count,
    "withdraw": Count,
}
"""The type of the answer to each method that has one."""


def checked(kind: Any, value: Any) -> Any:
    """Validate an answer of the bridge.

    Raises:
        Lost: it is invalid.
    """
    try:
        return _adapter(kind).validate_python(value)
    except (ValidationError, RecursionError):
        raise Lost(BROKEN) from None


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
