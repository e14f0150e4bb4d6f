"""One episode of Crafter: its steps, what was seen and reached in it, and its snapshot as data."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.envs.crafter import game
from fieldcraft.envs.crafter.names import ACTIONS, MATERIALS, SOURCES, VITALS
from fieldcraft.envs.episodes import EpisodeEnd
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.sealed import sealed, unsealed

Cell = tuple[int, int]

_LETTERS = "abcdefghijklmnopq"
"""Each action as a letter, in a snapshot."""
_HEAD = b"fieldcraft-crafter 1 "
_LARGEST = 1_000_000
_EVENTS, _HAPPENINGS = 8, 64
_VERBS = {
    "collect": "mined",
    "defeat": "killed",
    "eat": "ate",
    "make": "crafted",
    "place": "placed",
}
_DIRECTIONS = {(-1, 0): "left", (1, 0): "right", (0, -1): "up", (0, 1): "down"}


class Saved(BaseModel):
    """A snapshot: which episode it is, the actions so far, and the digest of where they led."""

    model_config = ConfigDict(extra="forbid", strict=True)

    seed: int
    number: Annotated[int, Field(ge=1, lt=1 << 63)]
    length: Annotated[int, Field(ge=1, le=game.LENGTH)]
    actions: Annotated[str, Field(max_length=game.LENGTH, pattern=r"^[a-q]*$")]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Play:
    """An episode that is played.

    Attributes:
        seed, number, length: of the episode; its length in steps at most.
        firsts: the step at which each achievement was first reached.
        items: the step at which each item was first held.
        events: what happened lately.
        happened: the same as data, since it was last taken.
        ended: how the episode ended; `None` while it lasts.
        seen: the material that was last seen in each cell, by Crafter's number; 0 where nothing was.
    """

    def __init__(self, seed: int, number: int, length: int) -> None:
        self.seed, self.number, self.length = seed, number, length
        self.environment = game.begun(seed, number, length)
        self.firsts: dict[str, int] = {}
        self.items: dict[str, int] = {}
        self.events: list[str] = []
        self.happened: list[Happening] = []
        self.ended: EpisodeEnd | None = None
        self.seen = np.zeros(game.AREA, np.uint8)
        self._actions: list[str] = []
        self._look()

    def copied(self) -> Play:
        """A copy that goes its own way; the textures, which never change, are shared."""
        textures = self.environment._textures
        return copy.deepcopy(self, {id(textures): textures})

    @property
    def steps(self) -> int:
        """Steps taken."""
        return len(self._actions)

    @property
    def player(self) -> Any:
        """Crafter's player."""
        return self.environment._player

    @property
    def here(self) -> Cell:
        """Where the player is."""
        x, y = self.player.pos
        return int(x), int(y)

    @property
    def facing(self) -> str:
        """Where the player looks: left, right, up or down."""
        x, y = self.player.facing
        return _DIRECTIONS[int(x), int(y)]

    @property
    def daylight(self) -> float:
        """From 0, deep night, to 1."""
        return float(self.environment._world.daylight)

    def held(self, name: str) -> int:
        """How many of an item are held, or how high a vital is."""
        return int(self.player.inventory[name])

    def inventory(self) -> dict[str, int]:
        """The items that are held."""
        return {
            name: int(count) for name, count in self.player.inventory.items() if count and name not in VITALS
        }

    def times(self) -> dict[str, int]:
        """How often each achievement was reached, where it was."""
        return {name: int(count) for name, count in self.player.achievements.items() if count}

    def faced(self) -> str:
        """What is in the cell before the player: a creature or else a material; empty at the land's end."""
        x, y = self.here
        right, down = self.player.facing
        return self.at((x + int(right), y + int(down)))

    def at(self, cell: Cell) -> str:
        """What is in a cell now."""
        material, thing = self.environment._world[cell]
        return _name(thing) if thing is not None else material or ""

    def things(self) -> Iterator[tuple[str, Cell]]:
        """The creatures and plants in view, by name and cell."""
        x, y = self.here
        across, down = game.VIEW[0] // 2, game.VIEW[1] // 2
        for thing in self.environment._world.objects:
            column, row = int(thing.pos[0]), int(thing.pos[1])
            if thing is not self.player and abs(column - x) <= across and abs(row - y) <= down:
                yield _name(thing), (column, row)

    def material_number(self, name: str) -> int:
        """Crafter's number of a material in `seen`."""
        return int(self.environment._world._mat_ids[name])

    def step(self, action: str) -> None:
        """Take one step; the episode may end in it."""
        before, reached = dict(self.player.inventory), self.times()
        asleep = bool(self.player.sleeping)
        self.environment.step(ACTIONS.index(action))
        self._actions.append(_LETTERS[ACTIONS.index(action)])
        self._look()
        self._count(before, reached)
        if asleep != bool(self.player.sleeping):
            self._tell("woke up" if asleep else "fell asleep")
        if self.player.health <= 0:
            self.ended = EpisodeEnd(outcome="terminated", why=f"the player died at step {self.steps}")
        elif self.steps >= self.length:
            self.ended = EpisodeEnd(outcome="truncated", why=f"the limit of {self.length} steps")

    def _look(self) -> None:
        x, y = self.here
        across, down = game.VIEW[0] // 2, game.VIEW[1] // 2
        cells = slice(max(0, x - across), x + across + 1), slice(max(0, y - down), y + down + 1)
        self.seen[cells] = self.environment._world._mat_map[cells]

    def _count(self, before: dict[str, int], reached: dict[str, int]) -> None:
        """Count what the step brought, and say what it was."""
        now = self.player.inventory
        change = {name: int(now[name] - had) for name, had in before.items() if now[name] != had}
        if change.get("health", 0) < 0:
            self._tell(f"health fell to {self.held('health')}")
        for name in change:
            if name not in VITALS and now[name]:
                self.items.setdefault(name, self.steps)
        for name, count in self.times().items():
            if count > reached.get(name, 0):
                if name not in self.firsts:
                    self.firsts[name] = self.steps
                    self._tell(f"first {name}")
                self._happen(name, change)

    def _happen(self, achievement: str, change: dict[str, int]) -> None:
        verb, _, subject = achievement.partition("_")
        if verb not in _VERBS:
            return
        items = {name: count for name, count in change.items() if name != "health"}
        source = SOURCES.get(subject, subject) if verb == "collect" else subject
        required = game.package().constants.collect[source]["require"] if verb == "collect" else {}
        self.happened.append(
            Happening(
                what=_VERBS[verb],
                subject=source,
                tool=next(iter(required), ""),
                used={name: -count for name, count in items.items() if count < 0 and name not in VITALS},
                gave={name: count for name, count in items.items() if count > 0},
                tick=self.steps,
            )
        )
        del self.happened[:-_HAPPENINGS]

    def _tell(self, event: str) -> None:
        self.events.append(f"step {self.steps}: {event}")
        del self.events[:-_EVENTS]

    def digest(self) -> str:
        """The SHA-256 of all that the episode is and was."""
        whole = [
            game.state(self.environment),
            self.firsts,
            self.items,
            self.events,
            self.seen.tobytes().hex(),
        ]
        return sha256(json.dumps(whole).encode()).hexdigest()

    def saved(self) -> Saved:
        """The episode as data."""
        return Saved(
            seed=self.seed,
            number=self.number,
            length=self.length,
            actions="".join(self._actions),
            digest=self.digest(),
        )


