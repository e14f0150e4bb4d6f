"""The interpreter of a game: one command at a time, what it says, and what is true in the world then."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldcraft.common.text import cut_text

SAID = 4_000
"""Characters of an answer of the game that are kept."""
_OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}
DIRECTIONS = tuple(_OPPOSITE)

_EXTRA = re.compile(r"<(description|inventory|score|moves)>\n.*?</\1>", re.DOTALL)
_TRACE = re.compile(r"\[[^\]]+\]\n?")
_STATUS = re.compile(r"\s*>\s*-= [^\n]* =-\s*\d+/\d+\s*$")
_STATUS_LINE = re.compile(r"^>[ \t]+-=.*=-[ \t]*\d+/\d+[ \t]*$", re.MULTILINE)
"""What an interpreter shows above the text: the room, points and turns, with the prompt before it."""
_BLANKS = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Exit:
    """A way out of a room: its door, if there is one, and whether that is open, closed or locked."""

    door: str = ""
    state: str = ""

    def __str__(self) -> str:
        return f"{self.state} {self.door}" if self.door else "no door"


@dataclass(frozen=True)
class Scene:
    """What is so at a moment.

    Attributes:
        room: where the player is.
        description: of the room, in the game's words.
        carrying: what the player holds.
        commands: that do something now, sorted.
        exits: of the room, by direction.
        facts: a line for each thing that is true, sorted; the player does not know them.
        score: points so far.
        won, lost: whether the game is over, and how.
    """

    room: str
    description: str
    carrying: tuple[str, ...]
    commands: tuple[str, ...]
    exits: dict[str, Exit]
    facts: tuple[str, ...]
    score: int
    won: bool
    lost: bool

    @property
    def things(self) -> list[str]:
        """What can be looked at and is not carried."""
        seen = (one.removeprefix("examine ") for one in self.commands if one.startswith("examine "))
        return [thing for thing in seen if thing not in self.carrying]


class Engine:
    """A game that is played; `begin` may be called again.

    Args:
        story: its file, beside which lies what TextWorld knows of the game.

    Attributes:
        verb: what the last command did, by the rules of the game; empty where it did nothing.
    """

    def __init__(self, story: Path) -> None:
        self.story = story
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import textworld

            infos = textworld.EnvInfos(
                feedback=True, description=True, inventory=True, score=True, admissible_commands=True
            )
            self._environment = textworld.start(str(story), infos)
        self._state: Any = None
        self.verb = ""

    def begin(self) -> Scene:
        """Restart the game."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._state = self._environment.reset()
        return self._scene()

    @property
    def objective(self) -> str:
        """What the game asks for, in its words."""
        return str(self._state["objective"]).strip()

    @property
    def most(self) -> int:
        """The highest score."""
        return int(self._state["max_score"])

    @property
    def verbs(self) -> frozenset[str]:
        """The first words of the game's commands."""
        return frozenset(self._state["verbs"])

    @property
    def walkthrough(self) -> list[str]:
        """The commands that win the game, as the generator knows them; the player does not."""
        return [str(command) for command in self._state["game"].metadata["walkthrough"]]

    def step(self, command: str) -> tuple[str, Scene]:
        """What the game says to a command, and what is so then. `verb` is what was done, if anything was."""
        before = self._state["_last_action"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._state, _, _ = self._environment.step(command)
        done = self._state["_last_action"]
        self.verb = "" if done is None or done is before else done.name.partition("/")[0]
        return _plain(self._state["feedback"]), self._scene()

    def told(self, command: str) -> str:
        """What the game would say to a command; nothing is changed by it."""
        interpreter = self._environment.unwrapped._jericho
        kept = interpreter.get_state()
        try:
            said, *_ = interpreter.step(command)
        finally:
            interpreter.set_state(kept)
        return _plain(_STATUS.sub("", _TRACE.sub("", _EXTRA.sub("", said))))

    def close(self) -> None:
        """End the interpreter."""
        self._environment.close()

    def _scene(self) -> Scene:
        state = self._state
        facts = state["_facts"]
        names = state["game"].infos
        here = next(fact.arguments[1].name for fact in facts if _is(fact, "at", "P"))
        return Scene(
            room=names[here].name or here,
            description=_plain(state["description"] or ""),
            carrying=tuple(
                sorted(
                    names[fact.arguments[0].name].name
                    for fact in facts
                    if fact.name == "in" and fact.arguments[1].name == "I"
                )
            ),
            commands=tuple(state["admissible_commands"]),
            exits=_exits(facts, here, names),
            facts=tuple(sorted(map(str, facts))),
            score=int(state["score"] or 0),
            won=bool(state["won"]),
            lost=bool(state["lost"]),
        )


def _is(fact: Any, name: str, first: str) -> bool:
    return bool(fact.name == name and fact.arguments[0].name == first)


def _exits(facts: list[Any], here: str, names: Any) -> dict[str, Exit]:
    """The exits of a room, with their doors."""
    doors = {fact.arguments[2].name: fact.arguments[1].name for fact in facts if _is(fact, "link", here)}
    states = {
        fact.arguments[0].name: fact.name for fact in facts if fact.name in ("open", "closed", "locked")
    }
    found = {}
    for fact in facts:
        direction = fact.name.removesuffix("_of")
        if direction in _OPPOSITE and fact.arguments[1].name == here:
            door = doors.get(fact.arguments[0].name)
            found[direction] = Exit(names[door].name, states.get(door, "open")) if door else Exit()
    return {direction: found[direction] for direction in DIRECTIONS if direction in found}


def opposite(direction: str) -> str:
    """The way back."""
    return _OPPOSITE[direction]


def _plain(text: str) -> str:
    return cut_text(_BLANKS.sub("\n\n", _STATUS_LINE.sub("", text)).strip(), SAID)
