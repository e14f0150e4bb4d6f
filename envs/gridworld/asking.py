"""Questions that take no time and cannot fail: chests, the body, and how to come by an item."""

from __future__ import annotations

from typing import Any

from fieldcraft.common.suggest import nearest
from fieldcraft.envs.gridworld.crafting import fuel_names
from fieldcraft.envs.gridworld.obtainable import Source
from fieldcraft.envs.gridworld.rules import Recipe
from fieldcraft.envs.gridworld.view import free_slots, time_of_day
from fieldcraft.envs.gridworld.wording import any_of, least_tool, need_station, tool_needed
from fieldcraft.envs.gridworld.world import World

_WAYS = 4
"""Ways to mine, kill or smelt that an answer names."""


def chests(world: World) -> list[dict[str, Any]]:
    """Every container that was seen, nearest first: where it stands, what it holds, and its free slots."""
    free = free_slots(world)
    cells = sorted(free, key=lambda cell: (world.apart(world.cell, cell), cell))
    return [
        {
            "position": world.position(cell),
            "block": world.tables.block_names[world.surface[cell]],
            "items": dict(sorted(world.chests[cell].items())),
            "free_slots": free[cell],
        }
        for cell in cells
    ]


def status(world: World) -> dict[str, Any]:
    """The body, its protection and strength, the time, free slots, and the uses left of each tool held."""
    inventory, items = world.inventory, world.tables.rules.items
    constants, weapon = world.tables.rules.world, inventory.best_weapon()
    uses = {
        name: tool.uses - inventory.wear.get(name, 0)
        for name in sorted(inventory.counts)
        if (tool := items[name].tool) is not None
    }
    return {
        "health": world.health,
        "hunger": world.hunger,
        "time": time_of_day(world),
        "tick": world.tick,
        "biome": world.biome(world.cell),
        "position": world.position(world.cell),
        "free_slots": inventory.free_slots(),
        "equipment": {
            slot: {"item": name, **({"uses_left": uses[name]} if name in uses else {})}
            for slot, name in sorted(inventory.equipment.items())
        },
        "uses_left": uses,
        "armor": inventory.armor_points(),
        "weapon": weapon,
        "damage": constants.hand_damage if weapon is None else items[weapon].damage,
        "deaths": world.reached.deaths,
    }


def recipe(world: World, item: str) -> str:
    """All ways to come by an item, in the words of the errors, one sentence a line."""
    tables = world.tables
    if item not in tables.rules.items:
        return f"no item is called {item}{nearest(item, tables.rules.items)}"
    lines = [
        f"{'Or to' if index else 'To'} craft {item}{'' if not index else ' otherwise'}: {_takes(world, way)}."
        for index, way in enumerate(tables.recipes.get(item, ()))
    ]
    others = [source for source in tables.sources.get(item, ()) if source.kind != "crafting"]
    found = [source for source in others if source.origin != tables.placeable.get(item)]
    others = (found if found or lines else others)[:_WAYS]
    if others:
        ways = any_of(tuple(dict.fromkeys(_way(world, item, source) for source in others)))
        lines.append(f"To {'get' if lines else 'craft'} {item}: it comes from {ways}.")
    for source in others:
        lines += _further(world, source)
    return "\n".join(dict.fromkeys(lines)) or f"nothing in this world gives {item}"


def _takes(world: World, recipe: Recipe) -> str:
    needs = ", ".join(
        f"{amount} {any_of(world.tables.rules.alternatives(name))}" for name, amount in recipe.needs.items()
    )
    makes = f" (makes {recipe.count})" if recipe.count > 1 else ""
    at = "" if recipe.station is None else f"; {need_station(world, recipe.station)}"
    return f"need {needs}{at}{makes}"


def _way(world: World, item: str, source: Source) -> str:
    """`mining oak_leaves with shears`: the tool is named where the block leaves something else without it."""
    names = any_of(world.tables.rules.alternatives(source.origin))
    block = world.tables.rules.blocks.get(source.origin) if source.kind == "mining" else None
    if block is None or source.tool is None or any(drop.item == item for drop in block.drops):
        return f"{source.kind} {names}"
    return f"{source.kind} {names} with {least_tool(world.tables, *source.tool)}"


def _further(world: World, source: Source) -> list[str]:
    """What smelting or mining takes besides."""
    tables = world.tables
    if source.kind == "smelting":
        thing = tables.rules.alternatives(source.origin)[0]
        station = need_station(world, tables.rules.smelting.station)
        return [f"To smelt {thing}: need 1 {thing}; {station}; need fuel: {fuel_names(world)}."]
    block = tables.rules.blocks.get(source.origin)
    if source.kind != "mining" or block is None:
        return []
    if block.takes is not None:
        return [f"To mine {source.origin}: need 1 {block.takes}."]
    if block.tier is not None:
        return [f"To mine {source.origin}: need {tool_needed(tables, block)}."]
    return []
