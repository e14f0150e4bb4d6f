"""What crosses the wire and what a program sees of it: positions, bounded data, readable text."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

NESTING_LIMIT = 100


class Position(NamedTuple):
    """A place in the world, in blocks: x grows east, y up, z south."""

    x: float
    y: float
    z: float

    def offset(self, dx: float, dy: float, dz: float) -> Position:
        """The position this far away."""
        return Position(self.x + dx, self.y + dy, self.z + dz)

    def distance(self, other: Position) -> float:
        """Euclidean distance in blocks."""
        return math.dist(self, other)

    def __str__(self) -> str:
        return f"({self.x:g}, {self.y:g}, {self.z:g})"


def revive(data: dict[str, Any]) -> Any:
    """A JSON object as a program gets it: `{"x":, "y":, "z":}` is a `Position`."""
    if len(data) == 3 and data.keys() == {"x", "y", "z"}:
        return Position(data["x"], data["y"], data["z"])
    return data


def depth(value: object) -> int:
    """How many lists and dicts are nested in one another, counted no further than just past the limit."""
    level: list[object] = [value]
    for reached in range(NESTING_LIMIT + 1):
        level = [inner for outer in level for inner in _members(outer)]
        if not level:
            return reached
    return NESTING_LIMIT + 1


def text_of(value: object, limit: int) -> str:
    """`str(value)`, cut at `limit`, whatever the object does to prevent it."""
    return _guarded(str, value, limit)


def repr_of(value: object, limit: int) -> str:
    """`repr(value)`, cut at `limit`, whatever the object does to prevent it."""
    return _guarded(repr, value, limit)


def _guarded(render: Any, value: object, limit: int) -> str:
    try:
        text = render(value)
        return str.__getitem__(text, slice(0, limit))
    except BaseException:
        return "(a value that cannot be shown: its own text raises an error)"


def _members(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []
