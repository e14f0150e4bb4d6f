"""The map of what the player saw: rooms, their exits, where those lead, and what was there."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from fieldcraft.envs.textworld.engine import Exit, Scene, opposite


@dataclass
class Room:
    """A room as it was when last seen; `leads` has where the exits lead that were gone through."""

    exits: dict[str, Exit] = field(default_factory=dict)
    things: list[str] = field(default_factory=list)
    leads: dict[str, str] = field(default_factory=dict)


class Rooms:
    """The rooms that were entered, in the order in which they were."""

    def __init__(self) -> None:
        self.known: dict[str, Room] = {}

    def see(self, scene: Scene) -> None:
        """Take up what is in the room where the player is."""
        room = self.known.setdefault(scene.room, Room())
        room.exits, room.things = dict(scene.exits), list(scene.things)

    def went(self, start: str, direction: str, end: str) -> None:
        """Remember where an exit led, and that the way back leads back."""
        self.known[start].leads[direction] = end
        self.known[end].leads.setdefault(opposite(direction), start)

    def way(self, start: str, end: str) -> list[str] | None:
        """The directions from one room to another through known exits; `None` where none lead there."""
        return self._ways(start).get(end)

    def untried(self, start: str) -> list[tuple[list[str], str, Exit]]:
        """The exits never gone through, the nearest first: the way to the room, and the direction."""
        return [
            (way, direction, found)
            for room, way in self._ways(start).items()
            for direction, found in self.known[room].exits.items()
            if direction not in self.known[room].leads
        ]

    def drawn(self) -> str:
        """A line for each room: `kitchen: east (closed oak door) unknown, west corridor; there: stove`."""
        return "\n".join(f"{name}: {_line(room)}" for name, room in self.known.items())

    def data(self) -> dict[str, Any]:
        """The rooms by name, as data."""
        return {
            name: {
                "exits": {
                    direction: {
                        "to": room.leads.get(direction),
                        "door": found.door or None,
                        "state": found.state or None,
                    }
                    for direction, found in room.exits.items()
                },
                "things": list(room.things),
            }
            for name, room in self.known.items()
        }

    def _ways(self, start: str) -> dict[str, list[str]]:
        """The shortest way to each room that can be reached, the nearest first."""
        ways: dict[str, list[str]] = {start: []}
        queue = deque([start])
        while queue:
            here = queue.popleft()
            for direction, then in self.known[here].leads.items():
                if then not in ways:
                    ways[then] = [*ways[here], direction]
                    queue.append(then)
        return ways


def _line(room: Room) -> str:
    exits = ", ".join(
        f"{direction}{f' ({found})' if found.door else ''} {room.leads.get(direction, 'unknown')}"
        for direction, found in room.exits.items()
    )
    return f"{exits or 'no exits'}; there: {', '.join(room.things) or 'nothing'}"
