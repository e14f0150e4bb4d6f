"""The primitives of Crafter by which programs step, look and walk."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from fieldcraft.envs.crafter import ways
from fieldcraft.envs.crafter.names import (
    CREATURES,
    MATERIALS,
    OFFSETS,
    VITALS,
    Action,
    Direction,
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
_CELLS_LISTED = 20

Times = Annotated[int, Field(ge=1, le=500)]


class Walking(Environment):
    """How programs step, look and walk in Crafter."""

    _play: Play | None = None

    @property
    def _playing(self) -> Play:
        if self._play is None:
            raise WorldFault("crafter-v1 was not reset")
        return self._play

    @primitive
    def step(self, action: Action, times: Times = 1) -> dict[str, Any]:
        """Take one of Crafter's own actions, `times` times (1 to 500).

        `action`: noop, move_left, move_right, move_up, move_down, do, sleep, place_stone, place_table,
        place_furnace, place_plant, make_wood_pickaxe, make_stone_pickaxe, make_iron_pickaxe, make_wood_sword,
        make_stone_sword or make_iron_sword. Moving turns you, and moves you where the way is free;
        lava kills. `do` acts on what you face: it collects, attacks, drinks or eats. Returns what
        `status` does.
        """
        for _ in range(times):
            self._step(action)
        return self.status()

    @primitive
    def move(self, direction: Direction, steps: Times = 1) -> dict[str, Any]:
        """Move 1 to 500 steps left, right, up or down; stops before an obstacle, and then faces it.

        Returns what `status` does.
        """
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

        `thing`: coal, diamond, furnace, grass, iron, lava, path, sand, stone, table, tree, water; or, only
        while they are in view, cow, skeleton, zombie, plant and ripe_plant.
        """
        near, far = in_view_and_beyond(self._playing)
        return [*near.get(thing, []), *far.get(thing, [])][:_CELLS_LISTED]

    @primitive
    def walk_to(self, thing: Thing) -> dict[str, Any]:
        """Walk to the nearest thing of a name that `find` takes, and face it. Returns what `status` does."""
        self._approach(thing)
        return self.status()

    @primitive
    def walk_to_place(
        self, x: Annotated[int, Field(ge=0, lt=64)], y: Annotated[int, Field(ge=0, lt=64)]
    ) -> dict[str, Any]:
        """Walk onto a cell, 0 to 63 each way, over land that was seen. Returns what `status` does."""
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

        Goes left, right, up or down where you say so, and takes at most `steps` steps (1 to 500). Returns a
        dict: `new` (names that were never seen before), `x`, `y`. A second tree or cow does not end it: to
        find more of what was seen before, take few steps at a time and `find` it.
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
    def wait(self, steps: Times = 1) -> dict[str, Any]:
        """Do nothing for 1 to 500 steps. Returns what `status` does."""
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
