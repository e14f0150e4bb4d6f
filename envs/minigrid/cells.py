"""The cells of a grid: what MiniGrid's numbers stand for, and where things are from the agent."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

KINDS = ("unseen", "empty", "wall", "floor", "door", "key", "ball", "box", "goal", "lava", "agent")
COLOURS = ("red", "green", "blue", "purple", "yellow", "grey")
STATES = ("open", "closed", "locked")
PORTABLE = ("ball", "box", "key")
THINGS = (*PORTABLE, "door", "goal", "lava")
"""Kinds that are named one by one; walls and floors are not."""

Kind = Literal["ball", "box", "door", "goal", "key", "object"]
Portable = Literal["ball", "box", "key", "object"]
Colour = Literal["red", "green", "blue", "purple", "yellow", "grey"]

FACINGS = ("east", "south", "west", "north")
STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))
"""East and south of a step in each facing."""

Place = tuple[int, int]
"""Cells east and south of where the episode began."""


class Cell(NamedTuple):
    """What is in a cell; a colour of things that have one, and the state of doors."""

    kind: str
    colour: str = ""
    state: str = ""

    def __str__(self) -> str:
        return " ".join(word for word in (self.state, self.colour, self.kind) if word)

    @property
    def free(self) -> bool:
        """Whether the agent can walk there, and safely so."""
        return self.kind in ("empty", "floor") or (self.kind == "door" and self.state == "open")

    def fits(self, kind: str, colour: str | None) -> bool:
        """Whether it is of this kind, of which `object` is each that can be carried, and colour."""
        of_kind = self.kind in PORTABLE if kind == "object" else self.kind == kind
        return of_kind and colour in (None, self.colour)


EMPTY = Cell("empty")


@lru_cache(maxsize=4_096)
def cell_of(kind: int, colour: int, state: int) -> Cell:
    """The cell that three numbers of an observation stand for."""
    name = _at(KINDS, kind)
    return Cell(
        name,
        _at(COLOURS, colour) if name in (*PORTABLE, "door", "floor") else "",
        _at(STATES, state) if name == "door" else "",
    )


def seen_cells(image: np.ndarray, here: Place, facing: int) -> dict[Place, Cell]:
    """The cells of a view by place, without those that are hidden and the one of the agent.

    Args:
        image: columns from left to right, rows to the agent's from the one farthest ahead, 3 numbers.
        here: the agent's place.
        facing: the number of its facing.
    """
    middle, last = image.shape[0] // 2, image.shape[1] - 1
    east, south = STEPS[facing]
    (x, y), seen = here, {}
    for column, rows in enumerate(image.tolist()):
        right = column - middle
        for row, numbers in enumerate(rows):
            ahead = last - row
            if numbers[0] and (right or ahead):
                place = x + east * ahead - south * right, y + south * ahead + east * right
                seen[place] = cell_of(*numbers)
    return seen


def carried_in(image: np.ndarray) -> Cell | None:
    """What the agent carries, which the view shows in its own cell."""
    cell = cell_of(*image[image.shape[0] // 2, image.shape[1] - 1].tolist())
    return cell if cell.kind in PORTABLE else None


def placed(here: Place, facing: int, ahead: int, right: int) -> Place:
    """The place so far ahead and to the right; less than 0 is behind and left."""
    east, south = STEPS[facing]
    return here[0] + east * ahead - south * right, here[1] + south * ahead + east * right


def relative(here: Place, facing: int, place: Place) -> tuple[int, int]:
    """How far ahead and to the right a place is."""
    east, south = STEPS[facing]
    across, down = place[0] - here[0], place[1] - here[1]
    return across * east + down * south, down * east - across * south


def _at(names: tuple[str, ...], number: int) -> str:
    return names[number] if number < len(names) else "unknown"
