"""Eat, equip, and use chests."""

from __future__ import annotations

from collections.abc import Callable

from fieldcraft.envs.gridworld.walking import Call
from fieldcraft.envs.gridworld.wording import FULL, check_known, check_room
from fieldcraft.envs.gridworld.world import World
from fieldcraft.envs.types import Position, PrimitiveError

_EAT_TICKS = 32
_CHEST_TICKS = 4


def eat(world: World, item: str | None, spared: str) -> str:
    """Eat one thing: the named one, or what fills best without waste of the food held but not `spared`."""
    items, constants = world.tables.rules.items, world.tables.rules.world
    if item is not None:
        check_known(item, items, "eat", "item")
        if not items[item].food:
            raise PrimitiveError(f"cannot eat {item}: it is not food")
        if not world.inventory.count(item):
            raise PrimitiveError(f"cannot eat {item}: need 1 {item} (have 0)")
    foods = [name for name in world.inventory.counts if items[name].food]
    if item is None and not foods:
        raise PrimitiveError("cannot eat: you hold no food")
    foods = [name for name in foods if name != spared]
    if item is None and not foods:
        raise PrimitiveError(
            f"cannot eat: you hold no food but {spared}, which the task is for; name it to eat it"
        )
    missing = constants.hunger - world.hunger
    if not missing:
        raise PrimitiveError("cannot eat: you are not hungry")
    eaten = item or min(foods, key=lambda name: (abs(items[name].food - missing), name))
    returned = items[eaten].returns
    gave = {} if returned is None else {returned: 1}
    check_room(world, gave, {eaten: 1}, f"eat {eaten}")
    world.inventory.remove(eaten, 1)
    world.hunger = min(constants.hunger, world.hunger + items[eaten].food)
    for name in gave:
        world.take(name, 1)
    world.report("ate", eaten, used={eaten: 1}, gave=gave)
    Call(world).spend(_EAT_TICKS)
    return eaten


def equip(world: World, item: str) -> str:
    """Wear armour or take an item in hand; returns the slot."""
    items = world.tables.rules.items
    check_known(item, items, "equip", "item")
    if not world.inventory.count(item):
        raise PrimitiveError(f"cannot equip {item}: need 1 {item} (have 0)")
    armor = items[item].armor
    slot = "hand" if armor is None else armor.slot
    world.inventory.equipment[slot] = item
    world.advance(1)
    return slot


def deposit(world: World, item: str, count: int, position: Position | None) -> int:
    """Put items into a chest."""
    check_known(item, world.tables.rules.items, "deposit", "item")
    have = world.inventory.count(item)
    if have < count:
        raise PrimitiveError(f"cannot deposit {item}: need {count} {item} (have {have})")
    items = world.tables.rules.items

    def fits(cell: int) -> bool:
        after = {**world.chests.get(cell, {}), item: world.chests.get(cell, {}).get(item, 0) + count}
        slots = sum(-(-held // items[name].stack) for name, held in after.items())
        return slots <= world.tables.block(world.surface[cell]).container

    cell = _chest(world, "deposit", item, position, fits)
    if not fits(cell):
        raise PrimitiveError(
            f"cannot deposit {item}: the chest at {world.position(cell)} is full; use another one"
        )
    contents = world.chests[cell]
    contents[item] = contents.get(item, 0) + count
    world.inventory.remove(item, count)
    name = world.tables.block_names[world.surface[cell]]
    world.report("stored", item, used={item: count}, tool=name, cell=cell)
    return count


def withdraw(world: World, item: str, count: int, position: Position | None) -> int:
    """Take items out of a chest."""
    check_known(item, world.tables.rules.items, "withdraw", "item")
    cell = _chest(
        world, "withdraw", item, position, lambda cell: world.chests.get(cell, {}).get(item, 0) >= count
    )
    contents = world.chests[cell]
    have = contents.get(item, 0)
    if have < count:
        raise PrimitiveError(f"cannot withdraw {item}: the chest holds {have} of {count} {item}")
    room = max(0, world.inventory.room(item))
    if room < count:
        full = f": {FULL}" if not room else ""
        raise PrimitiveError(f"cannot withdraw {item}: room for {room} of {count}{full}")
    contents[item] = have - count
    if not contents[item]:
        del contents[item]
    name = world.tables.block_names[world.surface[cell]]
    world.report("withdrew", item, gave={item: count}, tool=name, cell=cell)
    return world.take(item, count)


def _chest(
    world: World, action: str, item: str, position: Position | None, serves: Callable[[int], bool]
) -> int:
    """Walk to the chest at a position, or to the nearest one that serves, else any, and open it."""
    tables, radius = world.tables, world.tables.rules.world.search_radius
    names = [name for name, block in tables.rules.blocks.items() if block.container]
    what = " or ".join(names)
    if position is not None:
        cell = world.cell_at(position)
        cells = [cell] if cell is not None and tables.block(world.surface[cell]).container else []
        missing = f"no {what} at {position}"
    else:
        cells = [cell for name in names for cell in world.cells_of(tables.block_ids[name], radius)]
        cells = [cell for cell in cells if serves(cell)] or cells
        missing = f"need a {what} within {radius} blocks"
    if not cells:
        raise PrimitiveError(f"cannot {action} {item}: {missing}")
    call = Call(world)
    path = call.path_to(frozenset(cells))
    arrived = path is not None and call.walk(path[:-1])
    call.report()
    if path is None or not arrived:
        raise PrimitiveError(f"cannot {action} {item}: the {what} is out of reach")
    world.chests.setdefault(path[-1], {})
    call.spend(_CHEST_TICKS)
    return path[-1]
