"""What programs call in ScienceWorld."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from fieldcraft.common.text import visible_line
from fieldcraft.envs.environment import Environment, primitive
from fieldcraft.envs.scienceworld.play import ACTION, UNKNOWN, Play
from fieldcraft.envs.types import PrimitiveError

Thing = Annotated[str, Field(max_length=80, pattern=r"^[ -~]+$", examples=["table", "orange", "cupboard"])]
Room = Annotated[str, Field(max_length=60, examples=["kitchen", "hallway", "outside"])]
Action = Annotated[
    str, Field(max_length=ACTION, pattern=r"^[ -~]+$", examples=["look around", "wait1", "task"])
]
Times = Annotated[int, Field(ge=1, le=100)]


class Acting(Environment):
    """The primitives; each that acts takes an action of the simulator, and returns what it says.

    What the simulator does not understand is refused. Where a name fits several things it asks which, and
    `action("0")` chooses the first.
    """

    _play: Play | None = None

    @property
    def _begun(self) -> Play:
        if self._play is None:
            raise ValueError("scienceworld-v1 was not reset")
        return self._play

    @property
    def _going(self) -> Play:
        """The episode, if it is not over."""
        self._begun.require_going()
        return self._begun

    @primitive(judged=True)
    def action(self, text: Action) -> str:
        """Take any action, such as `use thermometer in inventory on water`. Returns what the simulator says.

        Where it asks which of several things was meant, answer with the number: action("0").
        """
        said = self._take(text.strip())
        if said.startswith(UNKNOWN):
            raise PrimitiveError(f"{text!r:.80}: {visible_line(said, 200)} actions() has what is understood")
        return said

    @primitive
    def actions(self, begin: Annotated[str, Field(max_length=60, examples=["open"])] = "") -> list[str]:
        """The actions that are understood here and now and begin so: hundreds without a verb. Slow."""
        return [one for one in self._begun.simulator.actions() if one.startswith(begin)]

    @primitive
    def look(self) -> dict[str, Any]:
        """What is known without a move: `room`, `text` (what is seen in it), `doors` (the rooms behind them,
        and whether they are open), `inventory`, `task`, `score` (to 100) and `moves_left`.
        """  # noqa: D205 - the agent reads it whole
        play = self._begun
        return {
            "room": play.room,
            "text": play.look,
            "doors": dict(play.rooms[play.room]),
            "inventory": play.inventory,
            "task": play.task,
            "score": play.score,
            "moves_left": max(0, play.episode.steps - play.moves),
        }

    @primitive
    def map(self) -> dict[str, dict[str, str]]:
        """The rooms that were entered, without a move: the rooms behind their doors, and the doors' state."""
        return {room: dict(doors) for room, doors in self._begun.rooms.items()}

    @primitive
    def go_to(self, room: Room) -> str:
        """Go to a room by the shortest known way, opening doors. Returns what is seen there.

        A room is known once it or a door to it was seen. Each door and room takes a move.
        """
        play = self._going
        way = play.way(room)
        if way is None:
            raise PrimitiveError(f"cannot go to {room!r}: no door to it was seen in this episode; explore()")
        for then in way:
            self._pass(then)
        return play.look

    @primitive
    def explore(self) -> str:
        """Go to the nearest room that was never entered, opening doors. Returns what is seen there."""
        play = self._going
        known = dict.fromkeys(then for doors in play.rooms.values() for then in doors)
        ways = [way for then in known if then not in play.entered and (way := play.way(then))]
        if not ways:
            raise PrimitiveError("cannot explore further: each room behind a door that was seen was entered")
        for then in min(ways, key=len):
            self._pass(then)
        return play.look

    @primitive(judged=True)
    def examine(self, thing: Thing) -> str:
        """Look at a thing closely."""
        return self.action(f"look at {thing}")

    @primitive(judged=True)
    def look_in(self, container: Thing) -> str:
        """Look into a container."""
        return self.action(f"look in {container}")

    @primitive(judged=True)
    def read(self, thing: Thing) -> str:
        """Read a thing, such as a note or a recipe."""
        return self.action(f"read {thing}")

    @primitive
    def open(self, thing: Thing) -> str:
        """Open a container, or a door by its name: `door to kitchen`."""
        return self.action(f"open {thing}")

    @primitive
    def shut(self, thing: Thing) -> str:
        """Close a container or a door."""
        return self.action(f"close {thing}")

    @primitive
    def pick_up(self, thing: Thing) -> str:
        """Take a thing into the inventory."""
        return self.action(f"pick up {thing}")

    @primitive
    def put_down(self, thing: Thing) -> str:
        """Put a thing of the inventory down."""
        return self.action(f"put down {thing}")

    @primitive
    def move(self, thing: Thing, place: Thing) -> str:
        """Move a thing into a container or onto another thing."""
        return self.action(f"move {thing} to {place}")

    @primitive
    def pour(self, thing: Thing, container: Thing) -> str:
        """Pour a liquid, or what is in a container, into another."""
        return self.action(f"pour {thing} into {container}")

    @primitive
    def mix(self, container: Thing) -> str:
        """Mix what is in a container."""
        return self.action(f"mix {container}")

    @primitive(judged=True)
    def use(self, thing: Thing, on: Thing | None = None) -> str:
        """Use a thing on another: a thermometer to measure, a lighter on wood, an axe on a tree."""
        return self.action(f"use {thing} on {on}" if on else f"use {thing}")

    @primitive
    def activate(self, thing: Thing) -> str:
        """Turn a device on, such as a stove or a sink."""
        return self.action(f"activate {thing}")

    @primitive
    def deactivate(self, thing: Thing) -> str:
        """Turn a device off."""
        return self.action(f"deactivate {thing}")

    @primitive
    def connect(self, one: Thing, other: Thing) -> str:
        """Connect electrical parts, by an end: `battery anode`, `red wire terminal 1`."""
        return self.action(f"connect {one} to {other}")

    @primitive
    def focus(self, thing: Thing) -> str:
        """Say that this is the thing of the task. The wrong one fails the task at once."""
        return self.action(f"focus on {thing}")

    @primitive
    def wait(self, times: Times = 1) -> str:
        """Let time pass, 1 to 100 moves. Returns what is seen then."""
        for _ in range(times):
            self._take("wait1")
        return self._going.look

    def _pass(self, room: str) -> None:
        """Go through the door to the next room."""
        play = self._going
        if play.rooms[play.room].get(room) == "closed":
            self._take(f"open door to {room}")
        said = self._take(f"go to {room}")
        if play.room != room:
            raise PrimitiveError(f"cannot go to {room}: {visible_line(said, 200)}")

    def _take(self, action: str) -> str:
        play = self._going
        said = play.act(action)
        play.require_going()
        return said
