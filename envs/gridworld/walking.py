"""One primitive call in progress: its time, and the ways the agent can walk or dig."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from heapq import heappop, heappush

from fieldcraft.envs.gridworld.rules import Block, Drop
from fieldcraft.envs.gridworld.wording import nothing_left
from fieldcraft.envs.gridworld.world import World
from fieldcraft.envs.types import PrimitiveError

_WITH_TOOL, _WITHOUT_TOOL = 30, 100
"""Ticks to break a block of hardness 1, with a tool that gives its drops and without (as in Minecraft)."""

_SEARCHED = 6000


class Call:
    """A primitive at work: everything it does costs time, up to the ticks one call may take."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.start = world.tick
        self.deadline = world.tick + world.tables.rules.world.call_ticks
        self._deaths = world.reached.deaths
        self._dug: dict[str, int] = {}

    def spend(self, ticks: int) -> None:
        """Let time pass.

        Raises:
            PrimitiveError: the agent died meanwhile.
        """
        self.world.advance(ticks)
        self.check_alive()

    def check_alive(self) -> None:
        """Raise `PrimitiveError` if the agent died during this call."""
        if self.world.reached.deaths != self._deaths:
            raise PrimitiveError(f"interrupted: {self.world.last_death}")

    def has_time(self, ticks: int = 0) -> bool:
        """Whether this many more ticks fit into the call."""
        return self.world.tick + ticks <= self.deadline

    # Digging.

    def tool_for(self, block: Block) -> str | None:
        """The best held tool for a block, whether or not it is good enough for its drops."""
        return None if block.tool is None else self.world.inventory.best_tool(block.tool)

    def can_harvest(self, block: Block) -> bool:
        """Whether mining a block with what is held gives its drops."""
        if block.hardness is None:
            return False
        if block.takes is not None and not self.world.inventory.count(block.takes):
            return False
        if block.tier is None:
            return True
        name = self.tool_for(block)
        tool = None if name is None else self.world.tables.tool(name)
        return tool is not None and tool.tier >= block.tier

    def break_ticks(self, block: Block) -> int:
        """How long it takes to break a block with the best held tool."""
        hardness = block.hardness or 0
        name = self.tool_for(block)
        tool = None if name is None else self.world.tables.tool(name)
        factor = _WITH_TOOL if self.can_harvest(block) else _WITHOUT_TOOL
        return max(1, math.ceil(hardness * factor / (1 if tool is None else tool.speed)))

    def dig(self, cell: int) -> dict[str, int]:
        """Break the block on a cell and take its drops, if the tool is good enough for them."""
        world = self.world
        block = world.tables.block(world.surface[cell])
        name = world.tables.block_names[world.surface[cell]]
        harvest, tool = self.can_harvest(block), self.tool_for(block)
        drops: Sequence[Drop] = block.drops if harvest else ()
        for kind, special in block.held.items():
            if (held := world.inventory.best_tool(kind)) is not None:
                drops, tool = special, held
        self.spend(self.break_ticks(block))
        used = {} if block.takes is None or not harvest else {block.takes: 1}
        for taken in used:
            world.inventory.remove(taken, 1)
        self.wear(tool if block.hardness else None)
        for item, count in world.chests.pop(cell, {}).items():
            world.take(item, count)
        world.clear_block(cell)
        world.reached.mined[name] = world.reached.mined.get(name, 0) + 1
        gained = self.collect(drops)
        why = "" if gained else nothing_left(world.tables, name, harvested=harvest)
        world.report("mined", name, used=used, gave=gained, tool=tool, cell=cell, why=why)
        return gained

    def wear(self, tool: str | None) -> None:
        """Wear a tool by one use; that it broke is noted."""
        if tool is not None and self.world.inventory.use_tool(tool):
            self.world.note(f"{tool} broke", loss=True)
            self.world.report("broke", tool, why="it was worn out")

    def collect(self, drops: Sequence[Drop]) -> dict[str, int]:
        """Roll for drops and take them; returns what fitted."""
        gained: dict[str, int] = {}
        for drop in drops:
            if drop.chance < 1 and not self.world.chance(drop.chance):
                continue
            count = (
                drop.count if drop.most is None else drop.count + self.world.roll(drop.most - drop.count + 1)
            )
            if count:
                gained[drop.item] = gained.get(drop.item, 0) + self.world.take(drop.item, count, gained=True)
        return {item: count for item, count in gained.items() if count}

    # Walking.

    def costs(self, *, by_hand: bool = False) -> list[int]:
        """For each block, the ticks to pass it, walking or digging; 0 where there is no way.

        Containers, beds and stations are left whole; blocks whose drops would be lost too, unless `by_hand`.
        """
        tables, step = self.world.tables, self.world.tables.rules.world.step_ticks
        costs, free = list(tables.walk), self.world.inventory.free_slots()
        for block_id, name in enumerate(tables.block_names):
            block = tables.rules.blocks[name]
            if block_id in tables.kept:
                costs[block_id] = 0
            elif costs[block_id] or block.hardness is None or block.takes:
                continue
            elif by_hand or (self.can_harvest(block) and self.room_for(block.drops, free=free)):
                costs[block_id] = step + self.break_ticks(block)
        return costs

    def room_for(
        self, drops: Sequence[Drop], used: Mapping[str, int] | None = None, *, free: int | None = None
    ) -> bool:
        """Whether the most that may drop fits, once `used` is gone; `free` slots are counted if not given."""
        most: dict[str, int] = {}
        for drop in drops:
            most[drop.item] = most.get(drop.item, 0) + (drop.most or drop.count)
        return self.world.inventory.fits(most, used or {}, free=free)

    def stays(self, cell: int) -> bool:
        """Whether a block is left whole by walking: a container, a bed, a station, or one that was placed."""
        return cell in self.world.placed or self.world.surface[cell] in self.world.tables.kept

    def path_to(self, goals: Container[int], toward: int | None = None) -> list[int] | None:
        """The quickest way to any goal, the goal last; through walls by hand if all else fails."""
        path = find_path(self.world, self.costs(), goals, toward)
        return path if path is not None else find_path(self.world, self.costs(by_hand=True), goals, toward)

    def step(self, cell: int) -> None:
        """Move to a neighbouring cell, digging where it is blocked."""
        world = self.world
        if not world.tables.walk[world.surface[cell]]:
            name = world.tables.block_names[world.surface[cell]]
            if self.stays(cell):
                raise PrimitiveError(f"the way at {world.position(cell)} is blocked by {name}")
            self.dig(cell)
            self._dug[name] = self._dug.get(name, 0) + 1
        if not world.move(world.steps.index(cell - world.cell)):
            raise PrimitiveError(f"the way at {world.position(cell)} is blocked")
        self.check_alive()

    def walk(self, path: Sequence[int]) -> bool:
        """Walk a path from the agent's cell; False if the call's time ran out on the way."""
        for cell in path:
            if not self.has_time():
                return False
            self.step(cell)
        return True

    def report(self) -> None:
        """Note what was dug on the way, if anything was."""
        if self._dug:
            names = ", ".join(f"{count} {name}" for name, count in self._dug.items())
            self.world.note(f"dug {names} on the way")
            self._dug.clear()