def played(saved: Saved) -> Play:
    """The episode of a snapshot, its actions taken again.

    Raises:
        ValueError: they led elsewhere, or go on after the episode's end.
    """
    play = Play(saved.seed, saved.number, saved.length)
    for letter in saved.actions:
        if play.ended is not None:
            raise ValueError("this snapshot of Crafter has actions after the end of its episode")
        play.step(ACTIONS[_LETTERS.index(letter)])
    if play.digest() != saved.digest:
        raise ValueError("the actions of this snapshot lead elsewhere; it is of another version of crafter")
    play.happened.clear()
    return play


def written(saved: Saved) -> bytes:
    """The bytes of a snapshot."""
    return sealed(saved, head=_HEAD)


def read(snapshot: bytes) -> Saved:
    """What the bytes of a snapshot hold.

    Raises:
        ValueError: they are none, or were changed.
    """
    return unsealed(snapshot, Saved, head=_HEAD, largest=_LARGEST, whose="Crafter")


def _name(thing: Any) -> str:
    name = type(thing).__name__.lower()
    return "ripe_plant" if name == "plant" and thing.ripe else name


def in_view_and_beyond(play: Play) -> tuple[dict[str, list[Cell]], dict[str, list[Cell]]]:
    """What is in view, and what was seen elsewhere: by name, the cells of each, the nearest first."""
    x, y = play.here
    across, down = game.VIEW[0] // 2, game.VIEW[1] // 2
    near: dict[str, list[Cell]] = {}
    far: dict[str, list[Cell]] = {}
    for name, cell in play.things():
        near.setdefault(name, []).append(cell)
    covered = {play.here, *(cell for cells in near.values() for cell in cells)}
    for name in MATERIALS:
        for column, row in np.argwhere(play.seen == play.material_number(name)).tolist():
            inside = abs(column - x) <= across and abs(row - y) <= down
            if not (inside and (column, row) in covered):
                (near if inside else far).setdefault(name, []).append((column, row))
    for cells in (*near.values(), *far.values()):
        cells.sort(key=lambda cell: (abs(cell[0] - x) + abs(cell[1] - y), cell))
    return dict(sorted(near.items())), dict(sorted(far.items()))
