"""Navigation: goto, explore, find, nearby."""

from __future__ import annotations

from fieldcraft.common.suggest import nearest
from fieldcraft.envs.gridworld.gathering import mob_cells_of
from fieldcraft.envs.gridworld.reports import notice_mobs
from fieldcraft.envs.gridworld.tables import MARGIN
from fieldcraft.envs.gridworld.walking import Call, find_path
from fieldcraft.envs.gridworld.wording import any_of, origin
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
_WALLED_IN = 64
"""Cells in reach, digging by hand too, up to which the agent counts as walled in."""
_HURT = 4
"""Health lost on the way at which exploring ends."""


def goto(world: World, position: Position, within: float) -> Position:
    """Walk to a position, around containers, beds, stations and all that was placed."""
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
    open_goals = {cell for cell in goals if cell == world.cell or not call.stays(cell)}
    if not open_goals:
        there = world.tables.block_names[world.surface[goal]]
        raise PrimitiveError(f"cannot go to {position}: a {there} stands there; stand beside it, within=1.5")
    path = _way(call, open_goals, goal)
    if path is None:
        raise PrimitiveError(f"cannot go to {position}: there is no way{_walled(call)}")
    try:
        arrived = call.walk(path)
    finally:
        call.report()
    if not arrived:
        left = world.apart(world.cell, goal)
        raise PrimitiveError(f"cannot go to {position} in one call: {left:.0f} blocks left; call again")
    return world.position(world.cell)


def _way(call: Call, goals: set[int], goal: int) -> list[int] | None:
    """The quickest way into one of the goals, by hand only if all else fails."""
    world = call.world
    for by_hand in (False, True):
        costs = call.costs(by_hand=by_hand)
        inside = {cell for cell in goals if cell == world.cell or costs[world.surface[cell]]}
        path = find_path(world, costs, inside, goal, searched=_SEARCHED) if inside else None
        if path is not None:
            return path
    return None


def _walled(call: Call) -> str:
    """What may be done where no way was found."""
    around = (call.world.cell + offset for offset in call.world.steps)
    names = {call.world.tables.block_names[call.world.surface[cell]] for cell in around if call.stays(cell)}
    if not names:
        return "; go somewhere nearer first"
    return (
        f" around what was placed; mine {any_of(tuple(sorted(names)))} to pass, or go somewhere nearer first"
    )


def locate(world: World, name: str, radius: int) -> int | None:
    """The nearest cell with a block (remembered) or mob (in view) of this name."""
    cells = mob_cells_of(world, name)[:1] if name in world.tables.mob_ids else []
    if name in world.tables.block_ids:
        block, near = world.tables.block_ids[name], min(radius, world.tables.rules.world.search_radius)
        cells += world.cells_of(block, near) or (world.remembered(block, radius) if radius > near else [])
    return min(cells, key=lambda cell: (world.apart(world.cell, cell), cell), default=None)


def check_place_name(world: World, name: str, action: str) -> None:
    """Raise `PrimitiveError` if `name` is neither a block nor a mob."""
    known = {**world.tables.block_ids, **world.tables.mob_ids}
    if name not in known:
        item = f" (it is an item{origin(world.tables, name, '')})" if name in world.tables.rules.items else ""
        raise PrimitiveError(
            f"cannot {action} {name}: no block or mob has this name{item}{nearest(name, known)}"
        )


def find(world: World, name: str, radius: int) -> Position | None:
    """The nearest block or mob of a name; an item that is neither is nowhere."""
    if name not in world.tables.rules.items:
        check_place_name(world, name, "find")
    cell = locate(world, name, radius)
    return None if cell is None else world.position(cell)


def explore(world: World, direction: str | None, distance: int, until: str | None) -> Position | None:
    """Walk on, until something comes into view, the distance or time is used up, or something hurts."""
    if until is not None:
        check_place_name(world, until, "explore until")
    if direction is not None and direction not in DIRECTIONS:
        raise PrimitiveError(f"cannot explore {direction!r}: directions are {', '.join(DIRECTIONS)}")
    call, walked, sound = Call(world), 0, world.health - _HURT
    _break_out(call)
    heading = direction or _fresh_heading(world, distance)
    while True:
        if (
            until is not None
            and (found := locate(world, until, world.tables.rules.world.view_radius)) is not None
        ):
            call.report()
            return world.position(found)
        if walked >= distance or not call.has_time() or world.health <= sound:
            call.report()
            if world.health <= sound:
                world.note("stopped exploring: something hurts you")
            return None
        steps = _leg(call, heading, min(_LEG, distance - walked), until, sound)
        walked += steps
        if not steps:
            if direction is not None and walked:
                call.report()
                return None
            heading = _turned(heading)
            walked += _LEG // 2
            call.spend(world.tables.rules.world.step_ticks)


def _break_out(call: Call) -> None:
    """Where the agent has walled itself in, dig one block that it placed, never a station or container."""
    world = call.world
    if not world.placed:
        return
    costs = call.costs(by_hand=True)
    inside, border, rim = {world.cell}, set[int](), [world.cell]
    while rim:
        cell = rim.pop()
        for other in (cell + offset for offset in world.steps):
            if other in world.placed:
                border.add(other)
            elif costs[world.surface[other]] and other not in inside:
                inside.add(other)
                rim.append(other)
        if len(inside) > _WALLED_IN:
            return
    border = {cell for cell in border if world.surface[cell] not in world.tables.kept}
    path = find_path(world, costs, border) if border else None
    if path is not None and call.walk(path[:-1]):
        name = world.tables.block_names[world.surface[path[-1]]]
        call.dig(path[-1])
        world.note(f"walled in: broke 1 {name} that you placed")


def _turned(heading: str) -> str:
    names = list(DIRECTIONS)
    return names[(names.index(heading) + 3) % len(names)]


def _leg(call: Call, heading: str, length: int, until: str | None, sound: int) -> int:
    """Walk one stretch, as long as there is more health than `sound`; the steps made toward its end."""
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
    if path and (call.stays(path[-1]) or not call.costs()[world.surface[path[-1]]]):
        path.pop()
    for made, cell in enumerate(path):
        if not call.has_time():
            return made
        call.step(cell)
        notice_mobs(world)
        if world.health <= sound:
            return made + 1
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
