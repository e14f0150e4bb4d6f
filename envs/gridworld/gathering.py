"""Change the world: mine, place, kill."""

from __future__ import annotations

from collections.abc import Sequence

from fieldcraft.envs.gridworld.rules import Block, Drop
from fieldcraft.envs.gridworld.tables import MARGIN
from fieldcraft.envs.gridworld.walking import Call
from fieldcraft.envs.gridworld.wording import (
    FULL,
    check_known,
    check_room,
    nothing_left,
    origin,
    tool_needed,
)
from fieldcraft.envs.gridworld.world import World
from fieldcraft.envs.types import Position, PrimitiveError

_TRIES = 12


def mine(world: World, block: str, count: int) -> int:
    """Break `count` blocks of a name, nearest first; returns the items gathered."""
    tables = world.tables
    if block not in tables.block_ids and block in tables.rules.items:
        raise PrimitiveError(f"cannot mine {block}: it is an item, not a block{origin(tables, block, '')}")
    check_known(block, tables.block_ids, "mine", "block")
    rule = tables.rules.blocks[block]
    if rule.hardness is None:
        raise PrimitiveError(f"cannot mine {block}: nothing breaks it")
    call, mined, gathered, problem = Call(world), 0, 0, ""
    while mined < count and not problem:
        try:
            problem = _mine_problem(call, block)
            gathered += 0 if problem else _mine_nearest(call, block)
            mined += not problem
        except PrimitiveError as error:
            problem = str(error)
    call.report()
    nothing = f" and got nothing: {nothing_left(tables, block, harvested=True)}" if not gathered else ""
    if problem:
        done = f"mined {mined} of {count} {block}{nothing}, then " if mined else ""
        raise PrimitiveError(f"{done}cannot mine {block}: {problem}")
    if nothing:
        world.note(f"mined {mined} {block}{nothing}")
    return gathered


def _mine_problem(call: Call, block: str) -> str:
    """Why no block of this name can be mined now, or nothing."""
    world = call.world
    rule = world.tables.rules.blocks[block]
    if rule.takes is not None and not world.inventory.count(rule.takes):
        return f"need 1 {rule.takes} (have 0)"
    if not call.can_harvest(rule):
        holding = call.tool_for(rule) or "no such tool"
        return f"need {tool_needed(world.tables, rule)} (holding {holding})"
    if not call.has_time(call.break_ticks(rule)):
        return "out of time for one call; call again for the rest"
    used = {} if rule.takes is None else {rule.takes: 1}
    if not all(call.room_for(drops, used) for drops in _drops(call, rule)):
        return FULL
    return ""


def _drops(call: Call, rule: Block) -> Sequence[Sequence[Drop]]:
    """What may drop: by the special tools that are held, else by any."""
    special = [drops for kind, drops in rule.held.items() if call.world.inventory.best_tool(kind) is not None]
    return special[-1:] or [rule.drops]


def _mine_nearest(call: Call, block: str) -> int:
    world = call.world
    radius = world.tables.rules.world.search_radius
    cells = world.cells_of(world.tables.block_ids[block], radius)
    if not cells:
        raise PrimitiveError(f"none within {radius} tiles; explore to find one")
    if world.cell in cells:
        return _dig(call, world.cell)
    path = call.path_to(frozenset(cells))
    if path is None:
        raise PrimitiveError("found, but there is no way to reach it")
    if not call.walk(path[:-1]):
        raise PrimitiveError("out of time for one call; call again for the rest")
    return _dig(call, path[-1])


def _dig(call: Call, cell: int) -> int:
    """Mine one block, where what it may leave fits now: the way to it may have filled the inventory.

    A container only where all that it holds fits too.
    """
    world = call.world
    block = world.tables.block(world.surface[cell])
    used = {} if block.takes is None else {block.takes: 1}
    if not all(call.room_for(drops, used) for drops in _drops(call, block)):
        raise PrimitiveError(FULL)
    contents = world.chests.get(cell, {})
    if contents:
        most = dict(contents)
        for drop in block.drops:
            most[drop.item] = most.get(drop.item, 0) + (drop.most or drop.count)
        if not world.inventory.fits(most, {}):
            raise PrimitiveError(f"the one at {world.position(cell)} holds more than you have room for")
    return sum(call.dig(cell).values())


def place(world: World, item: str, position: Position | None) -> Position:
    """Put a block next to the agent, or at a position up to 4 blocks away."""
    tables = world.tables
    check_known(item, {**tables.rules.items, **tables.block_ids}, "place", "item")
    if item not in tables.placeable:
        raise PrimitiveError(f"cannot place {item}: it is not something that can be placed")
    if not world.inventory.count(item):
        raise PrimitiveError(f"cannot place {item}: need 1 {item} (have 0)")
    block = tables.placeable[item]
    cell = _free_cell(world, item, block) if position is None else _chosen_cell(world, item, block, position)
    returned = tables.item(item).returns
    gave = {} if returned is None else {returned: 1}
    check_room(world, gave, {item: 1}, f"place {item}")
    _put(world, cell, block)
    world.inventory.remove(item, 1)
    for name in gave:
        world.take(name, 1)
    world.reached.placed[item] = world.reached.placed.get(item, 0) + 1
    world.report("placed", item, used={item: 1}, gave=gave, cell=cell)
    Call(world).spend(tables.rules.world.step_ticks)
    return world.position(cell)


