"""One episode: a task in a variation, played by actions, with what was reached in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.common.text import cut_text
from fieldcraft.envs.episodes import EpisodeEnd, EpisodeEnded
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.scienceworld.simulator import Java, Simulator
from fieldcraft.envs.scienceworld.tasks import MOST_STEPS
from fieldcraft.envs.sealed import sealed, unsealed

_HEAD = b"fieldcraft-scienceworld 1 "
_LARGEST = 16 * 1024 * 1024
_EVENTS, _EVENT, _HAPPENINGS = 8, 600, 64
ACTION, MOST_ACTIONS = 120, 100_000
"""Characters of an action, and how many a snapshot holds."""

UNKNOWN = ("No known action matches that input.", "Unknown action.")
"""How the simulator begins where it did not understand."""
_ROOM = re.compile(r"This (?:room|outside location) is called the ([^.]+)\.")
_DOOR = re.compile(r"[Aa] door to the ([^(]+?) \(that is (\w+)\)")
_VERBS = {
    "activate": "activate",
    "close": "close",
    "connect": "connect",
    "focus on": "focus",
    "mix": "mix",
    "move": "move",
    "open": "open",
    "pick up": "pick_up",
    "pour": "pour",
    "put down": "put_down",
    "read": "read",
    "use": "use",
}
"""What actions begin with, and what that is called among the achievements."""
ACHIEVEMENTS = tuple(sorted([*(f"{verb}_something" for verb in _VERBS.values()), "score_point", "task_done"]))
"""What can be achieved in an episode."""


class Episode(NamedTuple):
    """Which episode it is."""

    task: str
    variation: int
    simplifications: str
    steps: int


class Saved(BaseModel):
    """A snapshot: which episode it is, the actions so far, and the digest of where they led."""

    model_config = ConfigDict(extra="forbid", strict=True)

    task: Annotated[str, Field(max_length=100)]
    variation: Annotated[int, Field(ge=0, lt=100_000)]
    simplifications: Annotated[str, Field(max_length=200)]
    steps: Annotated[int, Field(ge=1, le=MOST_STEPS)]
    actions: Annotated[
        list[Annotated[str, Field(max_length=ACTION, pattern=r"^[ -~]+$")]], Field(max_length=MOST_ACTIONS)
    ]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @property
    def episode(self) -> Episode:
        """Which one it is."""
        return Episode(self.task, self.variation, self.simplifications, self.steps)


class Play:
    """An episode.

    Attributes:
        episode: which it is.
        simulator: in which it is.
        task: in words.
        actions: that were taken.
        look, inventory: what is seen and carried, in the simulator's words.
        score: from -100 to 100.
        moves: as the simulator counts them.
        end: how it ended; `None` while it lasts.
        rooms: the rooms that were entered, each with the doors that were seen in it and their state.
        firsts, times: achievements with the action of the first time, and how often.
        entered: rooms with the action of the first time.
        events: what the simulator said lately.
        happened: what happened since it was last asked.
    """

    def __init__(
        self,
        episode: Episode,
        java: Java,
        stepped: Callable[[int], None] = lambda _: None,
        *,
        gold: bool = False,
    ) -> None:
        self.episode, self.stepped = episode, stepped
        task, variation, simplifications, _ = episode
        self.simulator = Simulator(java, task, variation, simplifications, gold=gold)
        self.task = self.simulator.task
        self.actions: list[str] = []
        self.look = self.inventory = ""
        self.score = self.moves = 0
        self.end: EpisodeEnd | None = None
        self.rooms: dict[str, dict[str, str]] = {}
        self.firsts: dict[str, int] = {}
        self.times: dict[str, int] = {}
        self.entered: dict[str, int] = {}
        self.events: list[str] = []
        self.happened: list[Happening] = []
        self._see()
        self.start = self.room

    @property
    def room(self) -> str:
        """Where the agent is."""
        found = _ROOM.search(self.look)
        return found[1] if found else "unknown"

    @property
    def share(self) -> float:
        """The score as a share; 0 where it is negative."""
        return max(0, self.score) / 100

    def act(self, action: str) -> str:
        """Take an action; what the simulator says.

        Raises:
            EpisodeEnded: the episode was over before.
        """
        self.require_going()
        before, inventory, score = self.look, self.inventory, self.score
        said = self.simulator.step(action)
        self.actions.append(action)
        self.stepped(len(self.actions))
        self._see()
        self.events = [*self.events, f"{action}: {cut_text(said, _EVENT)}"][-_EVENTS:]
        if (self.look, self.inventory, self.score) != (before, inventory, score):
            self._note(action)
        if self.score > score:
            self._achieve("score_point")
            self._happen("scored", action)
        self._judge()
        return said

    def require_going(self) -> None:
        """Refuse to go on where the episode is over.

        Raises:
            EpisodeEnded: it is.
        """
        if self.end is not None:
            outcome: Literal["terminated", "truncated"] = (
                "terminated" if self.end.outcome == "terminated" else "truncated"
            )
            raise EpisodeEnded(outcome, self.end.why)

    def way(self, end: str) -> list[str] | None:
        """The rooms on the shortest known way to another; `None` where none is known."""
        ways: dict[str, list[str]] = {self.room: []}
        queue = [self.room]
        for here in queue:
            for then in self.rooms.get(here, {}):
                if then not in ways:
                    ways[then] = [*ways[here], then]
                    queue.append(then)
        return ways.get(end)

    def digest(self) -> str:
        """Of all that is seen, and of what was said."""
        whole = (self.look, self.inventory, self.score, self.moves, self.task, self.events)
        return sha256(repr(whole).encode()).hexdigest()

    def written(self) -> bytes:
        """The snapshot, the same bytes for the same episode."""
        saved = Saved(**self.episode._asdict(), actions=self.actions, digest=self.digest())
        return sealed(saved, head=_HEAD)

    def _see(self) -> None:
        simulator = self.simulator
        self.look, self.inventory = simulator.look, simulator.inventory
        self.score, self.moves = simulator.score, simulator.moves
        self.entered.setdefault(self.room, len(self.actions))
        self.rooms[self.room] = dict(_DOOR.findall(self.look))

    def _note(self, action: str) -> None:
        for words, verb in _VERBS.items():
            if action.startswith(f"{words} "):
                self._achieve(f"{verb}_something")

    def _achieve(self, name: str) -> None:
        self.firsts.setdefault(name, len(self.actions))
        self.times[name] = self.times.get(name, 0) + 1

    def _happen(self, what: str, subject: str) -> None:
        self.happened.append(Happening(what=what, subject=subject, tick=len(self.actions)))
        del self.happened[:-_HAPPENINGS]

    def _judge(self) -> None:
        if self.score >= 100:
            self._achieve("task_done")
            self.end = EpisodeEnd(outcome="terminated", why="the task is done, score 100")
        elif self.score < 0 or self.simulator.completed:
            self.end = EpisodeEnd(outcome="terminated", why=f"the task has failed, score {self.score}")
        elif self.moves > self.episode.steps:
            why = f"the limit of {self.episode.steps} moves is passed, score {self.score}"
            self.end = EpisodeEnd(outcome="truncated", why=why)


def read(snapshot: bytes) -> Saved:
    """What the bytes of a snapshot hold.

    Raises:
        ValueError: they are none, or were changed.
    """
    return unsealed(snapshot, Saved, head=_HEAD, largest=_LARGEST, whose="scienceworld-v1")


def played(saved: Saved, java: Java) -> Play:
    """The episode of a snapshot, its actions taken again.

    Raises:
        ValueError: they led elsewhere, or go on after the episode's end.
    """
    play = Play(saved.episode, java)
    for action in saved.actions:
        if play.end is not None:
            raise ValueError("this snapshot of scienceworld-v1 has actions after the end of its episode")
        play.act(action)
    if play.digest() != saved.digest:
        raise ValueError(
            "the actions of this snapshot lead elsewhere; it is of another version of scienceworld"
        )
    play.happened.clear()
    return play
