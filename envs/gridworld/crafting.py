"""Craft and smelt items, with errors that list everything that is missing."""

from __future__ import annotations

from collections.abc import Iterator

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
    recipe = min(recipes, key=lambda recipe: _lacks(world, recipe, count))
    if _lacks(world, recipe, count):
        raise PrimitiveError(f"cannot craft {item}: {_takes(world, recipe, count)}")
    times = -(-count // recipe.count)
    made = times * recipe.count
    for ingredient, amount in recipe.needs.items():
        _use_up(world, tables.rules.alternatives(ingredient), amount * times)
    if world.inventory.room(item) < made:
        world.note(f"the inventory is full: some {item} lost")
    world.take(item, made)
    Call(world).spend(_CRAFT_TICKS)
    return made


def _lacks(world: World, recipe: Recipe, count: int) -> int:
    """How many of a recipe's ingredients, and of its station, are not there."""
    ingredients = sum(have < amount for amount, _, have in _ingredients(world, recipe, count))
    return ingredients + (recipe.station is not None and not station_near(world, recipe.station))


def _takes(world: World, recipe: Recipe, count: int) -> str:
    """All that a recipe takes, with what is held of it: a skill written from this works from empty hands."""
    needs = ", ".join(need(*ingredient) for ingredient in _ingredients(world, recipe, count))
    station = "" if recipe.station is None else f"; {need_station(world, recipe.station)}"
    return f"need {needs}{station}"


def _ingredients(world: World, recipe: Recipe, count: int) -> Iterator[tuple[int, tuple[str, ...], int]]:
    """For each ingredient: how many, of which alternatives, and how many of them are held."""
    times = -(-count // recipe.count)
    for ingredient, amount in recipe.needs.items():
        names = world.tables.rules.alternatives(ingredient)
        yield amount * times, names, held_of(world.inventory, names)


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
    most = rules.world.call_ticks // rules.smelting.ticks
    if count > most:
        raise PrimitiveError(
            f"cannot smelt {count} {item}: one call smelts at most {most}; call again for the rest"
        )
    furnace, have = station_cell(world, rules.smelting.station), world.inventory.count(item)
    plan = _fuel_plan(world, item, count, fuel, 0 if furnace is None else world.furnaces.get(furnace, 0))
    if plan is None or furnace is None or have < count:
        takes = [f"need {need(count, (item,), have)}", need_station(world, rules.smelting.station)]
        takes.append(_fuel_needed(world, fuel, more=plan is None))
        raise PrimitiveError(f"cannot smelt {item}: {'; '.join(takes)}")
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


def _fuel_needed(world: World, fuel: str | None, *, more: bool) -> str:
    needed = "need more fuel" if more else "need fuel"
    if fuel is not None:
        return f"{needed}: {fuel} (have {world.inventory.count(fuel)})"
    held = [
        f"{count} {name}"
        for name, count in world.inventory.counts.items()
        if world.tables.item(name).fuel and world.tables.tool(name) is None
    ]
    return f"{needed}: {_fuel_names(world)} (have {', '.join(held) or 'none'})"


def _fuel_names(world: World) -> str:
    """Some things that burn, those named in the rules first."""
    names = [name for name, item in world.tables.rules.items.items() if item.fuel and item.tool is None]
    longest = sorted(names, key=lambda name: -world.tables.item(name).fuel)
    plain = [name for name in longest if world.tables.item(name).fuel <= 16]
    more = len(plain) > _FUELS_NAMED
    return any_of(tuple(plain[:_FUELS_NAMED])) + (" ..." if more else "")