def _put(world: World, cell: int, block: str) -> None:
    """Put a block on a cell, or let what is there react with it."""
    tables = world.tables
    before = tables.block_names[world.surface[cell]]
    reaction = tables.rules.blocks[before].reacts.get(block)
    if reaction is not None:
        world.surface[cell] = tables.block_ids[reaction]
        world.report("turned", before, tool=block, cell=cell, why=f"{block} makes it {reaction}")
        return
    world.set_block(cell, tables.block_ids[block])
    rule = tables.rules.blocks[block]
    if not rule.walk:
        world.placed.add(cell)
    if rule.container:
        world.chests[cell] = {}
    if rule.bed:
        world.spawn = world.cell


def _is_free(world: World, cell: int) -> bool:
    surface = world.surface[cell]
    return bool(world.tables.walk[surface]) and cell != world.cell and not world.occupied[cell]


def _free_cell(world: World, item: str, block: str) -> int:
    """A free cell beside the agent that leaves it a way out, on bare ground before plants and water."""
    north, east, south, west = world.steps
    around = [
        world.cell + offset
        for offset in (north, east, south, west, north + east, north + west, south + east, south + west)
    ]
    step = world.tables.rules.world.step_ticks
    free = [cell for cell in around if _is_free(world, cell)]
    exits = _exits(world) if not world.tables.rules.blocks[block].walk else set()
    if len(exits) == 1:
        free = [cell for cell in free if cell not in exits]
    bare = [cell for cell in free if world.tables.walk[world.surface[cell]] == step]
    for cell in [*bare[::-1], *free]:
        return cell
    raise PrimitiveError(f"cannot place {item}: no free tile next to you; move or mine one first")


def _exits(world: World) -> set[int]:
    """The cells beside the agent by which it can leave, walking or digging."""
    call = Call(world)
    costs = call.costs()
    cells = (world.cell + offset for offset in world.steps)
    return {cell for cell in cells if costs[world.surface[cell]] and not call.stays(cell)}


def _chosen_cell(world: World, item: str, block: str, position: Position) -> int:
    cell = world.cell_at(position)
    reach = world.tables.rules.world.station_distance
    if cell is None or world.apart(world.cell, cell) > reach:
        raise PrimitiveError(f"cannot place {item} at {position}: it is not within {reach} blocks; go nearer")
    surface = world.tables.block(world.surface[cell])
    if not _is_free(world, cell) and block not in surface.reacts:
        there = "you stand there" if cell == world.cell else world.tables.block_names[world.surface[cell]]
        raise PrimitiveError(f"cannot place {item} at {position}: the tile is taken ({there})")
    return cell


def mob_cells_of(world: World, mob: str) -> list[int]:
    """The cells in view with a mob of this name, nearest first."""
    mob_id = world.tables.mob_ids[mob]
    cells = [
        cell
        for cell in world.mob_cells(world.tables.rules.world.view_radius)
        if world.mobs[cell] >> 8 == mob_id
    ]
    return sorted(cells, key=lambda cell: (world.apart(world.cell, cell), cell))


def kill(world: World, mob: str, count: int) -> int:
    """Hunt mobs of a name in view, nearest first; returns the items gathered."""
    check_known(mob, world.tables.mob_ids, "kill", "mob")
    call, killed, gathered = Call(world), 0, 0
    while killed < count:
        try:
            _check_room_for(call, mob)
            gathered += _kill_nearest(call, mob)
        except PrimitiveError as error:
            call.report()
            done = f"killed {killed} of {count} {mob}, then " if killed else ""
            raise PrimitiveError(f"{done}cannot kill {mob}: {error}") from None
        killed += 1
    call.report()
    return gathered


def _check_room_for(call: Call, mob: str) -> None:
    """Raise `PrimitiveError` where what a mob may leave does not fit."""
    if not call.room_for(call.world.tables.rules.mobs[mob].drops):
        raise PrimitiveError(FULL)


def _kill_nearest(call: Call, mob: str) -> int:
    world = call.world
    while call.has_time():
        cells = mob_cells_of(world, mob)
        if not cells:
            raise PrimitiveError("none in view; explore to find one")
        target = cells[0]
        if world.apart(world.cell, target) < 2:
            _check_room_for(call, mob)
            if (gathered := _strike(call, target)) is not None:
                return gathered
            continue
        path = call.path_to(frozenset(cells))
        if path is None:
            raise PrimitiveError("seen, but there is no way to reach it")
        call.walk(path[: max(1, min(len(path) - 1, MARGIN // 4))])
    raise PrimitiveError("out of time for one call; call again for the rest")


def _strike(call: Call, target: int) -> int | None:
    """Hit a mob once; the items gathered if it died."""
    world = call.world
    constants = world.tables.rules.world
    weapon = world.inventory.best_weapon()
    damage = constants.hand_damage if weapon is None else world.tables.item(weapon).damage
    state = world.remove_mob(target)
    rule, health = world.tables.mob(state >> 8), (state & 255) - damage
    gathered = None
    if health > 0:
        world.put_mob(target, state & ~255 | health)
    else:
        name = world.tables.mob_names[state >> 8]
        world.reached.killed[name] = world.reached.killed.get(name, 0) + 1
        gained = call.collect(rule.drops)
        gathered = sum(gained.values())
        world.report("killed", name, gave=gained, tool=weapon, cell=target)
    call.wear(weapon)
    call.spend(constants.attack_ticks)
    return gathered
