"""The state of a grid world and its clock: tiles, the agent's body, and what happens as time passes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fieldcraft.envs.gridworld.inventory import Inventory
from fieldcraft.envs.gridworld.options import Options
from fieldcraft.envs.gridworld.tables import MARGIN, Tables
from fieldcraft.envs.gridworld.terrain import BIOME_TILES, Terrain
from fieldcraft.envs.types import Position

SECOND = 20
"""Ticks in a second, the step of everything that happens by itself."""

_EVENTS_KEPT, _LOSSES_KEPT, _HAPPENED_KEPT = 8, 4, 4096
_WHY = 500
"""Characters of a reason."""

_MULTIPLIER = 6364136223846793005
_INCREMENT = 1442695040888963407
_MASK = (1 << 64) - 1

Happened = tuple[str, str, Mapping[str, int], Mapping[str, int], str, int | None, str, int]
"""The fields of a `Happening`, with a cell for its place, up to the tick."""


@dataclass
class Reached:
    """The progress since the reset; see `fieldcraft.envs.types.Progress`."""

    items: dict[str, int] = field(default_factory=dict)
    milestones: dict[str, int] = field(default_factory=dict)
    killed: dict[str, int] = field(default_factory=dict)
    placed: dict[str, int] = field(default_factory=dict)
    mined: dict[str, int] = field(default_factory=dict)
    gained: dict[str, int] = field(default_factory=dict)
    distance: int = 0
    deaths: int = 0


class World:
    """Tiles in flat byte arrays, padded by `MARGIN`; a cell is an index into them.

    Args:
        tables: its rules.
        options: of its reset, with the size and biomes filled in.
        seed: of the terrain and of chance.
        terrain: the tiles and mobs, which become the world's own.
        pass_second: what happens by itself each second; it is called with the world.
        seen: the tiles that were ever in view; those that are now where omitted.

    Attributes:
        surface: the block on each cell; `under`: what appears when it is mined.
        seen: 1 where the cell was ever in view.
        surface_map, seen_map: the same bytes as arrays indexed [z, x].
        occupied: 1 where a mob stands; `mobs` maps those cells to `mob id << 8 | health`.
        dice: the state of the one random generator.
        chests: contents by cell; `furnaces`: fuel left by cell, in half items; `growing`: the tick
            at which the plant on a cell turns into its next block; `placed`: where the agent placed what
            nobody can step on.
        events, losses: the latest events, and the latest deaths and broken tools with their ticks.
        happened: what happened since that was last asked, see `reports`; `known`: kinds seen before.
    """

    def __init__(
        self,
        tables: Tables,
        options: Options,
        seed: int,
        terrain: Terrain,
        *,
        pass_second: Callable[[World], None],
        seen: bytearray | None = None,
    ) -> None:
        self._pass_second = pass_second
        self.tables, self.options, self.seed = tables, options, seed
        self.size, self.stride = options.size, options.size + 2 * MARGIN
        self.surface, self.under, self.biomes = terrain.surface, terrain.under, terrain.biomes
        self.seen = bytearray(len(self.surface)) if seen is None else seen
        self.mobs = dict(terrain.mobs)
        self.occupied = bytearray(len(self.surface))
        for cell in self.mobs:
            self.occupied[cell] = 1
        self.cell = self.spawn = terrain.spawn
        self.tick, self.next_second = 0, SECOND
        self.dice = (seed * _MULTIPLIER + _INCREMENT) & _MASK
        constants = tables.rules.world
        self.health, self.hunger = constants.health, constants.hunger
        self.inventory = Inventory(tables.rules.items, constants.slots)
        self.chests: dict[int, dict[str, int]] = {}
        self.furnaces: dict[int, int] = {}
        self.growing: dict[int, int] = {}
        self.placed: set[int] = set()
        self.reached = Reached()
        self.events: list[str] = []
        self.losses: list[tuple[int, str]] = []
        self.happened: deque[Happened] = deque(maxlen=_HAPPENED_KEPT)
        self.known: set[str] = set()
        self.last_death = ""
        self._prepare()
        if seen is None:
            self.look()

    def _prepare(self) -> None:
        self._view = self.tables.rules.world.view_radius
        self.steps = (-self.stride, 1, self.stride, -1)
        self._strip = bytes([1]) * (2 * self._view + 1)
        self._walk = self.tables.walk
        shape = (self.stride, self.stride)
        self.surface_map = np.frombuffer(self.surface, dtype=np.uint8).reshape(shape)
        self.seen_map = np.frombuffer(self.seen, dtype=np.uint8).reshape(shape)
        self._mob_map = np.frombuffer(self.occupied, dtype=np.uint8).reshape(shape)

    # The agent moves and sees.

    def move(self, direction: int) -> bool:
        """Step north, east, south or west (0 to 3).

        False, and no time passes, where something is in the way.
        """
        cell = self.cell + self.steps[direction]
        ticks = self._walk[self.surface[cell]]
        if not ticks:
            return False
        self.cell = cell
        self.reached.distance += 1
        view, stride = self._view, self.stride
        if direction & 1:
            edge = cell + view if direction == 1 else cell - view
            self.seen[edge - view * stride : edge + view * stride + 1 : stride] = self._strip
        else:
            edge = cell + view * stride if direction == 2 else cell - view * stride
            self.seen[edge - view : edge + view + 1] = self._strip
        self.tick += ticks
        if self.tick >= self.next_second:
            self._pass_seconds()
        return True

    def look(self) -> None:
        """Remember everything in view."""
        view = self._view
        for row in range(self.cell - view * self.stride, self.cell + view * self.stride + 1, self.stride):
            self.seen[row - view : row + view + 1] = self._strip

    def advance(self, ticks: int) -> None:
        """Let time pass."""
        self.tick += ticks
        if self.tick >= self.next_second:
            self._pass_seconds()

    def _pass_seconds(self) -> None:
        while self.tick >= self.next_second:
            self.next_second += SECOND
            self._pass_second(self)

    # Places.

    def position(self, cell: int) -> Position:
        """The position of a cell."""
        z, x = divmod(cell, self.stride)
        height = self.tables.rules.world.surface_y
        return Position(x=x - MARGIN, y=height, z=z - MARGIN)

    def cell_at(self, position: Position) -> int | None:
        """The cell of a position, or None outside the world. The height is ignored."""
        place = position.block()
        x, z = int(place.x), int(place.z)
        if not (0 <= x < self.size and 0 <= z < self.size):
            return None
        return (z + MARGIN) * self.stride + x + MARGIN

    def apart(self, first: int, second: int) -> float:
        """The distance between two cells, in tiles."""
        z1, x1 = divmod(first, self.stride)
        z2, x2 = divmod(second, self.stride)
        return float(((z1 - z2) ** 2 + (x1 - x2) ** 2) ** 0.5)

    def biome(self, cell: int) -> str:
        """The biome of a cell inside the world."""
        z, x = divmod(cell, self.stride)
        squares = -(-self.size // BIOME_TILES)
        index = self.biomes[(z - MARGIN) // BIOME_TILES * squares + (x - MARGIN) // BIOME_TILES]
        return self.options.biomes[index]

    def cells_of(self, block: int, radius: int, center: int | None = None) -> list[int]:
        """The remembered cells with a block, at most `radius` rows and columns away."""
        found = []
        middle = self.cell if center is None else center
        for row in range(middle - radius * self.stride, middle + radius * self.stride + 1, self.stride):
            end = row + radius + 1
            place = self.surface.find(block, row - radius, end)
            while place >= 0:
                if self.seen[place]:
                    found.append(place)
                place = self.surface.find(block, place + 1, end)
        return found

    def remembered(self, block: int, radius: int) -> list[int]:
        """The same in any radius, at the cost of looking at the whole world."""
        z, x = divmod(self.cell, self.stride)
        top, left = max(0, z - radius), max(0, x - radius)
        window = slice(top, z + radius + 1), slice(left, x + radius + 1)
        rows, columns = np.nonzero((self.surface_map[window] == block) & (self.seen_map[window] > 0))
        cells: list[int] = ((rows + top) * self.stride + columns + left).tolist()
        return cells

    def mob_cells(self, radius: int) -> list[int]:
        """The cells with mobs at most `radius` rows and columns away, row by row."""
        z, x = divmod(self.cell, self.stride)
        window = self._mob_map[z - radius : z + radius + 1, x - radius : x + radius + 1]
        flat = window.ravel().nonzero()[0]
        if not flat.size:
            return []
        corner, width, stride = (z - radius) * self.stride + x - radius, 2 * radius + 1, self.stride
        return [corner + place // width * stride + place % width for place in flat.tolist()]

    def night(self) -> bool:
        """Whether it is dark outside."""
        constants = self.tables.rules.world
        return constants.night_start <= self.tick % constants.day_ticks < constants.night_end

    # Chance.

    def roll(self, sides: int) -> int:
        """A random whole number from 0 to `sides - 1`, from the world's one generator."""
        self.dice = (self.dice * _MULTIPLIER + _INCREMENT) & _MASK
        return (self.dice >> 32) * sides >> 32

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.roll(1 << 20) < probability * (1 << 20)

    # What happens to the agent and the tiles.

    def note(self, event: str, *, loss: bool = False) -> None:
        """Add to the latest events; what is a `loss` is remembered for longer."""
        text = f"tick {self.tick}: {event}"
        self.events = [*self.events[1 - _EVENTS_KEPT :], text]
        if loss:
            self.losses = [*self.losses[1 - _LOSSES_KEPT :], (self.tick, text)]

    def take(self, name: str, count: int, *, gained: bool = False) -> int:
        """Put items into the inventory; what does not fit is lost.

        Args:
            name: of the item.
            count: how many.
            gained: whether they are new, and not only moved.

        Returns:
            How many fitted.
        """
        taken = self.inventory.add(name, count)
        if gained and taken:
            self.reached.gained[name] = self.reached.gained.get(name, 0) + taken
        if taken and name not in self.reached.items:
            self.reached.items[name] = self.tick
            for milestone, items in self.tables.rules.milestones.items():
                if name in items:
                    self.reached.milestones.setdefault(milestone, self.tick)
        if taken < count:
            self.note(f"no room for {count - taken} {name}", loss=True)
            self.report("lost", name, used={name: count - taken}, cell=self.cell, why="the inventory is full")
        return taken

    def set_block(self, cell: int, block: int) -> None:
        """Put a block on a cell, over what was there."""
        self.under[cell] = self.surface[cell]
        self.surface[cell] = block
        rule = self.tables.block(block)
        if rule.grows is not None:
            self.growing[cell] = self.tick + rule.grows.ticks

    def clear_block(self, cell: int) -> None:
        """Take the block off a cell; what was beneath appears."""
        revealed = self.under[cell]
        beneath = self.tables.block(revealed).beneath
        self.surface[cell] = revealed
        self.under[cell] = 0 if beneath is None else self.tables.block_ids[beneath]
        self.growing.pop(cell, None)
        self.furnaces.pop(cell, None)
        self.placed.discard(cell)

    def put_mob(self, cell: int, state: int) -> None:
        """Let a mob stand on a cell: `mob id << 8 | health`."""
        self.mobs[cell] = state
        self.occupied[cell] = 1

    def remove_mob(self, cell: int) -> int:
        """Take the mob off a cell and return its state."""
        self.occupied[cell] = 0
        return self.mobs.pop(cell)

    def hurt(self, damage: float, cause: str) -> None:
        """Lose health, reduced by armour; at 0 the agent dies and respawns at its bed or the spawn."""
        points = max(1, round(damage * (1 - 0.04 * self.inventory.armor_points())))
        self.health -= points
        if self.health > 0:
            self.note(f"lost {points} health to {cause}")
            return
        constants = self.tables.rules.world
        self.reached.deaths += 1
        self.report("died", cause, cell=self.cell, why=f"killed by {cause}")
        if not self.options.keep_inventory:
            self.report("lost", used=self.inventory.counts, cell=self.cell, why="death")
            self.inventory.clear()
        self.health, self.hunger, self.cell = constants.health, constants.hunger, self.spawn
        kept = "kept" if self.options.keep_inventory else "lost"
        self.last_death = f"died of {cause}; woke at {self.position(self.cell)} with the inventory {kept}"
        self.note(self.last_death, loss=True)
        self.look()

    def report(
        self,
        what: str,
        subject: str = "",
        *,
        used: Mapping[str, int] | None = None,
        gave: Mapping[str, int] | None = None,
        tool: str | None = None,
        cell: int | None = None,
        why: str = "",
    ) -> None:
        """Keep one thing that happened until somebody asks; see `Happening` for the fields."""
        self.happened.append(
            (what, subject, dict(used or {}), dict(gave or {}), tool or "", cell, why[:_WHY], self.tick)
        )

    def memory(self) -> dict[str, Any]:
        """Everything but tiles and mobs, as JSON data."""
        return {
            "seed": self.seed,
            "rules": self.tables.digest,
            "options": self.options.model_dump(),
            "cell": self.cell,
            "spawn": self.spawn,
            "tick": self.tick,
            "next_second": self.next_second,
            "dice": self.dice,
            "health": self.health,
            "hunger": self.hunger,
            "counts": self.inventory.counts,
            "wear": self.inventory.wear,
            "equipment": self.inventory.equipment,
            "chests": list(self.chests.items()),
            "furnaces": list(self.furnaces.items()),
            "growing": list(self.growing.items()),
            "placed": sorted(self.placed),
            "life": vars(self.reached),
            "events": self.events,
            "losses": self.losses,
            "known": sorted(self.known),
            "last_death": self.last_death,
        }
