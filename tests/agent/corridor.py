"""A corridor that is walked in episodes: its end is reached, or eight steps are over."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from fieldcraft.envs import (
    Environment,
    EnvironmentSpec,
    EpisodeEnded,
    Names,
    Observation,
    PrimitiveError,
    Progress,
    ScoreGoal,
    primitive,
)

STEPS = 8


class Corridor(Environment):
    """Doors to walk through; how many there are is drawn from the seed."""

    spec = EnvironmentSpec(
        id="corridor-v1",
        description="A corridor.",
        can_snapshot=True,
        goals=("achieve", "score"),
        names=Names(kinds={"achievements": ("end", "first_door")}),
    )
    gives_tasks = False

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        self._doors = random.Random(seed).randint(2, 5)
        self._at, self._tick, self._over, self._reached = 0, 0, [], {"entrance": 0}
        return self.observe()

    def observe(self) -> Observation:
        task = {"task": "Walk to the end", "goal": ScoreGoal(at_least=1)} if self.gives_tasks else {}
        score = 1.0 if self._at == self._doors else 0.0
        return Observation(
            tick=self._tick, scores={"score": score}, extra={"door": f"{self._at} of {self._doors}"}, **task
        )

    def progress(self) -> Progress:
        return Progress(achieved={"achievements": dict(self._reached)}, given={"achievements": ["entrance"]})

    def snapshot(self) -> bytes:
        return json.dumps([self._doors, self._at, self._tick, self._over, self._reached]).encode()

    def restore(self, snapshot: bytes) -> None:
        self._doors, self._at, self._tick, self._over, self._reached = json.loads(snapshot)

    @primitive
    def walk(self, doors: int = 1) -> int:
        """Walk through doors; returns how many are left."""
        if self._over:
            raise EpisodeEnded(*self._over)
        if doors < 1:
            raise PrimitiveError("cannot walk: say how many doors")
        for _ in range(doors):
            self._tick += 1
            self._at += 1
            self._reached.setdefault("first_door", self._tick)
            if self._at == self._doors:
                self._reached.setdefault("end", self._tick)
                self._over = ["terminated", "the end was reached"]
            elif self._tick == STEPS:
                self._over = ["truncated", "eight steps are over"]
            if self._over:
                raise EpisodeEnded(*self._over)
        return self._doors - self._at

    @primitive
    def wait(self, steps: int = 1) -> None:
        """Let steps pass."""
        self._tick += steps
        if self._tick >= STEPS:
            self._over = ["truncated", "eight steps are over"]
        if self._over:
            raise EpisodeEnded(*self._over)


class TaskCorridor(Corridor):
    """The same, with a task in each episode."""

    gives_tasks = True


class PlainCorridor(Corridor):
    """The same without snapshots."""

    spec = Corridor.spec.model_copy(update={"can_snapshot": False})


class SlowCorridor(Corridor):
    """The same, whose observation alone says that the episode is over."""

    def observe(self) -> Observation:
        seen = super().observe()
        over = {"outcome": self._over[0], "why": self._over[1]} if self._over else None
        return Observation.model_validate({**seen.model_dump(), "ended": over})

    @primitive
    def walk(self, doors: int = 1) -> int:
        """Walk through doors; returns how many are left."""
        try:
            return super().walk(doors)
        except EpisodeEnded:
            return 0
