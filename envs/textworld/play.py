"""One episode: a game made for a seed, played by commands, with what was reached in it."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.common.text import cut_text, visible_line
from fieldcraft.envs.episodes import EpisodeEnd, EpisodeEnded
from fieldcraft.envs.happenings import Happening
from fieldcraft.envs.sealed import sealed, unsealed
from fieldcraft.envs.textworld.engine import Engine, Scene
from fieldcraft.envs.textworld.games import MOST_STEPS, Game
from fieldcraft.envs.textworld.rooms import Rooms

_HEAD = b"fieldcraft-textworld 1 "
_LARGEST = 4 * 1024 * 1024
_EVENTS, _EVENT, _HAPPENINGS = 8, 600, 64
COMMAND = 100
"""Characters of a command."""

DONE = {
    "chop": "cut_food",
    "close": "close_thing",
    "cook": "cook_food",
    "dice": "cut_food",
    "drop": "drop_thing",
    "eat": "eat_food",
    "go": "go_to_room",
    "insert": "put_thing",
    "lock": "lock_thing",
    "make": "prepare_meal",
    "open": "open_thing",
    "put": "put_thing",
    "slice": "cut_food",
    "take": "take_thing",
    "unlock": "unlock_thing",
}
"""What doing something is called among the achievements, by the verb in the rules of the games."""
ACHIEVEMENTS = tuple(sorted({*DONE.values(), "score_point", "win_game"}))


class Saved(BaseModel):
    """A snapshot: which game it is, the commands so far, and the digest of where they led."""

    model_config = ConfigDict(extra="forbid", strict=True)

    game: Game
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    commands: Annotated[
        list[Annotated[str, Field(max_length=COMMAND, pattern=r"^[A-Za-z0-9' -]+$")]],
        Field(max_length=MOST_STEPS),
    ]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Play:
    """An episode.

    Args:
        game: of which kind it is.
        seed: for which it was made.
        engine: with the game of that seed, which is restarted.
        stepped: is called with the number of commands after each.

    Attributes:
        scene: what is so now.
        rooms: the map of what was seen.
        commands: that were given.
        end: how it ended; `None` while it lasts.
        events: what the game said lately.
        firsts, times: achievements with the step of the first time, and how often.
        entered, taken: rooms and things with the step of the first time.
        given: the room and things of the beginning.
        happened: what happened since it was last asked.
    """

    def __init__(
        self, game: Game, seed: int, engine: Engine, stepped: Callable[[int], None] = lambda _: None
    ) -> None:
        self.game, self.seed, self.engine, self.stepped = game, seed, engine, stepped
        self.scene = engine.begin()
        self.objective = engine.objective
        self.rooms = Rooms()
        self.rooms.see(self.scene)
        self.commands: list[str] = []
        self.end: EpisodeEnd | None = None
        self.events: list[str] = []
        self.firsts: dict[str, int] = {}
        self.times: dict[str, int] = {}
        self.entered = {self.scene.room: 0}
        self.taken = dict.fromkeys(self.scene.carrying, 0)
        self.given = {"rooms": [self.scene.room], "taken": list(self.scene.carrying)}
        self.happened: list[Happening] = []

    @property
    def most(self) -> int:
        """The highest score of the game."""
        return self.engine.most

    @property
    def share(self) -> float:
        """The points as a share of all, 1 where the game is won: the progress that BALROG reports."""
        return 1.0 if self.scene.won else self.scene.score / self.most if self.most else 0.0

    def give(self, command: str) -> str:
        """Give the game a command, which is a step; what it says.

        Raises:
            EpisodeEnded: the episode was over before.
        """
        self.require_going()
        before = self.scene
        said, self.scene = self.engine.step(command)
        self.commands.append(command)
        self.stepped(len(self.commands))
        self._look(before, command)
        self.events = [*self.events, f"{command}: {cut_text(said, _EVENT)}"][-_EVENTS:]
        self._note(before)
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

    def _look(self, before: Scene, command: str) -> None:
        scene = self.scene
        self.rooms.see(scene)
        if scene.room == before.room:
            return
        self.entered.setdefault(scene.room, len(self.commands))
        direction = command.rsplit(maxsplit=1)[-1]
        if direction in before.exits:
            self.rooms.went(before.room, direction, scene.room)

    def _note(self, before: Scene) -> None:
        """Count what the command did."""
        scene, step = self.scene, len(self.commands)
        if scene.facts != before.facts and self.engine.verb in DONE:
            self._achieve(DONE[self.engine.verb])
        for thing in scene.carrying:
            if thing not in before.carrying:
                self.taken.setdefault(thing, step)
                self._happen("took", thing)
        for thing in before.carrying:
            if thing not in scene.carrying:
                self._happen("let_go", thing)
        if scene.score > before.score:
            self._achieve("score_point")

    def _achieve(self, name: str) -> None:
        self.firsts.setdefault(name, len(self.commands))
        self.times[name] = self.times.get(name, 0) + 1

    def _happen(self, what: str, subject: str) -> None:
        self.happened.append(Happening(what=what, subject=subject, tick=len(self.commands)))
        del self.happened[:-_HAPPENINGS]

    def _judge(self) -> None:
        scene = self.scene
        points = f"{scene.score} of {self.most} points in {len(self.commands)} commands"
        if scene.won:
            self._achieve("win_game")
            self.end = EpisodeEnd(outcome="terminated", why=f"the game is won, {points}")
        elif scene.lost:
            self.end = EpisodeEnd(outcome="terminated", why=f"the game is lost, {points}")
        elif len(self.commands) >= self.game.steps:
            why = f"the limit of {self.game.steps} commands is reached, {points}"
            self.end = EpisodeEnd(outcome="truncated", why=why)

    def digest(self) -> str:
        """Of all that is so in the game, and of what it said."""
        scene = self.scene
        whole = (
            scene.facts,
            scene.score,
            scene.won,
            scene.lost,
            scene.description,
            self.objective,
            self.events,
        )
        return sha256(repr(whole).encode()).hexdigest()

    def written(self) -> bytes:
        """The snapshot, the same bytes for the same episode."""
        saved = Saved(game=self.game, seed=self.seed, commands=self.commands, digest=self.digest())
        return sealed(saved, head=_HEAD)

    @property
    def shown_objective(self) -> str:
        """The objective in one line."""
        return visible_line(self.objective, 300)


def read(snapshot: bytes) -> Saved:
    """What the bytes of a snapshot hold.

    Raises:
        ValueError: they are none, or were changed.
    """
    return unsealed(snapshot, Saved, head=_HEAD, largest=_LARGEST, whose="textworld-v1")


def played(saved: Saved, engine: Engine) -> Play:
    """The episode of a snapshot, its commands given again.

    Raises:
        ValueError: they led elsewhere, or go on after the episode's end.
    """
    play = Play(saved.game, saved.seed, engine)
    for command in saved.commands:
        if play.end is not None:
            raise ValueError("this snapshot of textworld-v1 has commands after the end of its episode")
        play.give(command)
    if play.digest() != saved.digest:
        raise ValueError(
            "the commands of this snapshot lead elsewhere; it is of another version of textworld"
        )
    play.happened.clear()
    return play
