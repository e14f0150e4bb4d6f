"""What programs call in TextWorld."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field

from fieldcraft.common.text import visible_line
from fieldcraft.envs.environment import Environment, primitive
from fieldcraft.envs.textworld.engine import Exit
from fieldcraft.envs.textworld.play import COMMAND, Play
from fieldcraft.envs.types import PrimitiveError

Thing = Annotated[
    str, Field(max_length=60, pattern=r"^[A-Za-z0-9' -]+$", examples=["table", "knife", "door"])
]
Room = Annotated[str, Field(max_length=60, examples=["kitchen", "corridor", "pantry"])]
Command = Annotated[str, Field(max_length=COMMAND, examples=["look", "go north", "examine table"])]
Direction = Literal["north", "south", "east", "west"]
Cut = Literal["chop", "dice", "slice"]

_PLAIN = re.compile(r"[A-Za-z0-9' -]+")
_FURTHER_VERBS = frozenset(
    {"goal", "help", "l", "x", "i", "wait", "n", "s", "e", "w", *("north", "south", "east", "west")}
)
"""First words of commands beside the verbs of a game, none of which saves, restarts or takes back."""


class Acting(Environment):
    """The primitives; each that acts gives the game one command, which is a step, and returns what it says.

    What cannot be done is refused with the game's own words, and takes no step.
    """

    _play: Play | None = None

    @property
    def _begun(self) -> Play:
        if self._play is None:
            raise ValueError("textworld-v1 was not reset")
        return self._play

    @property
    def _going(self) -> Play:
        """The episode, if it is not over."""
        self._begun.require_going()
        return self._begun

    @primitive(judged=True)
    def command(self, text: Command) -> str:
        """Give the game any command, such as `take red apple from fridge`; a step. Returns what it says.

        A command that the game does not understand changes nothing, but is a step too. `goal` and `help` are
        commands as well.
        """
        words = text.strip().split()
        verbs = self._going.engine.verbs | _FURTHER_VERBS
        if not _PLAIN.fullmatch(text) or not words or "then" in words:
            raise PrimitiveError("command: give one command of letters, digits, spaces, - and ' alone")
        if words[0].lower() not in verbs:
            raise PrimitiveError(
                f"command: this game has no verb {words[0]!r:.60} (verbs: {', '.join(sorted(verbs))})"
            )
        return self._give(" ".join(words))

    @primitive
    def commands(self, verb: Annotated[str, Field(max_length=20, examples=["take", "go"])] = "") -> list[str]:
        """The commands that do something here and now, or those of one verb; no step."""
        return [one for one in self._begun.scene.commands if not verb or one.split()[0] == verb]

    @primitive
    def look(self) -> dict[str, Any]:
        """What is known without a step: `room`, `text` (what the game says of it), `exits` by direction
        (`door` and its `state`, open, closed or locked, or None; `to`, the room if it is known), `things` in
        sight, `carrying`, `objective`, `score`, `most_score` and `steps_left`.
        """  # noqa: D205 - the agent reads it whole
        play = self._begun
        scene = play.scene
        return {
            "room": scene.room,
            "text": scene.description,
            "exits": play.rooms.data()[scene.room]["exits"],
            "things": scene.things,
            "carrying": list(scene.carrying),
            "objective": play.objective,
            "score": scene.score,
            "most_score": play.most,
            "steps_left": play.game.steps - len(play.commands),
        }

    @primitive
    def map(self) -> dict[str, Any]:
        """The rooms that were entered, without a step: by name, `exits` as look() has them and the `things`
        that were there when it was last seen.
        """  # noqa: D205 - the agent reads it whole
        return self._begun.rooms.data()

    @primitive
    def inventory(self) -> list[str]:
        """What you carry; no step."""
        return list(self._begun.scene.carrying)

    @primitive(judged=True)
    def examine(self, thing: Thing) -> str:
        """Look closely at a thing that is here or carried, or read it: a cookbook has a recipe. A step."""
        return self._first("examine", thing, [f"examine {thing}"])

    @primitive
    def go(self, direction: Direction) -> str:
        """Go north, south, east or west to the next room. Returns what the game says of it.

        A closed door has to be opened before.
        """
        return self._first("go", direction, [f"go {direction}"])

    @primitive
    def go_to(self, room: Room) -> str:
        """Go to a room that was entered before, by the shortest way that is known, a step a room.

        Opens closed doors on the way, each a step. Returns the description of the room.
        """
        play = self._going
        if room not in play.rooms.known:
            raise PrimitiveError(
                f"cannot go to {room!r}: it was not entered in this episode; explore() or go()"
            )
        way = play.rooms.way(play.scene.room, room)
        if way is None:
            raise PrimitiveError(f"cannot go to {room!r}: no way that was gone before leads there")
        for direction in way:
            self._pass(direction)
        return play.scene.description

    @primitive
    def explore(self) -> str:
        """Go through the nearest exit that was never gone through, opening doors on the way. Returns what the
        game says of the room behind it.

        Unlocks a locked door where you carry its key; each room, door and lock is a step.
        """  # noqa: D205 - the agent reads it whole
        play = self._going
        for way, direction, found in play.rooms.untried(play.scene.room):
            if found.state == "locked" and (way or not self._matching("unlock", found.door)):
                continue
            for each in way:
                self._pass(each)
            return self._pass(direction)
        raise PrimitiveError("cannot explore further: all exits but locked ones were gone through")

    @primitive
    def open(self, thing: Thing) -> str:
        """Open a door or a container that is here; returns what the game says, such as what is in it."""
        return self._first("open", thing, [f"open {thing}"])

    @primitive
    def shut(self, thing: Thing) -> str:
        """Close a door or a container that is here."""
        return self._first("close", thing, [f"close {thing}"])

    @primitive
    def unlock(self, thing: Thing, key: Thing | None = None) -> str:
        """Unlock a door or a container here with a key that you carry, by default the one that fits."""
        wanted = [f"unlock {thing} with {key}"] if key else self._matching("unlock", thing)
        return self._first("unlock", thing, wanted)

    @primitive
    def take(self, thing: Thing, place: Thing | None = None) -> str:
        """Take a thing that is here: from the floor, from something, or out of an open container."""
        wanted = [f"take {thing} from {place}"] if place else self._matching("take", thing)
        return self._first("take", thing, wanted)

    @primitive
    def drop(self, thing: Thing) -> str:
        """Put a thing that you carry on the floor."""
        return self._first("drop", thing, [f"drop {thing}"])

    @primitive
    def put(self, thing: Thing, place: Thing) -> str:
        """Put a thing that you carry on top of something that is here, or into an open container."""
        return self._first("put", thing, [f"put {thing} on {place}", f"insert {thing} into {place}"])

    @primitive
    def cook(self, food: Thing, appliance: Thing) -> str:
        """Cook food that you carry with an appliance here: a stove fries, an oven roasts, a BBQ grills.

        Food that is cooked twice burns, which loses the game where the recipe needs it.
        """
        return self._first("cook", food, [f"cook {food} with {appliance}"])

    @primitive
    def cut(self, food: Thing, way: Cut) -> str:
        """Chop, dice or slice food that you carry, with a knife that you carry too."""
        return self._first(way, food, self._matching(way, food))

    @primitive
    def prepare_meal(self) -> str:
        """Make the meal in the kitchen, once you carry all ingredients as the recipe says."""
        return self._first("prepare", "meal", ["prepare meal"])

    @primitive
    def eat(self, food: Thing) -> str:
        """Eat food that you carry. Eating an ingredient of a recipe loses the game."""
        return self._first("eat", food, [f"eat {food}"])

    def _matching(self, verb: str, thing: str) -> list[str]:
        """The possible commands that do this to a thing, in whatever way."""
        plain, longer = f"{verb} {thing}", (f"{verb} {thing} from ", f"{verb} {thing} with ")
        found = [one for one in self._going.scene.commands if one == plain or one.startswith(longer)]
        return found or [plain]

    def _first(self, verb: str, thing: str, wanted: list[str]) -> str:
        """Give the first of these commands that can be done.

        Raises:
            PrimitiveError: none can, in the game's own words.
        """
        play = self._going
        for command in wanted:
            if command in play.scene.commands:
                return self._give(command)
        why = visible_line(play.engine.told(wanted[0]), 300)
        raise PrimitiveError(f"cannot {verb} {thing}: {why or 'nothing would change'}")

    def _pass(self, direction: str) -> str:
        """Go through an exit of this room, its door unlocked and opened where that can be done."""
        found = self._going.scene.exits.get(direction, Exit())
        if found.state == "locked":
            self._first("unlock", found.door, self._matching("unlock", found.door))
        if found.state in ("closed", "locked"):
            self._first("open", found.door, [f"open {found.door}"])
        return self._first("go", direction, [f"go {direction}"])

    def _give(self, command: str) -> str:
        play = self._going
        said = play.give(command)
        play.require_going()
        return said
