"""Shortest ways over the land that was seen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection

import numpy as np

from fieldcraft.envs.crafter.names import OFFSETS
from fieldcraft.envs.crafter.play import Cell, Play

_WALKABLE = ("grass", "path", "sand")


def way(play: Play, arrived: Callable[[Cell], bool]) -> list[str] | None:
    """The directions of the shortest way to a cell that will do; empty if this one does, `None` if none is.

    It leads over seen ground that can be walked on, around creatures and plants.
    """
    start = play.here
    free = np.isin(play.seen, [play.material_number(name) for name in _WALKABLE])
    for _, cell in play.things():
        free[cell] = False
    across, down = free.shape
    came: dict[Cell, tuple[Cell, str]] = {}
    waiting = deque([start])
    reached = {start}
    while waiting:
        cell = waiting.popleft()
        if arrived(cell):
            return _back(came, cell)
        for direction, (right, below) in OFFSETS.items():
            after = cell[0] + right, cell[1] + below
            inside = 0 <= after[0] < across and 0 <= after[1] < down
            if inside and after not in reached and free[after]:
                reached.add(after)
                came[after] = (cell, direction)
                waiting.append(after)
    return None


def _back(came: dict[Cell, tuple[Cell, str]], cell: Cell) -> list[str]:
    directions = []
    while cell in came:
        cell, direction = came[cell]
        directions.append(direction)
    return directions[::-1]


def beside(targets: Collection[Cell]) -> Callable[[Cell], bool]:
    """Whether a cell has one of these beside it."""
    near = {(x + right, y + down) for x, y in targets for right, down in OFFSETS.values()}
    return near.__contains__


def direction_to(here: Cell, targets: Collection[Cell]) -> str | None:
    """In which direction one of these cells is beside this one."""
    for direction, (right, down) in OFFSETS.items():
        if (here[0] + right, here[1] + down) in targets:
            return direction
    return None


def way_to_unseen(play: Play, direction: str | None) -> list[str] | None:
    """The shortest way to a cell beside unseen land, in a direction where one is given.

    `None` where no such cell can be walked to.
    """
    x, y = play.here
    right, down = OFFSETS[direction] if direction else (0, 0)
    unseen = {(int(column), int(row)) for column, row in np.argwhere(play.seen == 0)}
    unseen = {cell for cell in unseen if not direction or (cell[0] - x) * right + (cell[1] - y) * down > 0}
    return way(play, beside(unseen)) if unseen else None
