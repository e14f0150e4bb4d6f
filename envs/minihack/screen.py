"""What NetHack shows, as data: cells by description, the message, the inventory, figures, a menu."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from fieldcraft.common.text import visible_line

Place = tuple[int, int]
"""Column and row of the map, from its upper left."""

ROWS, COLUMNS = 21, 79
_GROUND = frozenset(
    {
        *("floor of a room", "dark part of a room", "corridor", "lit corridor", "doorway", "no door"),
        *("broken door", "open door", "staircase up", "staircase down", "ladder up", "ladder down"),
        *("fountain", "grave", "sink", "opulent throne", "ice", "lowered drawbridge"),
    }
)
_DULL = frozenset(
    {"floor of a room", "dark part of a room", "corridor", "lit corridor", "wall", "stone", "solid rock", ""}
)
_FIGURES = {
    "strength": 3,
    "health": 10,
    "most_health": 11,
    "depth": 12,
    "gold": 13,
    "energy": 14,
    "armour_class": 16,
    "experience_level": 18,
    "turn": 20,
    "score": 9,
}
_MENU_END = re.compile(r"\((end|\d+ of \d+)\)\s*$")


class Thing(NamedTuple):
    """What is in a cell, by NetHack's description."""

    name: str
    place: Place
    creature: bool


class Screen:
    """One observation of NetHack.

    Args:
        environment: of NLE, whose last observation is read.
    """

    def __init__(self, environment: Any) -> None:
        keys = environment._observation_keys
        seen = dict(zip(keys, environment.last_observation, strict=False))
        self._glyphs = np.array(seen["glyphs"])
        self._descriptions = np.array(seen["screen_descriptions"])
        self._terminal = np.array(seen["tty_chars"])
        internal, figures = seen["internal"], seen["blstats"]
        self.here: Place = (int(figures[0]), int(figures[1]))
        self.dungeon = (int(figures[23]), int(figures[24]))
        self.figures = {name: int(figures[at]) for name, at in _FIGURES.items()}
        self.message = visible_line(bytes(seen["message"]).rstrip(b"\0").decode("latin-1"), 300)
        self.asks = bool(internal[1]) or bool(internal[2])
        self.waits = bool(internal[3])
        self.inventory = {
            chr(letter): visible_line(bytes(line).rstrip(b"\0").decode("latin-1"), 100)
            for letter, line in zip(seen["inv_letters"], seen["inv_strs"], strict=True)
            if letter
        }

    def described(self, place: Place) -> str:
        """NetHack's description of a cell; `stone` of what was never seen."""
        x, y = place
        return bytes(self._descriptions[y, x]).rstrip(b"\0").decode("latin-1")

    def unseen(self, place: Place) -> bool:
        """Whether nothing was ever seen there."""
        from nle import nethack

        glyph = int(self._glyphs[place[1], place[0]])
        return glyph in (nethack.GLYPH_CMAP_OFF, nethack.NO_GLYPH)

    def creature(self, place: Place) -> bool:
        """Whether a creature stands there, a pet left out."""
        from nle import nethack

        glyph = int(self._glyphs[place[1], place[0]])
        return bool(nethack.glyph_is_monster(glyph)) and not nethack.glyph_is_pet(glyph)

    def free(self, place: Place) -> bool:
        """Whether it can be walked onto, and safely so as far as is seen."""
        from nle import nethack

        if not _inside(place):
            return False
        glyph, name = int(self._glyphs[place[1], place[0]]), self.described(place)
        if nethack.glyph_is_cmap(glyph):
            return (name in _GROUND or name.endswith("altar")) and not nethack.glyph_is_trap(glyph)
        lies = (
            nethack.glyph_is_object(glyph)
            and not nethack.glyph_is_statue(glyph)
            and not name.endswith("boulder")
        )
        return bool(lies or nethack.glyph_is_pet(glyph) or nethack.glyph_is_body(glyph))

    def straight(self, place: Place) -> bool:
        """Whether it is a door, which is not passed diagonally."""
        return self.described(place) == "open door"

    def things(self) -> list[Thing]:
        """All that is not plain ground or wall, but for the agent itself, the nearest first."""
        found = [
            Thing(name, place, self.creature(place))
            for place in self._shown()
            if place != self.here and (name := self.described(place)) not in _DULL
        ]
        return sorted(found, key=lambda thing: (away(self.here, thing.place), thing.place))

    def creatures(self) -> frozenset[str]:
        """The names of the creatures in view."""
        return frozenset(thing.name for thing in self.things() if thing.creature)

    def map(self) -> str:
        """The map as NetHack draws it, without the lines above and below."""
        lines = [bytes(row).decode("latin-1").rstrip() for row in self._terminal[1 : ROWS + 1]]
        return "\n".join(visible_rows(lines))

    def menu(self) -> list[str]:
        """The lines of a menu or text that lies over the map; empty where there is none."""
        lines = [bytes(row).decode("latin-1").rstrip() for row in self._terminal]
        ends = next((at for at, line in enumerate(lines) if _MENU_END.search(line)), None)
        if ends is None or not self.waits:
            return []
        start = _MENU_END.search(lines[ends])
        column = start.start() if start else 0
        return [visible_line(line[column:], 100) for line in lines[:ends] if line[column:].strip()]

    def more(self) -> bool:
        """Whether the game waits for a key to show what else happened."""
        return self.waits and b"--More--" in self._terminal.tobytes()

    def _shown(self) -> Iterator[Place]:
        from nle import nethack

        for y, x in np.argwhere(self._glyphs != nethack.GLYPH_CMAP_OFF):
            yield int(x), int(y)


def away(here: Place, place: Place) -> int:
    """How many steps away a place is, were nothing in between."""
    return max(abs(here[0] - place[0]), abs(here[1] - place[1]))


def visible_rows(lines: list[str]) -> list[str]:
    """The lines from the first to the last that shows anything, without the blank columns on the left."""
    shown = [at for at, line in enumerate(lines) if line.strip()]
    if not shown:
        return []
    kept = lines[shown[0] : shown[-1] + 1]
    margin = min(len(line) - len(line.lstrip()) for line in kept if line.strip())
    return [line[margin:] for line in kept]


def _inside(place: Place) -> bool:
    return 0 <= place[0] < COLUMNS and 0 <= place[1] < ROWS
