"""How errors of the grid world name what is missing, in one regular form."""

from __future__ import annotations

from collections.abc import Mapping

from fieldcraft.common.suggest import nearest
from fieldcraft.envs.gridworld.obtainable import Source
from fieldcraft.envs.gridworld.rules import Block
from fieldcraft.envs.gridworld.tables import Tables
from fieldcraft.envs.gridworld.world import World
from fieldcraft.envs.types import PrimitiveError


def check_known(name: str, known: Mapping[str, object], action: str, kind: str) -> None:
    """Raise `PrimitiveError` with the nearest names if there is no such thing."""
    if name not in known:
        raise PrimitiveError(f"cannot {action} {name}: no {kind} has this name{nearest(name, known)}")


def any_of(names: tuple[str, ...]) -> str:
    """`a or b or c`."""
    return " or ".join(names)


def need(count: int, names: tuple[str, ...], have: int) -> str:
    """`3 cobblestone (have 1)`."""
    return f"{count} {any_of(names)} (have {have})"


def station_cell(world: World, station: str) -> int | None:
    """The nearest block of this name that is near enough to be used."""
    reach = world.tables.rules.world.station_distance
    cells = world.cells_of(world.tables.block_ids[station], reach)
    near = [(world.apart(world.cell, cell), cell) for cell in cells]
    return min(near)[1] if near and min(near)[0] <= reach else None


def need_station(world: World, station: str) -> str:
    """`need a furnace within 4 blocks`."""
    return f"need a {station} within {world.tables.rules.world.station_distance} blocks"


def tool_needed(tables: Tables, block: Block) -> str:
    """`stone_pickaxe or better`: the least tool that gives the block's drops."""
    least = least_tool(tables, block.tool, block.tier or 0)
    return f"{least} or better" if least in tables.rules.items else least


def nothing_left(tables: Tables, name: str, *, harvested: bool) -> str:
    """Why mining a block left nothing."""
    block = tables.rules.blocks[name]
    if not harvested:
        return f"need {tool_needed(tables, block)}"
    sometimes = [f"{drop.item} ({drop.chance:.0%} of the time)" for drop in block.drops]
    reasons = [f"it leaves only sometimes {any_of(tuple(sometimes))}" if sometimes else "it leaves nothing"]
    for kind, drops in block.held.items():
        names = any_of(tuple(drop.item for drop in drops))
        reasons.append(f"with {least_tool(tables, kind, 0)} it leaves {names}")
    return "; ".join(reasons)


FULL = "the inventory is full; deposit or place something first"


def check_room(world: World, gained: Mapping[str, int], used: Mapping[str, int], action: str) -> None:
    """Raise `PrimitiveError` if what is gained does not fit once what it takes is gone."""
    if not world.inventory.fits(gained, used):
        names = ", ".join(f"{count} {name}" for name, count in gained.items())
        raise PrimitiveError(f"cannot {action}: no room for {names}: {FULL}")


def origin(tables: Tables, item: str, but: str) -> str:
    """The sources of an item except `but`, for the error of a primitive that cannot make it."""
    ways = [
        f"{source.kind} {any_of(tables.rules.alternatives(source.origin))}{_only_with(tables, item, source)}"
        for source in tables.sources.get(item, [])
        if source.kind != but
    ]
    if not ways:
        return ""
    return f"; it comes from {any_of(tuple(dict.fromkeys(ways)))}"


def _only_with(tables: Tables, item: str, source: Source) -> str:
    """` with shears` where the block leaves something else without that tool."""
    block = tables.rules.blocks.get(source.origin) if source.kind == "mining" else None
    if block is None or source.tool is None or any(drop.item == item for drop in block.drops):
        return ""
    return f" with {least_tool(tables, *source.tool)}"


def least_tool(tables: Tables, kind: str | None, tier: int) -> str:
    """The least tool of a kind and tier; the kind itself where there is no such tool."""
    fitting = [
        (tool.tier, tool.speed, name)
        for name, item in tables.rules.items.items()
        if (tool := item.tool) is not None and tool.kind == kind and tool.tier >= tier
    ]
    return min(fitting)[2] if fitting else f"a tool of the kind {kind}"
