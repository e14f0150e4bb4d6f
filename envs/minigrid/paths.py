"""The shortest way over cells that were seen, turns and doors counted."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator

from fieldcraft.envs.minigrid.cells import Place, placed
from fieldcraft.envs.minigrid.memory import Memory

LEFT, RIGHT, FORWARD, PICK_UP, DROP, TOGGLE, DONE = range(7)
"""MiniGrid's actions."""

State = tuple[Place, int]
"""A place and the number of a facing."""


def way(memory: Memory, wanted: Callable[[Place, int], bool]) -> list[int] | None:
    """The actions that lead to the nearest state which is wanted; `None` where no seen cells lead there.

    Doors that are closed, or locked and of the colour of the key that is carried, are opened on the way.
    """
    start: State = (memory.here, memory.facing)
    came: dict[State, tuple[State, tuple[int, ...]]] = {}
    cost = {start: 0}
    queue: list[tuple[int, int, State]] = [(0, 0, start)]
    while queue:
        spent, _, state = heapq.heappop(queue)
        if spent > cost[state]:
            continue
        if wanted(*state):
            return _actions(came, state)
        for actions, then in _moves(memory, state):
            if spent + len(actions) < cost.get(then, spent + len(actions) + 1):
                cost[then], came[then] = spent + len(actions), (state, actions)
                heapq.heappush(queue, (cost[then], len(came), then))
    return None


def _moves(memory: Memory, state: State) -> Iterator[tuple[tuple[int, ...], State]]:
    here, facing = state
    front = placed(here, facing, 1, 0)
    cell = memory.cells.get(front)
    if cell is not None and cell.free:
        yield (FORWARD,), (front, facing)
    elif cell is not None and cell.kind == "door" and opens(memory, front):
        yield (TOGGLE, FORWARD), (front, facing)
    yield (LEFT,), (here, (facing - 1) % 4)
    yield (RIGHT,), (here, (facing + 1) % 4)


def opens(memory: Memory, place: Place) -> bool:
    """Whether the door at this place is closed and can be opened with what is carried."""
    door, carried = memory.cells[place], memory.carrying
    if door.state == "locked":
        return carried is not None and (carried.kind, carried.colour) == ("key", door.colour)
    return door.state == "closed"


def _actions(came: dict[State, tuple[State, tuple[int, ...]]], state: State) -> list[int]:
    found: list[int] = []
    while state in came:
        state, actions = came[state]
        found.extend(reversed(actions))
    return found[::-1]
