"""A scripted player of Crafter: it stays alive, and goes for one achievement after another."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from fieldcraft.envs import PrimitiveError
from fieldcraft.envs.crafter.names import OFFSETS, SOURCES

STEPS = 3_000
"""After how many steps it leaves the episode."""
LOW = 4
"""A vital below this comes before everything else."""
NEEDS = {
    "collect_stone": ("wood_pickaxe",),
    "collect_coal": ("wood_pickaxe",),
    "collect_iron": ("stone_pickaxe",),
    "collect_diamond": ("iron_pickaxe",),
}
TOOLS = {
    "wood_pickaxe": {"wood": 1},
    "wood_sword": {"wood": 1},
    "stone_pickaxe": {"wood": 1, "stone": 1},
    "stone_sword": {"wood": 1, "stone": 1},
    "iron_pickaxe": {"wood": 1, "coal": 1, "iron": 1},
    "iron_sword": {"wood": 1, "coal": 1, "iron": 1},
}
"""What a tool takes; iron ones take a furnace as well."""


class Expert:
    """Plays one episode through the primitives.

    Args:
        world: at the episode's beginning.
        draws: where it explores.
    """

    def __init__(self, world: Any, draws: Random) -> None:
        self._call: Callable[..., Any] = world.call_primitive
        self._world = world
        self._draws = draws

    def play(self) -> None:
        """Play until every achievement is reached, or for `STEPS` steps."""
        while self._world.tick < STEPS and (left := self._left()):
            self._stay_alive()
            if not any(self._attempt(name) for name in left):
                self._explore()

    def _left(self) -> list[str]:
        """What was not reached yet, in the order in which it is gone for."""
        reached = self._world.progress().achieved["achievements"]
        order = [
            *("collect_sapling", "place_plant", "collect_drink", "eat_cow", "place_table"),
            *(f"make_{tool}" for tool in TOOLS),
            *("place_stone", "place_furnace", "collect_coal", "collect_iron", "collect_diamond"),
            *("defeat_zombie", "defeat_skeleton", "eat_plant", "wake_up"),
        ]
        return [name for name in order if name not in reached]

    def _attempt(self, name: str) -> bool:
        """Go for an achievement with what is known and held; whether anything came of it."""
        verb, _, thing = name.partition("_")
        if verb == "make":
            return self._make(thing)
        if verb == "place":
            amount = {"table": ("wood", 1), "furnace": ("stone", 1), "stone": ("stone", 1)}
            source, count = amount.get(thing, ("sapling", 1))
            return self._have(source, 9 if thing in ("table", "furnace") else count) and self._place(thing)
        if verb == "collect":
            return all(self._held(tool) for tool in NEEDS.get(name, ())) and self._collect(thing)
        if verb in ("defeat", "eat") and thing != "plant":
            return bool(self._seen(thing)) and self._tried("attack", thing)
        if name == "eat_plant":
            return bool(self._seen("ripe_plant")) and self._tried("eat_plant")
        return self._status()["energy"] < 6 and self._tried("sleep")

    def _make(self, tool: str) -> bool:
        if not all(self._have(name, count) for name, count in TOOLS[tool].items()):
            return False
        for place in ("table", *(["furnace"] if tool.startswith("iron") else [])):
            near = self._seen(place) and self._tried("walk_to", place)
            source = "wood" if place == "table" else "stone"
            if not near and not (self._have(source, 9) and self._place(place)):
                return False
        return self._tried("make", tool)

    def _have(self, thing: str, count: int) -> bool:
        """Hold so many of a thing, collected where they lack."""
        while self._held(thing) < count:
            if not self._attempt(f"collect_{thing}"):
                return False
            self._stay_alive()
        return True

    def _collect(self, thing: str) -> bool:
        return bool(self._seen(SOURCES.get(thing, thing))) and self._tried("collect", thing)

    def _place(self, thing: str) -> bool:
        if thing == "plant" and not self._tried("walk_to", "grass"):
            return False
        return self._tried("place", thing)

    def _stay_alive(self) -> None:
        now = self._status()
        for enemy in ("zombie", "skeleton"):
            if self._seen(enemy) and now["health"] > LOW:
                self._tried("attack", enemy, 20)
        for vital, remedy in (("drink", ("collect", "drink", 5)), ("food", ("attack", "cow", 60))):
            tries = 0
            while self._status()[vital] < LOW and tries < 5:
                tries += 1
                if not self._tried(*remedy):
                    self._explore()
        if self._status()["energy"] < LOW:
            self._tried("sleep")

    def _explore(self) -> None:
        directions = [*OFFSETS]
        self._draws.shuffle(directions)
        for direction in directions:
            if self._tried("explore", direction):
                return
        self._tried("move", directions[0], 5)

    def _tried(self, name: str, *arguments: Any) -> bool:
        """Call a primitive; whether the world allowed it, and it did not say that it failed."""
        try:
            return self._call(name, arguments) is not False
        except PrimitiveError:
            return False

    def _seen(self, thing: str) -> list[Any]:
        return list(self._call("find", (thing,)))

    def _held(self, thing: str) -> int:
        return int(self._status()["inventory"].get(thing, 0))

    def _status(self) -> dict[str, Any]:
        return dict(self._call("status"))
