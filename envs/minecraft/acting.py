"""The primitives of Minecraft: those of the grid world, executed by the bridge."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any

from pydantic import Field

from fieldcraft.common.suggest import nearest
from fieldcraft.common.text import visible_line
from fieldcraft.envs.environment import Environment, primitive
from fieldcraft.envs.minecraft.episode import Episode
from fieldcraft.envs.minecraft.link import Link
from fieldcraft.envs.minecraft.strength import armor_points, best_weapon
from fieldcraft.envs.types import GainGoal, Goal, ItemGoal, Names, Position, PrimitiveError

Count = Annotated[int, Field(ge=1, le=2304)]
TICKS_A_SECOND, LONGEST_CHAT = 20, 250
RECIPE_LINES, RECIPE_LINE = 12, 600
CALL_SECONDS = 75.0
"""The timeout of a primitive in seconds, unless it has its own."""

SMELT_SECONDS, SMELTED_AT_ONCE = 12.0, 16
DIRECTIONS = ("north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest")


class Player(Environment):
    """A bot in a world, by its primitives. Names and arguments are checked here, the rest is the bridge's."""

    _episode: Episode
    _known: Names
    _spared: str = ""

    @property
    @abstractmethod
    def link(self) -> Link:
        """The connection to the bot."""

    def pursue(self, goal: Goal | None) -> None:
        """Spare the item of this goal where a program leaves the choice of food or fuel to the world."""
        self._spared = goal.item if isinstance(goal, ItemGoal | GainGoal) else ""

    @primitive
    def mine(self, block: str, count: Count = 1) -> int:
        """Walk to the nearest blocks of this name within 16 tiles and mine them with the best tool held.

        Returns the number of items gathered; where that is 0, the events say why. The error says what is
        missing and how many were mined.
        """
        names = self._names
        if block not in names.blocks and block in names.items:
            raise PrimitiveError(f"cannot mine {block}: it is an item, not a block")
        _check_known(block, names.blocks, "mine", "block")
        gathered: int = self._do("mine", block=block, count=count)
        return gathered

    @primitive
    def craft(self, item: str, count: Count = 1, using: str | list[str] | None = None) -> int:
        """Craft at least count of an item from the inventory; some recipes need a certain block nearby.

        Of alternative ingredients those named by using are taken, else what you hold most of. Returns the
        number made. The error says all that is missing; recipe says all that it takes.
        """
        _check_known(item, self._names.items, "craft", "item")
        named = [using] if isinstance(using, str) else using or []
        for name in named:
            _check_known(name, self._names.items, f"craft {item} using", "item")
        made: int = self._do("craft", item=item, count=count, using=named)
        return made

    @primitive
    def smelt(self, item: str, count: Count = 1, fuel: str | None = None) -> int:
        """Smelt count of an item (name what goes in), in one call as many as its time allows.

        It needs fuel and a certain block nearby. Without a fuel named, any held fuel is burnt but what the
        task is for. Returns the number made.
        """
        _check_known(item, self._names.items, "smelt", "item")
        if fuel is not None:
            _check_known(fuel, self._names.items, "burn", "item")
        seconds = CALL_SECONDS + SMELT_SECONDS * min(count, SMELTED_AT_ONCE)
        made: int = self._do("smelt", seconds, item=item, count=count, fuel=fuel, spared=self._spared)
        return made

    @primitive
    def place(self, block: str, position: Position | None = None) -> Position:
        """Place a held block on a free tile within 4 blocks; next to you where no position is given.

        Returns where it was placed.
        """
        _check_known(block, {*self._names.items, *self._names.blocks}, "place", "item")
        return _position(self._do("place", block=block, position=_plain(position)))

    @primitive
    def kill(self, mob: str, count: Count = 1) -> int:
        """Hunt and kill mobs of this name in view, with the best weapon held.

        Returns the number of items gathered.
        """
        _check_known(mob, self._names.mobs, "kill", "mob")
        gathered: int = self._do("kill", mob=mob, count=count)
        return gathered

    @primitive
    def eat(self, item: str | None = None) -> str:
        """Eat one food item, the most fitting where none is named, but not what the task is for.

        Returns what was eaten.
        """
        if item is not None:
            _check_known(item, self._names.items, "eat", "item")
        eaten: str = self._do("eat", item=item, spared=self._spared)
        return eaten

    @primitive
    def equip(self, item: str) -> str:
        """Take an item in hand, or wear it if it is armour. Returns the slot."""
        _check_known(item, self._names.items, "equip", "item")
        slot: str = self._do("equip", item=item)
        return slot

    @primitive
    def explore(
        self,
        direction: str | None = None,
        distance: Annotated[int, Field(ge=1, le=256)] = 48,
        until: str | None = None,
    ) -> Position | None:
        """Walk up to distance blocks (north, northeast, east, ...), toward unseen ground by default.

        Stops as soon as a block or mob named until comes into view and returns its position, else None.
        """
        if direction is not None and direction not in DIRECTIONS:
            raise PrimitiveError(f"cannot explore {direction!r}: directions are {', '.join(DIRECTIONS)}")
        if until is not None:
            self._check_place_name(until, "explore until")
        found = self._do("explore", direction=direction, distance=distance, until=until)
        return None if found is None else _position(found)

    @primitive
    def goto(self, position: Position, within: Annotated[float, Field(ge=0, le=16)] = 1.5) -> Position:
        """Walk to within this distance of a position. Returns where you stand then.

        It may dig natural blocks, which the events tell, never a container, station or block that you placed.
        """
        return _position(self._do("goto", position=_plain(position), within=within))

    @primitive
    def find(self, name: str, radius: Annotated[int, Field(ge=1, le=256)] = 16) -> Position | None:
        """The nearest block (seen before, within this radius) or mob (in view) of this name, or None."""
        if name not in self._names.items:
            self._check_place_name(name, "find")
        found = self.link.ask("find", name=name, radius=radius)
        return None if found is None else _position(found)

    @primitive
    def inventory(self) -> dict[str, int]:
        """What you hold: item names and counts."""
        held: dict[str, int] = self.link.ask("inventory")
        if self.link.believed:
            self._episode.hold(held)
        return dict(sorted(held.items()))

    @primitive
    def position(self) -> Position:
        """Where you stand."""
        return _position(self.link.ask("position"))

    @primitive
    def nearby(
        self, radius: Annotated[int, Field(ge=1, le=16)] = 16, kind: str | None = None
    ) -> dict[str, Position]:
        """The blocks seen, then the mobs in view within this radius: each name with its nearest position.

        The kind "block" or "mob" gives only these.
        """
        if kind not in (None, "block", "mob"):
            raise PrimitiveError(f"nearby: the kind is block or mob, not {kind!r}")
        near: dict[str, Position] = {}
        for wanted in ("block", "mob") if kind is None else (kind,):
            found = self.link.ask("nearby", radius=radius, kind=wanted)
            near |= {name: _position(place) for name, place in sorted(found.items())}
        return near

    @primitive
    def chests(self) -> list[dict[str, Any]]:
        """The containers seen, nearest first, each with its position, block, items and free_slots."""
        return [one.model_dump() | {"position": one.position} for one in self.link.ask("chests")]

    @primitive
    def status(self) -> dict[str, Any]:
        """Your health, hunger, time, free_slots, deaths, equipment, and uses_left of every tool held.

        Also armor (points), weapon, the best one held, and its damage.
        """
        seen, uses = self.observe(), self.link.ask("uses_left")
        weapon, damage = best_weapon(seen.holdings())
        return {
            "health": seen.health,
            "hunger": seen.hunger,
            "time": seen.time,
            "tick": seen.tick,
            "biome": seen.biome,
            "position": seen.position,
            "free_slots": max(0, (seen.slots_total or 0) - (seen.slots_used or 0)),
            "equipment": {
                slot: {"item": name, **({"uses_left": uses[name]} if name in uses else {})}
                for slot, name in sorted((seen.equipment or {}).items())
            },
            "uses_left": dict(sorted(uses.items())),
            "armor": armor_points((seen.equipment or {}).values()),
            "weapon": weapon,
            "damage": damage,
            "deaths": self.progress().deaths,
        }

    @primitive
    def recipe(self, item: str) -> str:
        """All that getting an item takes, in words: recipes, sources, stations, tools. It never fails."""
        if item not in self._names.items:
            return f"no item is called {item}{nearest(item, self._names.items)}"
        said: str = self.link.ask("recipe", item=item)
        lines = [visible_line(line, RECIPE_LINE) for line in said.splitlines()[:RECIPE_LINES]]
        return "\n".join(lines) or f"nothing that is known here gives {item}"

    @primitive
    def deposit(self, item: str, count: Count = 1, position: Position | None = None) -> int:
        """Put items into the chest at a position, or the nearest one with room. Returns the number put in."""
        _check_known(item, self._names.items, "deposit", "item")
        put: int = self._do("deposit", item=item, count=count, position=_plain(position))
        return put

    @primitive
    def withdraw(self, item: str, count: Count = 1, position: Position | None = None) -> int:
        """Take items out of the chest at a position, or the nearest one that has them. Returns the number."""
        _check_known(item, self._names.items, "withdraw", "item")
        taken: int = self._do("withdraw", item=item, count=count, position=_plain(position))
        return taken

    @primitive
    def wait(self, ticks: Annotated[int, Field(ge=1, le=1500)] = 20) -> None:
        """Let this many ticks pass (20 a second)."""
        self._do("wait", ticks / TICKS_A_SECOND + 5, ticks=ticks)

    @primitive
    def say(self, text: str) -> None:
        """Say something short, of at most 250 characters; it appears among the events."""
        if len(text) > LONGEST_CHAT:
            raise PrimitiveError(f"cannot say more than {LONGEST_CHAT} characters at once; shorten the text")
        said = visible_line(text, LONGEST_CHAT)
        if said.startswith("/"):
            raise PrimitiveError("cannot say a command of the server; programs have no operator rights")
        self._do("say", text=said)

    @property
    def _names(self) -> Names:
        """All that the server may know; `spec` lists those that can be had in survival."""
        if not self._known.items:
            self.link.ask("ping")
        return self._known

    def _do(self, method: str, seconds: float = CALL_SECONDS, **params: Any) -> Any:
        return self.link.do(method, seconds=seconds, **params)

    def _check_place_name(self, name: str, action: str) -> None:
        names = self._names
        if name not in names.blocks and name not in names.mobs:
            item = " (it is an item)" if name in names.items else ""
            known = (*names.blocks, *names.mobs)
            raise PrimitiveError(
                f"cannot {action} {name}: no block or mob has this name{item}{nearest(name, known)}"
            )


def _check_known(name: str, known: Any, action: str, kind: str) -> None:
    if name not in known:
        raise PrimitiveError(f"cannot {action} {name}: no {kind} has this name{nearest(name, known)}")


def _plain(position: Position | None) -> dict[str, float] | None:
    return None if position is None else position.model_dump()


def _position(found: Any) -> Position:
    return Position.model_validate(found)
