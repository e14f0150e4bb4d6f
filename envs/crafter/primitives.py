"""The primitives of Crafter: single steps, and what programs are made of: walk to, collect, make, sleep."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, NoReturn

from pydantic import Field

from fieldcraft.envs.crafter import game, ways
from fieldcraft.envs.crafter.names import (
    CREATURES,
    MATERIALS,
    OFFSETS,
    SOURCES,
    VITALS,
    Action,
    Collected,
    Creature,
    Direction,
    Made,
    Placed,
    Thing,
)
from fieldcraft.envs.crafter.play import Cell, Play, in_view_and_beyond
from fieldcraft.envs.environment import Environment, primitive
from fieldcraft.envs.episodes import EpisodeEnded
from fieldcraft.envs.faults import WorldFault
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.types import PrimitiveError

WALK = 300
"""Steps that one walk may take."""
_TRIES = {"sapling": 100}
"""How often a thing is collected in vain before that is an error; 5 times where nothing else is said."""
_CELLS_LISTED = 20

Times = Annotated[int, Field(ge=1, le=500)]


class CrafterPrimitives(Environment):
    """What programs may do in Crafter."""

    _play: Play | None = None

    @property
    def _playing(self) -> Play:
        if self._play is None:
            raise WorldFault("crafter-v1 was not reset")
        return self._play

    @primitive
    def step(self, action: Action, times: Times = 1) -> dict[str, Any]:
        """Take one of Crafter's own actions, `times` times.

        Moving turns you, and moves you where the way is free; lava kills. `do` acts on what you face: it
        collects, attacks, drinks or eats. Returns what `status` does.
        """
        for _ in range(times):
            self._step(action)
        return self.status()

    @primitive
    def move(self, direction: Direction, steps: Times = 1) -> dict[str, Any]:
        """Move so many steps; stops before an obstacle, and then faces it. Returns what `status` does."""
        play = self._playing
        for _ in range(steps):
            before = play.here
            if self._ahead(direction) == "lava":
                raise self._refusal(direction, f"cannot move {direction}: there is lava, which kills")
            self._step(f"move_{direction}")
            if play.here == before:
                break
        return self.status()

    @primitive
    def status(self) -> dict[str, Any]:
        """Where you are and how you are; takes no step.

        Returns a dict: `x` (grows to the right), `y` (grows downwards), `facing` (left, right, up, down),
        `faced` (what is there), `health`, `food`, `drink`, `energy` (0 to 9), `inventory`, `sleeping`,
        `daylight` (0 to 1), `step`.
        """
        play = self._playing
        x, y = play.here
        return {
            "x": x,
            "y": y,
            "facing": play.facing,
            "faced": play.faced(),
            **{name: play.held(name) for name in VITALS},
            "inventory": play.inventory(),
            "sleeping": bool(play.player.sleeping),
            "daylight": round(play.daylight, 2),
            "step": play.steps,
        }

    @primitive
    def look(self) -> dict[str, list[tuple[int, int]]]:
        """What is in view: the (x, y) of each thing by name, the nearest first; takes no step."""
        return in_view_and_beyond(self._playing)[0]

    @primitive
    def find(self, thing: Thing) -> list[tuple[int, int]]:
        """Up to 20 places (x, y) where a thing is or was seen, the nearest first; takes no step.

        Creatures and plants are found only while they are in view.
        """
        near, far = in_view_and_beyond(self._playing)
        return [*near.get(thing, []), *far.get(thing, [])][:_CELLS_LISTED]

    @primitive
    def walk_to(self, thing: Thing) -> dict[str, Any]:
        """Walk to the nearest seen thing of this name and face it. Returns what `status` does."""
        self._approach(thing)
        return self.status()

    @primitive
    def walk_to_place(
        self, x: Annotated[int, Field(ge=0, lt=64)], y: Annotated[int, Field(ge=0, lt=64)]
    ) -> dict[str, Any]:
        """Walk onto a cell over land that was seen. Returns what `status` does."""
        play = self._playing
        for _ in range(WALK):
            if play.here == (x, y):
                return self.status()
            found = ways.way(play, (x, y).__eq__)
            if found is None:
                raise self._refusal("way", f"no way to ({x}, {y}) over seen grass, sand or path")
            self._step(f"move_{found[0]}")
        raise self._refusal("way", f"did not get to ({x}, {y}) in {WALK} steps")

    @primitive
    def explore(self, direction: Direction | None = None, steps: Times = 40) -> dict[str, Any]:
        """Walk to where nothing was seen yet, until something of a new name comes into view.

        Goes in a direction where you give one, and takes at most `steps` steps. Returns a dict: `new` (names
        that were never seen before), `x`, `y`.
        """
        play = self._playing
        known = self._known()
        for _ in range(steps):
            found = ways.way_to_unseen(play, direction)
            if not found:
                raise self._refusal(
                    "way", f"no unseen land{f' {direction}' if direction else ''} can be walked to from here"
                )
            self._step(f"move_{found[0]}")
            if new := self._known() - known:
                break
        else:
            new = set()
        return {"new": sorted(new), "x": play.here[0], "y": play.here[1]}

    @primitive
    def collect(self, thing: Collected, count: Annotated[int, Field(ge=1, le=9)] = 1) -> int:
        """Walk to the nearest source of a thing and collect it, so often; returns how many you hold then.

        Wood comes from trees, a sapling now and then from grass, a drink from water. Stone and coal take a
        wood_pickaxe, iron a stone_pickaxe, a diamond an iron_pickaxe. You hold at most 9 of each.
        """
        source = SOURCES.get(thing, thing)
        needed = game.package().constants.collect[source]["require"]
        self._check(f"collect {thing}", thing, needed)
        for _ in range(count):
            self._collect_one(thing, source)
        return self._playing.held(thing)

    @primitive
    def place(self, thing: Placed) -> dict[str, Any]:
        """Place a thing in the cell you face, or in another beside you. Returns what `status` does.

        A table takes wood and a furnace stone, both next to where you will work; a plant takes a sapling and
        grass; stone may lie on water and lava too.
        """
        rule = game.package().constants.place[thing]
        self._check(f"place {thing}", thing, rule["uses"])
        play = self._playing
        before = play.times().get(f"place_{thing}", 0)
        for direction in (play.facing, *OFFSETS):
            if self._ahead(direction) not in rule["where"]:
                continue
            if direction != play.facing:
                if self._ahead(direction) == "lava":
                    continue
                self._step(f"move_{direction}")
            if play.faced() in rule["where"]:
                self._step(f"place_{thing}")
            if play.times().get(f"place_{thing}", 0) > before:
                return self.status()
        raise self._refusal(
            thing, f"cannot place {thing}: no {' or '.join(rule['where'])} is free beside you"
        )

    @primitive
    def make(self, thing: Made) -> int:
        """Make a tool beside a table; iron ones take a furnace beside you too.

        Returns how many you hold then.
        """
        rule = game.package().constants.make[thing]
        play = self._playing
        near, _ = play.environment._world.nearby(play.player.pos, 1)
        self._check(f"make {thing}", thing, rule["uses"], [one for one in rule["nearby"] if one not in near])
        self._step(f"make_{thing}")
        return play.held(thing)

    @primitive
    def attack(self, creature: Creature, steps: Times = 60) -> bool:
        """Walk to the nearest creature of this kind in view and hit it until it falls; a cow is then eaten.

        Returns whether it fell within so many steps.
        """
        play = self._playing
        name = "eat_cow" if creature == "cow" else f"defeat_{creature}"
        before, until = play.times().get(name, 0), play.steps + steps
        while play.steps < until:
            self._step("do" if play.faced() == creature else self._toward(creature))
            if play.times().get(name, 0) > before:
                return True
        return False

    @primitive
    def eat_plant(self) -> int:
        """Walk to the nearest ripe plant in view and eat it; returns `food` then.

        A plant ripens in 300 steps, if no creature eats it.
        """
        self._approach("ripe_plant")
        self._step("do")
        return self._playing.held("food")

    @primitive
    def sleep(self, steps: Times = 300) -> bool:
        """Sleep until you wake, at most so many steps; returns whether you woke by yourself, rested.

        Being hurt wakes you. Sleep where no zombie gets to you: with stone around you, for example.
        """
        play = self._playing
        if play.held("energy") >= 9 and not play.player.sleeping:
            raise self._refusal("sleep", "cannot sleep: energy is 9 of 9, you are not tired")
        before = play.times().get("wake_up", 0)
        for _ in range(steps):
            self._step("sleep")
            if not play.player.sleeping:
                break
        return play.times().get("wake_up", 0) > before

    @primitive
    def wait(self, steps: Times = 1) -> dict[str, Any]:
        """Do nothing for so many steps. Returns what `status` does."""
        return self.step("noop", steps)

    def _step(self, action: str) -> None:
        play = self._playing
        if play.ended is None:
            play.step(action)
            self.tick = play.steps
        if play.ended is not None:
            died = play.ended.outcome == "terminated"
            raise EpisodeEnded("terminated" if died else "truncated", play.ended.why)

    def _refusal(self, subject: str, why: str) -> PrimitiveError:
        """The error for what the world does not allow, which counts as a happening too."""
        play = self._playing
        play.happened.append(Happening(what="refused", subject=subject, why=why, tick=play.steps))
        del play.happened[:-64]
        return PrimitiveError(why)

    def _check(
        self, what: str, subject: str, needed: dict[str, int], missing_near: Collection[str] = ()
    ) -> None:
        """Refuse what lacks something, and name all of it."""
        play = self._playing
        short = [
            f"{count} {name} (have {play.held(name)})"
            for name, count in needed.items()
            if play.held(name) < count
        ]
        wants = [f"need {', '.join(short)}"] if short else []
        if missing_near:
            wants.append(f"need a {' and a '.join(missing_near)} in a cell that touches yours")
        if wants:
            raise self._refusal(subject, f"cannot {what}: {'; '.join(wants)}")

    def _ahead(self, direction: str) -> str:
        x, y = self._playing.here
        right, down = OFFSETS[direction]
        return self._playing.at((x + right, y + down))

    def _known(self) -> set[str]:
        near, far = in_view_and_beyond(self._playing)
        return {*near, *far} - {"arrow", "fence"}

    def _targets(self, thing: str) -> list[Cell]:
        play = self._playing
        if thing in MATERIALS:
            occupied = {cell for _, cell in play.things()} | {play.here}
            near, far = in_view_and_beyond(play)
            return [cell for cell in (*near.get(thing, []), *far.get(thing, [])) if cell not in occupied]
        return [cell for name, cell in play.things() if name == thing]

    def _toward(self, thing: str) -> str:
        """The action that goes on towards the nearest thing of a name, or turns to it."""
        play = self._playing
        targets = self._targets(thing)
        if not targets:
            seen = "in view" if thing in CREATURES or thing.endswith("plant") else "seen yet"
            raise self._refusal(thing, f"no {thing} is {seen}; explore to find one")
        found = ways.way(play, ways.beside(targets))
        if found is None:
            raise self._refusal(
                thing, f"no way to a {thing} over seen grass, sand or path; clear or build one"
            )
        direction = found[0] if found else ways.direction_to(play.here, set(targets))
        return f"move_{direction}"

    def _approach(self, thing: str) -> None:
        """Walk to the nearest thing of a name, and face it."""
        play = self._playing
        for _ in range(WALK):
            if play.faced() == thing:
                return
            action = self._toward(thing)
            if thing == "lava" and self._ahead(action.removeprefix("move_")) == "lava":
                return
            self._step(action)
        raise self._refusal(thing, f"did not get to a {thing} in {WALK} steps")

    def _collect_one(self, thing: str, source: str) -> None:
        play = self._playing
        if play.held(thing) >= 9 and thing != "drink":
            raise self._refusal(thing, f"cannot collect {thing}: you hold 9, the most there can be")
        before = play.times().get(f"collect_{thing}", 0)
        for _ in range(_TRIES.get(thing, 5)):
            self._approach(source)
            self._step("do")
            if play.times().get(f"collect_{thing}", 0) > before:
                return
        raise self._refusal(
            thing, f"collected no {thing} from {source} in {_TRIES.get(thing, 5)} tries; try again"
        )
