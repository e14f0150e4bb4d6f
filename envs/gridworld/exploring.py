"""Navigation: goto, explore, find, nearby."""

from __future__ import annotations

from fieldcraft.common.suggest import nearest
from fieldcraft.envs.gridworld.gathering import mob_cells_of
from fieldcraft.envs.gridworld.tables import MARGIN
from fieldcraft.envs.gridworld.walking import Call, find_path
from fieldcraft.envs.gridworld.world import World
from fieldcraft.envs.types import Position, PrimitiveError

DIRECTIONS = {
    "north": (0, -1),
    "northeast": (1, -1),
    "east": (1, 0),
    "southeast": (1, 1),
    "south": (0, 1),
    "southwest": (-1, 1),
    "west": (-1, 0),
    "northwest": (-1, -1),
}
_LEG = 10
_LEG_SEARCHED = 900
_SEARCHED = 30000
_AHEAD = 20


def goto(world: World, position: Position, within: float) -> Position:
    """Walk to a position; digs only where there is no way around."""
    goal = world.cell_at(position)
    if goal is None:
        raise PrimitiveError(f"cannot go to {position}: the world ends at {world.size - 1} in x and z")
    reach = int(within)
    goals = {
        cell
        for down in range(-reach, reach + 1)
        for right in range(-reach, reach + 1)
        if world.apart(goal, cell := goal + down * world.stride + right) <= within
    }
    call = Call(world)
    path = find_path(world, call.costs(), goals, goal, searched=_SEARCHED)
    if path is None:
        path = find_path(world, call.costs(by_hand=True), goals, goal, searched=_SEARCHED)
    if path is None:
        raise PrimitiveError(f"cannot go to {position}: there is no way; go somewhere nearer first")
    if not call.walk(path):
        left = world.apart(world.cell, goal)
        raise PrimitiveError(f"cannot go to {position} in one call: {left:.0f} blocks left; call again")
    return world.position(world.cell)


def locate(world: World, name: str, radius: int) -> int | None:
    """The nearest cell with a block (remembered) or mob (in view) of this name."""
    cells = mob_cells_of(world, name)[:1] if name in world.tables.mob_ids else []
    if name in world.tables.block_ids:
        cells += world.cells_of(world.tables.block_ids[name], radius)
    return min(cells, key=lambda cell: (world.apart(world.cell, cell), cell), default=None)


def check_place_name(world: World, name: str, action: str) -> None:
    """Raise `PrimitiveError` if `name` is neither a block nor a mob."""
    known = {**world.tables.block_ids, **world.tables.mob_ids}
    if name not in known:
        item = " (it is an item)" if name in world.tables.rules.items else ""
        raise PrimitiveError(
            f"cannot {action} {name}: no block or mob has this name{item}{nearest(name, known)}"
        )


def explore(world: World, direction: str | None, distance: int, until: str | None) -> Position | None:
    """Walk on, until something comes into view or the distance or time is used up."""
    if until is not None:
        check_place_name(world, until, "explore until")
    if direction is not None and direction not in DIRECTIONS:
        raise PrimitiveError(f"cannot explore {direction!r}: directions are {', '.join(DIRECTIONS)}")
    call, walked = Call(world), 0
    heading = direction or _fresh_heading(world, distance)
    while True:
        if (
            until is not None
            and (found := locate(world, until, world.tables.rules.world.view_radius)) is not None
        ):
            return world.position(found)
        if walked >= distance or not call.has_time():
            return None
        steps = _leg(call, heading, min(_LEG, distance - walked), until)
        walked += steps
        if not steps:
            if direction is not None and walked:
                return None
            heading = _turned(heading)
            walked += _LEG // 2
            call.spend(world.tables.rules.world.step_ticks)


def _turned(heading: str) -> str:
    names = list(DIRECTIONS)
    return names[(names.index(heading) + 3) % len(names)]


def _leg(call: Call, heading: str, length: int, until: str | None) -> int:
    """Walk one stretch; returns the steps that were made toward its end."""
    world = call.world
    right, down = DIRECTIONS[heading]
    row, column = divmod(world.cell, world.stride)
    last = MARGIN + world.size - 1
    aim = min(max(row + down * length, MARGIN), last) * world.stride + min(
        max(column + right * length, MARGIN), last
    )
    if aim == world.cell:
        return 0
    path = find_path(world, call.costs(), (aim,), aim, searched=_LEG_SEARCHED, nearest=True) or []
    before = world.apart(world.cell, aim)
    if path and not world.tables.walk[world.surface[path[-1]]] and not call.costs()[world.surface[path[-1]]]:
        path.pop()
    for made, cell in enumerate(path):
        if not call.has_time():
            return made
        call.step(cell)
        if until is not None and locate(world, until, world.tables.rules.world.view_radius) is not None:
            return made + 1
    return len(path) if before - world.apart(world.cell, aim) > 1 else 0


def _fresh_heading(world: World, distance: int) -> str:
    """The direction with the most unseen ground ahead; a random one of equals."""
    row, column = divmod(world.cell, world.stride)
    first, last = MARGIN, MARGIN + world.size - 1
    scores = []
    for name, (right, down) in DIRECTIONS.items():
        unseen = 0
        for far in range(_AHEAD // 2, max(distance, _AHEAD) + 1, _AHEAD // 4):
            z, x = row + down * far, column + right * far
            if first <= z <= last and first <= x <= last:
                spread = (-4, 0, 4)
                for side in spread:
                    cell = (z + side * right) * world.stride + x - side * down
                    unseen += not world.seen[cell]
        scores.append((unseen, world.roll(1 << 16), name))
    return max(scores)[2]
