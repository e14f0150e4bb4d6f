"""The shortest way over ground that was seen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection

from fieldcraft.envs.minihack.keys import OFFSETS
from fieldcraft.envs.minihack.screen import Place, Screen

Step = tuple[Place, str]
"""A place, and the direction in which it is left."""


def way(
    screen: Screen, wanted: Callable[[Place], object], blocked: Collection[Step] = ()
) -> list[str] | None:
    """The directions that lead to the nearest wanted place; `None` where no seen ground leads there.

    Args:
        screen: what is seen.
        wanted: whether to go to a place.
        blocked: steps that were tried and led nowhere.
    """
    came: dict[Place, tuple[Place, str] | None] = {screen.here: None}
    queue = deque([screen.here])
    while queue:
        place = queue.popleft()
        if wanted(place):
            return _directions(came, place)
        for direction, (across, down) in OFFSETS.items():
            then = place[0] + across, place[1] + down
            if then in came or (place, direction) in blocked or not screen.free(then):
                continue
            if across and down and (screen.straight(then) or screen.straight(place)):
                continue
            came[then] = (place, direction)
            queue.append(then)
    return None


def beside(place: Place) -> list[Place]:
    """The eight places around one."""
    return [(place[0] + across, place[1] + down) for across, down in OFFSETS.values()]


def straight(place: Place) -> list[Place]:
    """The four places north, south, east and west of one."""
    x, y = place
    return [(x, y - 1), (x, y + 1), (x + 1, y), (x - 1, y)]


def _directions(came: dict[Place, tuple[Place, str] | None], place: Place) -> list[str]:
    found: list[str] = []
    while (step := came[place]) is not None:
        place, direction = step
        found.append(direction)
    return found[::-1]
