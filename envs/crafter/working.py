"""The primitives of Crafter by which programs collect, make, place, fight, eat and sleep."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any

from pydantic import Field

from fieldcraft.envs.crafter import game
from fieldcraft.envs.crafter.names import OFFSETS, SOURCES, Collected, Creature, Made, Placed
from fieldcraft.envs.crafter.walking import Times, Walking
from fieldcraft.envs.environment import primitive

_TRIES = {"sapling": 100}
"""How often a thing is collected in vain before that is an error; 5 times where nothing else is said."""


class Working(Walking):
    """What programs do in Crafter besides walking."""

    @primitive
    def collect(self, thing: Collected, count: Annotated[int, Field(ge=1, le=9)] = 1) -> int:
        """Walk to the nearest source of a thing that was seen and collect it, `count` times.

        `thing`: coal, diamond, drink, iron, sapling, stone or wood. Wood comes from trees, a sapling with one
        try in ten from grass, a drink from water. Stone and coal take a wood_pickaxe, iron a stone_pickaxe, a
        diamond an iron_pickaxe. You hold at most 9 of each. Grass and water stay; of a tree grass is left, of
        the others path. Fails where no source was seen: explore first. Returns how many you hold then.
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

        `thing`: stone, table, furnace or plant. A table takes wood, a furnace stone, a plant a sapling and
        grass; stone may lie on water and lava too. What is lacking is said, with how much, and nothing spent.
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
        """Make a tool where a table is at most one cell away; iron ones take a furnace there too.

        It does not walk: `walk_to("table")` first. What is lacking is said, with how much.
        `thing`: wood_pickaxe, stone_pickaxe, iron_pickaxe, wood_sword, stone_sword or iron_sword. Returns how
        many you hold then.
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

        `creature`: cow, zombie or skeleton. Returns whether it fell within so many steps (1 to 500).
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
        """Sleep until you wake, at most 1 to 500 steps; returns whether you woke by yourself, rested.

        Asleep you can do nothing else, until you are rested or hurt. Sleep where no zombie gets to you: with
        stone around you, for example.
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
