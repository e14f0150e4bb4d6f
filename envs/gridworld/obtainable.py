"""How every item is obtainable from an empty inventory: its sources, and the round of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from typing import Literal

from fieldcraft.envs.gridworld.rules import Block, EntryPath, Rules

Kind = Literal["mining", "killing", "crafting", "smelting"]


@dataclass(frozen=True)
class Source:
    """One way to get an item; `origin` is the block, mob, or ingredient it comes from."""

    kind: Kind
    origin: str
    place: EntryPath
    needs: tuple[str, ...] = ()
    station: str | None = None
    tool: tuple[str, int] | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.origin}"


def sources(rules: Rules) -> dict[str, list[Source]]:
    """Every way to get each item, in the order of the rules."""
    found: dict[str, list[Source]] = {name: [] for name in rules.items}
    for index, recipe in enumerate(rules.recipes):
        source = Source("crafting", recipe.item, ("recipes", index), tuple(recipe.needs), recipe.station)
        found[recipe.item].append(source)
    for index, smelt in enumerate(rules.smelting.recipes):
        place = ("smelting", "recipes", index)
        found[smelt.item].append(
            Source("smelting", smelt.needs, place, (smelt.needs,), rules.smelting.station)
        )
    for name, block in rules.blocks.items():
        if block.hardness is not None:
            for item, source in _mined(name, block):
                found[item].append(source)
    for name, mob in rules.mobs.items():
        for drop in mob.drops:
            found[drop.item].append(Source("killing", name, ("mobs", name)))
    return found


def _mined(name: str, block: Block) -> Iterator[tuple[str, Source]]:
    needs = (block.takes,) if block.takes else ()
    tool = (block.tool, block.tier) if block.tool is not None and block.tier is not None else None
    for drop in block.drops:
        yield drop.item, Source("mining", name, ("blocks", name), needs, name, tool)
    for kind, drops in block.held.items():
        for drop in drops:
            yield drop.item, Source("mining", name, ("blocks", name), needs, name, (kind, 0))


def natural_blocks(rules: Rules, biomes: Iterable[str] | None = None) -> set[str]:
    """The blocks that terrain generation puts into a world of these biomes (all), and what lies beneath."""
    terrain = rules.terrain
    found = {terrain.water, terrain.rock, terrain.deep_rock, terrain.cave, terrain.lava}
    found.update(terrain.beach.floors, terrain.shore, terrain.water_plants, terrain.pockets, rules.ores)
    for name in rules.biomes if biomes is None else biomes:
        biome = rules.biomes[name]
        found.add(biome.floor)
        found.update(biome.plants)
        for tree in biome.trees:
            found.update((rules.trees[tree].log, rules.trees[tree].leaves))
    while beneath := {rules.blocks[name].beneath for name in found} - found - {None}:
        found.update(name for name in beneath if name is not None)
    return found


def living_mobs(rules: Rules, biomes: Iterable[str]) -> set[str]:
    """The mobs of a world of these biomes: all peaceful ones, and the hostile ones at home in them."""
    there = set(biomes)
    return {
        name for name, mob in rules.mobs.items() if not (mob.hostile and mob.biomes) or there & {*mob.biomes}
    }


def rounds(rules: Rules, *, blocks: Set[str] | None = None, mobs: Set[str] | None = None) -> dict[str, int]:
    """The round in which each item is first obtainable; round 0 needs no item.

    Args:
        rules: the rules.
        blocks: the blocks of the generated world; all natural ones of the rules if omitted.
        mobs: the mobs of the world; all of the rules if omitted.
    """
    found = sources(rules)
    living = rules.mobs.keys() if mobs is None else mobs
    reached: dict[str, int] = {}
    blocks = natural_blocks(rules) if blocks is None else set(blocks)
    for number in range(len(rules.items) + 1):
        possible = _possible(rules, reached, blocks, living)
        fresh = [
            item
            for item, ways in found.items()
            if item not in reached and any(possible(source) for source in ways)
        ]
        if not fresh:
            break
        reached.update(dict.fromkeys(fresh, number))
        blocks |= _new_blocks(rules, reached, blocks)
    return reached


def _possible(
    rules: Rules, reached: dict[str, int], blocks: Set[str], mobs: Set[str]
) -> Callable[[Source], bool]:
    tools = [tool for name in reached if (tool := rules.items[name].tool) is not None]

    def test(source: Source) -> bool:
        if source.kind == "killing" and source.origin not in mobs:
            return False
        if not all(any(item in reached for item in rules.alternatives(need)) for need in source.needs):
            return False
        if source.station is not None and source.station not in blocks:
            return False
        if source.tool is None:
            return True
        kind, tier = source.tool
        return any(tool.kind == kind and tool.tier >= tier for tool in tools)

    return test


def _new_blocks(rules: Rules, reached: dict[str, int], blocks: Set[str]) -> set[str]:
    new = {placed for name in reached if (placed := rules.items[name].places) is not None}
    for name in blocks | new:
        block = rules.blocks[name]
        if block.grows is not None:
            new.add(block.grows.into)
        new.update(result for liquid, result in block.reacts.items() if liquid in blocks | new)
    return new


def find_unobtainable(rules: Rules) -> list[tuple[EntryPath, str]]:
    """Every unobtainable item, with its place in the rules and the reason.

    Causes come before what only follows from them.
    """
    reached, found = rounds(rules), sources(rules)
    natural = natural_blocks(rules)
    there = natural | _new_blocks(rules, reached, natural)
    problems = [_why_not(rules, item, found, reached, there) for item in rules.items if item not in reached]
    return [(place, problem) for _, place, problem in sorted(problems, key=lambda problem: problem[0])]


def _why_not(
    rules: Rules, item: str, found: dict[str, list[Source]], reached: dict[str, int], blocks: Set[str]
) -> tuple[int, EntryPath, str]:
    """The reason why an item is unobtainable, after its distance from the cause (0: it is the cause)."""
    if not found[item]:
        return 0, ("items", item), "unobtainable: nothing makes it, drops it or contains it"
    source = found[item][0]
    if cycle := _cycle(rules, item, found, reached, blocks):
        return 2, source.place, f"cycle: {' needs '.join(cycle)}; give one of them another source"
    missing = [need for need in source.needs if not any(item in reached for item in rules.alternatives(need))]
    if missing:
        rank, lacks = 4, f"{' and '.join(missing)}, which cannot be had from empty hands"
    elif source.station is not None and source.station not in blocks:
        placed = _placing(rules, source)
        why = "cannot be had from empty hands" if placed else "no world has"
        rank, lacks = (4 if placed else 1), f"the block {source.station}, which {why}"
    else:
        kind, tier = source.tool or ("tool", 0)
        rank, lacks = 3, f"a {kind} of tier {tier} or better"
    return rank, source.place, f"unobtainable: {item} needs {lacks}"


def _placing(rules: Rules, source: Source) -> tuple[str, ...]:
    """The items that can be placed as the station of a recipe."""
    if source.kind not in ("crafting", "smelting") or source.station is None:
        return ()
    return tuple(name for name, item in rules.items.items() if item.places == source.station)


def _lacking(rules: Rules, source: Source, blocks: Set[str]) -> list[str]:
    """The items that a source takes, and those that its station could be placed from."""
    items = [item for need in source.needs for item in rules.alternatives(need)]
    return items if source.station in blocks else [*items, *_placing(rules, source)]


def _cycle(
    rules: Rules, start: str, found: dict[str, list[Source]], reached: dict[str, int], blocks: Set[str]
) -> tuple[str, ...] | None:
    """The way from `start` through unobtainable ingredients and stations back to itself, if there is one."""
    paths: list[tuple[str, ...]] = [(start,)]
    visited = {start}
    while paths:
        path = paths.pop(0)
        for source in found[path[-1]]:
            for item in _lacking(rules, source, blocks):
                if item == start:
                    return (*path, start)
                if item not in reached and item not in visited:
                    visited.add(item)
                    paths.append((*path, item))
    return None
