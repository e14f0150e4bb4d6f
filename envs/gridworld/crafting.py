"""Craft and smelt items, with errors that list everything that is missing, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fieldcraft.envs.gridworld.rules import Recipe
from fieldcraft.envs.gridworld.walking import Call
from fieldcraft.envs.gridworld.wording import (
    any_of,
    check_known,
    check_room,
    need,
    need_station,
    origin,
    station_cell,
)
from fieldcraft.envs.gridworld.world import World
from fieldcraft.envs.types import PrimitiveError

_CRAFT_TICKS = 4
_MOST = 1 << 31
_FUELS_NAMED = 6
_HALVES = 2


def craft(world: World, item: str, count: int, using: Sequence[str]) -> int:
    """Make at least `count` of an item by whole recipes; returns the number made.

    Of alternatives, those of `using` are taken where any of them is one, else what most is held of.
    """
    tables = world.tables
    check_known(item, tables.rules.items, "craft", "item")
    recipes = tables.recipes.get(item)
    if not recipes:
        raise PrimitiveError(
            f"cannot craft {item}: no crafting recipe makes it{origin(tables, item, 'crafting')}"
        )
    plans = [_plan(world, recipe, count, using) for recipe in _taking(world, item, recipes, using)]
    plan = min(plans, key=lambda plan: (len(plan.lacked) + plan.lacks_station, -plan.plenty))
    if plan.lacked or plan.lacks_station:
        raise PrimitiveError(f"cannot craft {item}: {_lacking(world, plan)}")
    made = -(-count // plan.recipe.count) * plan.recipe.count
    check_room(world, {item: made}, plan.used, f"craft {item}")
    for name, amount in plan.used.items():
        world.inventory.remove(name, amount)
    world.take(item, made, gained=True)
    world.report("crafted", item, used=plan.used, gave={item: made}, tool=plan.recipe.station)
    world.note(f"crafted {made} {item} from {_amounts(plan.used)}")
    Call(world).spend(_CRAFT_TICKS)
    return made


@dataclass
class _Plan:
    """What a recipe would use up now, and the needs for which there is not enough.

    `plenty` is for how many times the scarcest of what it takes lasts; `lacked` has how many are needed, of
    which alternatives, and how many of them are held.
    """

    recipe: Recipe
    used: dict[str, int]
    plenty: int
    lacked: list[tuple[int, tuple[str, ...], int]]
    lacks_station: bool


def _taking(world: World, item: str, recipes: Sequence[Recipe], using: Sequence[str]) -> Sequence[Recipe]:
    """The recipes that take all ingredients of `using`."""
    for name in using:
        check_known(name, world.tables.rules.items, f"craft {item} using", "item")
    takes = {
        index: {name for needed in recipe.needs for name in world.tables.rules.alternatives(needed)}
        for index, recipe in enumerate(recipes)
    }
    fitting = [recipe for index, recipe in enumerate(recipes) if takes[index].issuperset(using)]
    if not fitting:
        names = any_of(tuple(sorted(set().union(*takes.values()))))
        raise PrimitiveError(f"cannot craft {item} using {' and '.join(using)}: it takes {names}")
    return fitting


def _plan(world: World, recipe: Recipe, count: int, using: Sequence[str]) -> _Plan:
    """What crafting takes of what is held, ingredients without alternatives first."""
    times, held = -(-count // recipe.count), dict(world.inventory.counts)
    lacks_station = recipe.station is not None and station_cell(world, recipe.station) is None
    plan = _Plan(recipe, {}, _MOST, [], lacks_station)
    lacked: dict[int, tuple[int, tuple[str, ...], int]] = {}
    needs = [(world.tables.rules.alternatives(name), amount) for name, amount in recipe.needs.items()]
    for index, (every, amount) in sorted(enumerate(needs), key=lambda need: len(need[1][0])):
        names = tuple(name for name in every if name in using) or every
        have, wanted = sum(held.get(name, 0) for name in names), amount * times
        plan.plenty = min(plan.plenty, have // amount)
        if have < wanted:
            lacked[index] = wanted, names, have
            continue
        for name in sorted(names, key=lambda name: (-held.get(name, 0), name)):
            used = min(wanted, held.get(name, 0))
            if used:
                held[name] -= used
                plan.used[name] = plan.used.get(name, 0) + used
                wanted -= used
    plan.lacked = [lacked[index] for index in sorted(lacked)]
    return plan


def _lacking(world: World, plan: _Plan) -> str:
    """What is not there of all that a recipe takes."""
    parts = []
    if plan.lacked:
        parts.append(f"need {', '.join(need(*lacked) for lacked in plan.lacked)}")
    if plan.lacks_station and plan.recipe.station is not None:
        parts.append(need_station(world, plan.recipe.station))
    return "; ".join(parts)


def _amounts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def smelt(world: World, item: str, count: int, fuel: str | None, spared: str) -> int:
    """Turn `count` of an item into what a furnace makes of it; returns the number made.

    Where no fuel is named, what is `spared` is not burnt.
    """
    rules = world.tables.rules
    check_known(item, rules.items, "smelt", "item")
    result = world.tables.smelts.get(item)
    if result is None:
        raise PrimitiveError(f"cannot smelt {item}: no smelting recipe takes it")
    if fuel is not None:
        check_known(fuel, rules.items, "burn", "item")
        if not rules.items[fuel].fuel:
            raise PrimitiveError(f"cannot smelt {item}: {fuel} does not burn; fuels: {fuel_names(world)}")
    most = rules.world.call_ticks // rules.smelting.ticks
    if count > most:
        raise PrimitiveError(
            f"cannot smelt {count} {item}: one call smelts at most {most}; call again for the rest"
        )
    furnace, have = station_cell(world, rules.smelting.station), world.inventory.count(item)
    heat = 0 if furnace is None else world.furnaces.get(furnace, 0)
    plan = _fuel_plan(world, item, count, _fuels(world, fuel, spared), heat)
    if plan is None or furnace is None or have < count:
        lacks = [f"need {need(count, (item,), have)}"] if have < count else []
        lacks += [need_station(world, rules.smelting.station)] if furnace is None else []
        lacks += [_fuel_needed(world, fuel)] if plan is None else []
        raise PrimitiveError(f"cannot smelt {item}: {'; '.join(lacks)}")
    _heat(world, furnace, item, result, count, plan)
    Call(world).spend(count * rules.smelting.ticks)
    return count


def _heat(
    world: World, furnace: int, item: str, result: str, count: int, plan: list[tuple[str, int]]
) -> None:
    """Burn the fuel of a plan and turn the items into what the furnace makes of them."""
    used, gave, heat = {item: count}, {result: count}, world.furnaces.get(furnace, 0)
    for name, amount in plan:
        fuel = world.tables.item(name)
        used[name] = used.get(name, 0) + amount
        heat += amount * fuel.fuel
        if fuel.returns is not None:
            gave[fuel.returns] = gave.get(fuel.returns, 0) + amount
    check_room(world, gave, used, f"smelt {item}")
    for name, amount in used.items():
        world.inventory.remove(name, amount)
    for name, amount in gave.items():
        world.take(name, amount, gained=name == result)
    world.furnaces[furnace] = heat - _HALVES * count
    station = world.tables.rules.smelting.station
    world.report("smelted", item, used=used, gave=gave, tool=station)
    world.note(f"smelted {_amounts(gave)} from {_amounts(used)}")


def _fuels(world: World, fuel: str | None, spared: str) -> list[str]:
    """What may be burnt: the fuel that is named, or all that is held but tools and what is `spared`."""
    if fuel is not None:
        return [fuel]
    items = world.tables.rules.items
    return [name for name in world.inventory.counts if items[name].tool is None and name != spared]


def _fuel_plan(
    world: World, item: str, count: int, names: list[str], heat: int
) -> list[tuple[str, int]] | None:
    """Which of these fuels to burn and how much, what burns longest first."""
    wanted = _HALVES * count - heat
    if wanted <= 0:
        return []
    items = world.tables.rules.items
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


def _fuel_needed(world: World, fuel: str | None) -> str:
    if fuel is not None:
        return f"need more fuel: {fuel} (have {world.inventory.count(fuel)})"
    held = [
        f"{count} {name}"
        for name, count in world.inventory.counts.items()
        if world.tables.item(name).fuel and world.tables.tool(name) is None
    ]
    return f"need more fuel: {fuel_names(world)} (have {', '.join(held) or 'none'})"


def fuel_names(world: World) -> str:
    """Some things that burn, those named in the rules first."""
    names = [name for name, item in world.tables.rules.items.items() if item.fuel and item.tool is None]
    longest = sorted(names, key=lambda name: -world.tables.item(name).fuel)
    plain = [name for name in longest if world.tables.item(name).fuel <= 16]
    more = len(plain) > _FUELS_NAMED
    return any_of(tuple(plain[:_FUELS_NAMED])) + (" ..." if more else "")
