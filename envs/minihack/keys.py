"""NetHack's keys by name: `north`, `far_north`, `pickup`, `apply`, or the character that is typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

Direction = Literal["north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest"]
_COMPASS = {
    "N": "north",
    "S": "south",
    "E": "east",
    "W": "west",
    "NE": "northeast",
    "NW": "northwest",
    "SE": "southeast",
    "SW": "southwest",
}
OFFSETS: Mapping[str, tuple[int, int]] = {
    "north": (0, -1),
    "south": (0, 1),
    "east": (1, 0),
    "west": (-1, 0),
    "northeast": (1, -1),
    "northwest": (-1, -1),
    "southeast": (1, 1),
    "southwest": (-1, 1),
}
"""Columns to the right and rows down of a step."""
MORE, ESCAPE, SPACE = 13, 27, 32


def codes_of(actions: Sequence[Any]) -> dict[str, int]:
    """The codes of the keys that a level has, by name; a letter that is a key stands for itself too."""
    named = {_name(action): int(action) for action in actions}
    typed = {chr(code): code for code in named.values() if 32 < code < 127}
    return {**typed, **named}


@lru_cache(maxsize=1)
def all_names() -> tuple[str, ...]:
    """The names of all keys, sorted."""
    from nle import nethack

    return tuple(sorted({_name(action) for action in nethack.ACTIONS}))


def _name(action: Any) -> str:
    kind, name = type(action).__name__, str(action.name)
    match kind:
        case "CompassDirection":
            return _COMPASS[name]
        case "CompassDirectionLonger":
            return f"far_{_COMPASS[name]}"
        case _:
            return name.lower()