def find_path(
    world: World,
    costs: Sequence[int],
    goals: Container[int],
    toward: int | None = None,
    *,
    searched: int = _SEARCHED,
    nearest: bool = False,
) -> list[int] | None:
    """A cheapest way from the agent to one of the goals (A*), around all that the agent has placed.

    Args:
        world: its tiles are read, nothing is changed.
        costs: ticks to pass each block, 0 where there is no way; a goal may be such a block.
        goals: the cells to reach.
        toward: a cell near all goals, which directs the search.
        searched: the most cells to look at.
        nearest: where no goal can be reached, go to the reachable cell nearest to `toward`.

    Returns:
        The cells after the agent's own, the goal last; None if there is no way.
    """
    surface, start, stride, placed = world.surface, world.cell, world.stride, world.placed
    step = world.tables.rules.world.step_ticks
    row, column = divmod(start if toward is None else toward, stride)

    def ahead(cell: int) -> int:
        return step * (abs(cell // stride - row) + abs(cell % stride - column)) if toward is not None else 0

    came: dict[int, int] = {start: start}
    spent = {start: 0}
    heap = [(ahead(start), start)]
    best, best_ahead, done = start, ahead(start), set[int]()
    while heap and len(done) < searched:
        cell = heappop(heap)[1]
        if cell in goals:
            return _trace(came, start, cell)
        if cell in done:
            continue
        done.add(cell)
        if (left := ahead(cell)) < best_ahead:
            best, best_ahead = cell, left
        if (cell in placed or not costs[surface[cell]]) and cell != start:
            continue
        for offset in world.steps:
            other = cell + offset
            cost = 0 if other in placed else costs[surface[other]]
            if not cost and other in goals:
                cost = step
            total = spent[cell] + cost
            if cost and (other not in spent or total < spent[other]):
                spent[other], came[other] = total, cell
                heappush(heap, (total + ahead(other), other))
    return _trace(came, start, best) if nearest and best != start else None


def _trace(came: dict[int, int], start: int, cell: int) -> list[int]:
    path = []
    while cell != start:
        path.append(cell)
        cell = came[cell]
    return path[::-1]
