"""The grid world as an environment: its primitives, as programs call them and models read them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from fieldcraft.envs.environment import Environment, primitive
from fieldcraft.envs.gridworld import asking, crafting, exploring, gathering, living, view
from fieldcraft.envs.gridworld.nature import pass_second
from fieldcraft.envs.gridworld.obtainable import living_mobs, natural_blocks, rounds
from fieldcraft.envs.gridworld.options import Options, describe_options, read_options
from fieldcraft.envs.gridworld.reports import explain, reported, take_happened
from fieldcraft.envs.gridworld.snapshot import body, load, save
from fieldcraft.envs.gridworld.tables import Tables
from fieldcraft.envs.gridworld.terrain import generate
from fieldcraft.envs.gridworld.world import World
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.observation import Observation
from fieldcraft.envs.types import (
    Chart,
    EnvironmentSpec,
    GainGoal,
    Goal,
    ItemGoal,
    Names,
    OptionInfo,
    Position,
    PrimitiveError,
    Progress,
)
from fieldcraft.envs.words import CRAFTING

Count = Annotated[int, Field(ge=1, le=2304)]
SAID = 500
"""The most characters of one `say`."""
_DESCRIPTION = "A seeded two-dimensional survival world seen from above, with {names}."
_NAMES = {True: "the names and recipes of Minecraft", False: "names and recipes of its own"}


class GridWorld(Environment):
    """A survival world on a grid that a Minecraft player recognises.

    Rules and names come from a data file (`reset(options={"rules": path})`); the options are those of
    `fieldcraft.envs.gridworld.options.Options`. A new one holds the world of seed 0 at the first use.
    """

    def __init__(self) -> None:
        self._options, self._tables = read_options(None)
        self.spec = _spec(self._options, self._tables)
        self._world: World | None = None
        self._spared = ""

    @property
    def world(self) -> World:
        """The state, for drawing and measuring. Programs never see it."""
        if self._world is None:
            self.reset(seed=0)
        if self._world is None:
            raise RuntimeError("the reset left no world")
        return self._world

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        """Begin a new episode; see `Options` for the options.

        Raises:
            ValueError: a wrong seed or option, a wrong rules file, or a world too small for its ores.
        """
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 1 << 63:
            raise ValueError(f"seed must be a whole number from 0 to 2**63 - 1, not {seed!r}")
        chosen, tables = read_options(options)
        terrain = generate(
            tables, size=chosen.size, seed=seed, biomes=chosen.biomes, mob_density=chosen.mob_density
        )
        self._world = World(tables, chosen, seed, terrain, pass_second=pass_second)
        self._become(chosen, tables)
        return self.observe()

    def option_reference(self) -> tuple[OptionInfo, ...]:
        """The options of a reset, with the variants and biomes of the rules."""
        return describe_options(self._tables.rules)

    def remarks(self) -> tuple[str, ...]:
        """The items that these options make unobtainable."""
        rules, chosen = self._tables.rules, self._options
        reached = rounds(
            rules,
            blocks=natural_blocks(rules, chosen.biomes),
            mobs=living_mobs(rules, chosen.biomes) if chosen.mob_density else frozenset(),
        )
        missing = [item for item in rules.items if item not in reached]
        if not missing:
            return (f"every one of the {len(rules.items)} items can be had from empty hands",)
        return (
            f"{len(reached)} of the {len(rules.items)} items can be had with these options; "
            f"not: {', '.join(missing)}",
        )

    def observe(self) -> Observation:
        """What the agent sees and remembers, with every field set."""
        return view.observe(self.world)

    @property  # type: ignore[misc]  # the world keeps its own clock, which nobody else sets
    def tick(self) -> int:
        """Ticks since the reset."""
        return self.world.tick

    def progress(self) -> Progress:
        """The progress since the reset."""
        return Progress.model_validate(asdict(self.world.reached))

    def happenings(self) -> Sequence[Happening]:
        """What happened since this was last asked, and what is in sight for the first time."""
        return take_happened(self.world)

    def pursue(self, goal: Goal | None) -> None:
        """Spare the item of this goal where a program leaves the choice of food or fuel to the world."""
        self._spared = goal.item if isinstance(goal, ItemGoal | GainGoal) else ""

    def snapshot(self) -> bytes:
        """The complete state, uncompressed: a little more than two bytes for each tile."""
        return save(self.world)

    def restore(self, snapshot: bytes) -> None:
        """Restore a snapshot; nothing changes if it cannot be read."""
        self._world = load(snapshot, self._world)
        self._become(self._world.options, self._world.tables)

    def _become(self, options: Options, tables: Tables) -> None:
        if options != self._options or tables is not self._tables:
            self._options, self._tables = options, tables
            self.spec = _spec(options, tables)

    def world_hash(self) -> str:
        """SHA-256 of the whole state: equal for equal worlds, in every process."""
        return hashlib.sha256(body(self.world)).hexdigest()

    def render(self) -> bytes:
        """A PNG of the surroundings from above, with what is carried below."""
        from fieldcraft.envs.gridworld.render import draw

        return draw(self.world)

    def chart(self, *, whole: bool = False) -> Chart:
        """The tiles that were ever seen, or all with the spawn and the agent marked, from above."""
        from fieldcraft.envs.gridworld.charting import chart

        return chart(self.world, whole=whole)

    def move(self, direction: int) -> bool:
        """One step north, east, south or west (0 to 3); False where something is in the way.

        For step-by-step agents and measurements; programs use `goto` and `explore`.
        """
        return self.world.move(direction)

    @primitive
    @reported
    def mine(self, block: str, count: Count = 1) -> int:
        """Walk to the nearest blocks of this name within 16 tiles and mine them with the best tool held.

        Returns the number of items gathered; where that is 0, the events say why. The error says what is
        missing and how many were mined.
        """
        return gathering.mine(self.world, block, count)

    @primitive
    @reported
    def craft(self, item: str, count: Count = 1, using: str | list[str] | None = None) -> int:
        """Craft at least count of an item from the inventory; some recipes need a certain block nearby.

        Of alternative ingredients those named by using are taken, else what you hold most of. Returns the
        number made. The error says all that is missing; recipe says all that it takes.
        """
        named = [using] if isinstance(using, str) else using or ()
        return crafting.craft(self.world, item, count, named)

    @primitive
    @reported
    def smelt(self, item: str, count: Count = 1, fuel: str | None = None) -> int:
        """Smelt count of an item (name what goes in), in one call as many as its time allows.

        It needs fuel and a certain block nearby. Without a fuel named, any held fuel is burnt but what the
        task is for. Returns the number made.
        """
        return crafting.smelt(self.world, item, count, fuel, self._spared)

    @primitive
    @reported
    def place(self, block: str, position: Position | None = None) -> Position:
        """Place a held block on a free tile within 4 blocks; next to you where no position is given.

        Returns where it was placed.
        """
        return gathering.place(self.world, block, position)

    @primitive
    @reported
    def kill(self, mob: str, count: Count = 1) -> int:
        """Hunt and kill mobs of this name in view, with the best weapon held.

        Returns the number of items gathered.
        """
        return gathering.kill(self.world, mob, count)

    @primitive
    @reported
    def eat(self, item: str | None = None) -> str:
        """Eat one food item, the most fitting where none is named, but not what the task is for.

        Returns what was eaten.
        """
        return living.eat(self.world, item, self._spared)

    @primitive
    @reported
    def equip(self, item: str) -> str:
        """Take an item in hand, or wear it if it is armour. Returns the slot."""
        return living.equip(self.world, item)

    @primitive
    @reported
    def explore(
        self,
        direction: str | None = None,
        distance: Annotated[int, Field(ge=1, le=256)] = 48,
        until: str | None = None,
    ) -> Position | None:
        """Walk up to distance blocks (north, northeast, east, ...), toward unseen ground by default.

        Stops as soon as a block or mob named until comes into view and returns its position, else None.
        """
        return exploring.explore(self.world, direction, distance, until)

    @primitive
    @reported
    def goto(self, position: Position, within: Annotated[float, Field(ge=0, le=16)] = 1.5) -> Position:
        """Walk to within this distance of a position. Returns where you stand then.

        It may dig natural blocks, which the events tell, never a container, station or block that you placed.
        """
        return exploring.goto(self.world, position, within)

    @primitive
    @reported
    def find(self, name: str, radius: Annotated[int, Field(ge=1, le=256)] = 16) -> Position | None:
        """The nearest block (seen before, within this radius) or mob (in view) of this name, or None."""
        return exploring.find(self.world, name, radius)

    @primitive
    def inventory(self) -> dict[str, int]:
        """What you hold: item names and counts."""
        return dict(sorted(self.world.inventory.counts.items()))

    @primitive
    def position(self) -> Position:
        """Where you stand."""
        return self.world.position(self.world.cell)

    @primitive
    def nearby(
        self, radius: Annotated[int, Field(ge=1, le=16)] = 16, kind: str | None = None
    ) -> dict[str, Position]:
        """The blocks seen, then the mobs in view within this radius: each name with its nearest position.

        The kind "block" or "mob" gives only these.
        """
        return view.nearby(self.world, radius, kind)

    @primitive
    def chests(self) -> list[dict[str, Any]]:
        """The containers seen, nearest first, each with its position, block, items and free_slots."""
        return asking.chests(self.world)

    @primitive
    def status(self) -> dict[str, Any]:
        """Your health, hunger, time, free_slots, deaths, equipment, and uses_left of every tool held.

        Also armor (points), weapon, the best one held, and its damage.
        """
        return asking.status(self.world)

    @primitive
    def recipe(self, item: str) -> str:
        """All that getting an item takes, in words: recipes, sources, stations, tools. It never fails."""
        text = asking.recipe(self.world, item)
        explain(self.world, item, text)
        return text

    @primitive
    @reported
    def deposit(self, item: str, count: Count = 1, position: Position | None = None) -> int:
        """Put items into the chest at a position, or the nearest one with room. Returns the number put in."""
        return living.deposit(self.world, item, count, position)

    @primitive
    @reported
    def withdraw(self, item: str, count: Count = 1, position: Position | None = None) -> int:
        """Take items out of the chest at a position, or the nearest one that has them. Returns the number."""
        return living.withdraw(self.world, item, count, position)

    @primitive
    def wait(self, ticks: Annotated[int, Field(ge=1, le=1500)] = 20) -> None:
        """Let this many ticks pass (20 a second)."""
        self.world.advance(ticks)

    @primitive
    @reported
    def say(self, text: str) -> None:
        """Say something short, of at most 250 characters; it appears among the events."""
        if len(text) > SAID:
            raise PrimitiveError(f"cannot say more than {SAID} characters at once; shorten the text")
        self.world.note(f"said: {text}")
        self.world.advance(1)


def _spec(options: Options, tables: Tables) -> EnvironmentSpec:
    rules = tables.rules
    return EnvironmentSpec(
        id="gridworld-v1",
        description=_DESCRIPTION.format(names=_NAMES[options.rules is None and not options.permutation]),
        can_snapshot=True,
        can_render=True,
        day_ticks=rules.world.day_ticks,
        goals=("item", "gain", "mine", "place", "kill", "reach"),
        container=next((name for name, block in rules.blocks.items() if block.container), ""),
        names=Names(
            items=tuple(sorted(rules.items)),
            blocks=tuple(sorted(rules.blocks)),
            mobs=tuple(sorted(rules.mobs)),
        ),
        examples=CRAFTING,
        options=options.model_dump(mode="json"),
    )
