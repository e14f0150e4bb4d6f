"""Making things: craft and smelt, with errors that say all that is missing."""

from __future__ import annotations

from fieldcraft.envs.gridworld.rules import Recipe
from fieldcraft.envs.gridworld.walking import Call
from fieldcraft.envs.gridworld.wording import (
    any_of,
    check_known,
    held_of,
    need,
    need_station,
    origin,
    station_cell,
    station_near,
)
from fieldcraft.envs.gridworld.world import World
from fieldcraft.envs.types import PrimitiveError

_CRAFT_TICKS = 4
_FUELS_NAMED = 6
_HALVES = 2


def craft(world: World, item: str, count: int) -> int:
    """Make at least `count` of an item by whole recipes; returns the number made."""
    tables = world.tables
    check_known(item, tables.rules.items, "craft", "item")
    recipes = tables.recipes.get(item)
    if not recipes:
        raise PrimitiveError(
            f"cannot craft {item}: no crafting recipe makes it{origin(tables, item, 'crafting')}"
        )
    recipe, missing = min(
        ((recipe, _missing(world, recipe, count)) for recipe in recipes), key=lambda pair: len(pair[1])
    )
    if missing:
        raise PrimitiveError(f"cannot craft {item}: {'; '.join(missing)}")
    times = -(-count // recipe.count)
    made = times * recipe.count
    for ingredient, amount in recipe.needs.items():
        _use_up(world, tables.rules.alternatives(ingredient), amount * times)
    if world.inventory.room(item) < made:
        world.note(f"the inventory is full: some {item} lost")
    world.take(item, made)
    Call(world).spend(_CRAFT_TICKS)
    return made


def _missing(world: World, recipe: Recipe, count: int) -> list[str]:
    """All that a recipe lacks: ingredients first, then the station."""
    times = -(-count // recipe.count)
    lacks = []
    for ingredient, amount in recipe.needs.items():
        names = world.tables.rules.alternatives(ingredient)
        have = held_of(world.inventory, names)
        if have < amount * times:
            lacks.append(need(amount * times, names, have))
    missing = [f"need {', '.join(lacks)}"] if lacks else []
    if recipe.station is not None and not station_near(world, recipe.station):
        missing.append(need_station(world, recipe.station))
    return missing


def _use_up(world: World, names: tuple[str, ...], amount: int) -> None:
    """Take ingredients, of the alternative held most first."""
    for name in sorted(names, key=lambda name: (-world.inventory.count(name), name)):
        used = min(amount, world.inventory.count(name))
        if used:
            world.inventory.remove(name, used)
            amount -= used


def smelt(world: World, item: str, count: int, fuel: str | None) -> int:
    """Turn `count` of an item into what a furnace makes of it; returns the number made."""
    rules = world.tables.rules
    check_known(item, rules.items, "smelt", "item")
    result = world.tables.smelts.get(item)
    if result is None:
        raise PrimitiveError(f"cannot smelt {item}: no smelting recipe takes it")
    if fuel is not None:
        check_known(fuel, rules.items, "burn", "item")
        if not rules.items[fuel].fuel:
            raise PrimitiveError(f"cannot smelt {item}: {fuel} does not burn; fuels: {_fuel_names(world)}")
    missing = []
    if world.inventory.count(item) < count:
        missing.append(f"need {need(count, (item,), world.inventory.count(item))}")
    furnace = station_cell(world, rules.smelting.station)
    if furnace is None:
        missing.append(need_station(world, rules.smelting.station))
    plan = _fuel_plan(world, item, count, fuel, 0 if furnace is None else world.furnaces.get(furnace, 0))
    if plan is None:
        missing.append(_fuel_missing(world, fuel))
    most = rules.world.call_ticks // rules.smelting.ticks
    if count > most:
        missing.append(f"one call smelts at most {most}: call again for the rest")
    if missing or plan is None or furnace is None:
        raise PrimitiveError(f"cannot smelt {item}: {'; '.join(missing)}")
    _burn(world, furnace, plan, count)
    world.inventory.remove(item, count)
    made = world.take(result, count)
    Call(world).spend(count * rules.smelting.ticks)
    return made


def _burn(world: World, furnace: int, plan: list[tuple[str, int]], count: int) -> None:
    heat = world.furnaces.get(furnace, 0)
    for name, amount in plan:
        item = world.tables.item(name)
        world.inventory.remove(name, amount)
        heat += amount * item.fuel
        if item.returns is not None:
            world.take(item.returns, amount)
    world.furnaces[furnace] = heat - _HALVES * count


def _fuel_plan(
    world: World, item: str, count: int, fuel: str | None, heat: int
) -> list[tuple[str, int]] | None:
    """Which fuel to burn and how much; the named one, or what burns longest first."""
    wanted = _HALVES * count - heat
    if wanted <= 0:
        return []
    items = world.tables.rules.items
    names = (
        [fuel] if fuel is not None else [name for name in world.inventory.counts if items[name].tool is None]
    )
    plan = []
    for name in sorted(names, key=lambda name: (-min(items[name].fuel, 16), items[name].fuel, name)):
        have = world.inventory.count(name) - (count if name == item else 0)
        if items[name].fuel and have > 0:
            amount = min(have, -(-wanted // items[name].fuel))
            plan.append((name, amount))
            wanted -= amount * items[name].fuel
            if wanted <= 0:
                return plan
    return None


def _fuel_missing(world: World, fuel: str | None) -> str:
    if fuel is not None:
        return f"need more fuel: {fuel} (have {world.inventory.count(fuel)})"
    held = [
        f"{count} {name}"
        for name, count in world.inventory.counts.items()
        if world.tables.item(name).fuel and world.tables.tool(name) is None
    ]
    return f"need more fuel: {_fuel_names(world)} (have {', '.join(held) or 'none'})"


def _fuel_names(world: World) -> str:
    """Some things that burn, those named in the rules first."""
    names = [name for name, item in world.tables.rules.items.items() if item.fuel and item.tool is None]
    longest = sorted(names, key=lambda name: -world.tables.item(name).fuel)
    plain = [name for name in longest if world.tables.item(name).fuel <= 16]
    more = len(plain) > _FUELS_NAMED
    return any_of(tuple(plain[:_FUELS_NAMED])) + (" ..." if more else "")
