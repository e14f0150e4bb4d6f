"""A small world that reports what happens, with a bench whose recipe changes when it is told to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import fieldcraft
from fieldcraft.agent.task import Task
from fieldcraft.envs import (
    Environment,
    EnvironmentSpec,
    Happening,
    ItemGoal,
    Names,
    Observation,
    Position,
    PrimitiveError,
    Progress,
    primitive,
)


class BenchWorld(Environment):
    """Rock to mine, and a lamp to make of it: of 2 stone, or after `shift` of 3."""

    spec = EnvironmentSpec(
        id="bench-v1",
        description="A bench beside a rock.",
        can_snapshot=True,
        names=Names(items=("lamp", "stone"), blocks=("rock",)),
    )

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._takes, self._tick = 2, 0
        self._told: list[Happening] = []

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        self._held, self._takes, self._tick, self._told = {}, 2, 0, []
        return self.observe()

    def observe(self) -> Observation:
        return Observation(tick=self._tick, inventory=dict(self._held))

    def progress(self) -> Progress:
        return Progress(items=dict.fromkeys(self._held, 1))

    def snapshot(self) -> bytes:
        return json.dumps([self._held, self._takes, self._tick]).encode()

    def restore(self, snapshot: bytes) -> None:
        self._held, self._takes, self._tick = json.loads(snapshot)

    def happenings(self) -> Sequence[Happening]:
        told, self._told = self._told, []
        return told

    @primitive
    def mine(self, count: int = 1) -> int:
        """Mine the rock."""
        for _ in range(count):
            self._held["stone"] = self._held.get("stone", 0) + 1
            self._tell("mined", "rock", gave={"stone": 1}, place=Position(x=1, y=2, z=3))
        return count

    @primitive
    def make(self) -> int:
        """Make a lamp."""
        if self._held.get("stone", 0) < self._takes:
            why = f"cannot make lamp: need {self._takes} stone (have {self._held.get('stone', 0)})"
            self._tell("refused", "lamp", why=why)
            raise PrimitiveError(why)
        self._held["stone"] -= self._takes
        self._held["lamp"] = self._held.get("lamp", 0) + 1
        self._tell("crafted", "lamp", used={"stone": self._takes}, gave={"lamp": 1})
        return 1

    @primitive
    def shift(self) -> None:
        """Change the recipe."""
        self._takes = 3

    def _tell(self, what: str, subject: str, **details: Any) -> None:
        self._tick += 1
        self._told.append(Happening(what=what, subject=subject, tick=self._tick, **details))


PROGRAMS = (
    "def go(bot):\n    bot.make()\n",
    "def go(bot):\n    bot.mine(4)\n    bot.make()\n",
    "def go(bot):\n    bot.shift()\n    bot.mine(3)\n    bot.make()\n",
    "def go(bot):\n    bot.mine(6)\n    bot.make()\n    bot.make()\n",
)
OLD, NEW = "2 stone make 1 lamp", "3 stone make 1 lamp"


class Lamps:
    """One task for each program."""

    def __init__(self, count: int) -> None:
        self._count = count

    def propose(self, now: Any) -> Task | None:
        if now.number > self._count:
            return None
        return Task(words=f"Make {now.number} lamp", goal=ItemGoal(item="lamp", count=1), context="-")


class InTurn:
    """Each program in its turn, then it gives up."""

    def __init__(self, programs: Sequence[str]) -> None:
        self._programs = tuple(programs)

    def write(self, now: Any) -> str | None:
        return None if now.attempts else self._programs[int(now.task.words.split()[1]) - 1]


def parts(programs: Sequence[str] = PROGRAMS) -> dict[str, Any]:
    return {"curriculum": Lamps(len(programs)), "actor": InTurn(programs)}


def lived(folder: Path, name: str = "whole", programs: Sequence[str] = PROGRAMS, **settings: Any) -> Path:
    """The folder of a run of these programs."""
    done = fieldcraft.explore(
        BenchWorld(),
        runs=folder,
        name=name,
        library=folder / "library",
        progress=False,
        **parts(programs),
        **settings,
    )
    return Path(done.folder)
