"""Change the world: mine, place, kill."""

from __future__ import annotations

from fieldcraft.envs.gridworld.tables import MARGIN
from fieldcraft.envs.gridworld.walking import Call
from fieldcraft.envs.gridworld.wording import check_known, origin, tool_needed
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
    call, mined, gathered = Call(world), 0, 0
    while mined < count:
        try:
            problem = _mine_problem(call, block)
            gathered += 0 if problem else _mine_nearest(call, block)
        except PrimitiveError as error:
            problem = str(error)
        if problem:
            done = f"mined {mined} of {count} {block}, then " if mined else ""
            raise PrimitiveError(f"{done}cannot mine {block}: {problem}")
        mined += 1
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
    if not any(world.inventory.room(drop.item) for drop in rule.drops) and rule.drops:
        return "the inventory is full; deposit or place something first"
    return ""


def _mine_nearest(call: Call, block: str) -> int:
    world = call.world
    radius = world.tables.rules.world.search_radius
    cells = world.cells_of(world.tables.block_ids[block], radius)
    if not cells:
        raise PrimitiveError(f"none within {radius} tiles; explore to find one")
    if world.cell in cells:
        return sum(call.dig(world.cell).values())
    path = call.path_to(frozenset(cells))
    if path is None:
        raise PrimitiveError("found, but there is no way to reach it")
    if not call.walk(path[:-1]):
        raise PrimitiveError("out of time for one call; call again for the rest")
    return sum(call.dig(path[-1]).values())


def place(world: World, item: str, position: Position | None) -> Position:
    """Put a block next to the agent, or at a position up to 4 blocks away."""
    tables = world.tables
    check_known(item, {**tables.rules.items, **tables.block_ids}, "place", "item")
    if item not in tables.placeable:
        raise PrimitiveError(f"cannot place {item}: it is not something that can be placed")
    if not world.inventory.count(item):
        raise PrimitiveError(f"cannot place {item}: need 1 {item} (have 0)")
    block = tables.placeable[item]
    cell = _free_cell(world, item) if position is None else _chosen_cell(world, item, block, position)
    reaction = tables.block(world.surface[cell]).reacts.get(block)
    if reaction is not None:
        world.surface[cell] = tables.block_ids[reaction]
    else:
        world.set_block(cell, tables.block_ids[block])
    rule = tables.rules.blocks[block]
    if rule.container:
        world.chests[cell] = {}
    if rule.bed:
        world.spawn = world.cell
    world.inventory.remove(item, 1)
    returned = tables.item(item).returns
    if returned is not None:
        world.take(returned, 1)
    world.reached.placed[item] = world.reached.placed.get(item, 0) + 1
    Call(world).spend(tables.rules.world.step_ticks)
    return world.position(cell)


def _is_free(world: World, cell: int) -> bool:
    surface = world.surface[cell]
    return bool(world.tables.walk[surface]) and cell != world.cell and not world.occupied[cell]


def _free_cell(world: World, item: str) -> int:
    """A free cell beside the agent that leaves it a way out, on bare ground before plants and water."""
    north, east, south, west = world.steps
    around = [
        world.cell + offset
        for offset in (north, east, south, west, north + east, north + west, south + east, south + west)
    ]
    step = world.tables.rules.world.step_ticks
    free = [cell for cell in around if _is_free(world, cell)]
    bare = [cell for cell in free if world.tables.walk[world.surface[cell]] == step]
    for cell in [*bare[::-1], *free]:
        return cell
    raise PrimitiveError(f"cannot place {item}: no free tile next to you; move or mine one first")


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
            gathered += _kill_nearest(call, mob)
        except PrimitiveError as error:
            done = f"killed {killed} of {count} {mob}, then " if killed else ""
            raise PrimitiveError(f"{done}cannot kill {mob}: {error}") from None
        killed += 1
    return gathered


def _kill_nearest(call: Call, mob: str) -> int:
    world = call.world
    while call.has_time():
        cells = mob_cells_of(world, mob)
        if not cells:
            raise PrimitiveError("none in view; explore to find one")
        target = cells[0]
        if world.apart(world.cell, target) < 2:
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
        gathered = sum(call.collect(rule.drops).values())
    if weapon is not None and world.inventory.use_tool(weapon):
        world.note(f"{weapon} broke")
    call.spend(constants.attack_ticks)
    return gathered
