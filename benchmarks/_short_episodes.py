"""A world of short episodes: as many doors to walk through as its seed says, in eight steps at most."""

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
    Progress,
    primitive,
)

STEPS = 8


class ShortEpisodes(Environment):
    """Ends at the last door, or when the steps are over; some doors are stuck and take a second step."""

    spec = EnvironmentSpec(
        id="short-episodes-v1",
        description="A corridor of doors.",
        can_snapshot=True,
        goals=("achieve",),
        names=Names(kinds={"achievements": ("end", "first_door", "stuck_door")}),
    )

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:  # noqa: ARG002
        """Stand before the first door."""
        self._random = random.Random(seed)
        self._doors, self._at, self._tick = self._random.randint(2, 7), 0, 0
        self._over: list[str] = []
        self._reached: dict[str, int] = {}
        return self.observe()

    def observe(self) -> Observation:
        """The doors behind and ahead, and a score of 1 at the end."""
        doors = {"door": f"{self._at} of {self._doors}"}
        return Observation(tick=self._tick, scores={"score": float(self._at == self._doors)}, extra=doors)

    def progress(self) -> Progress:
        """What was reached in this episode."""
        return Progress(achieved={"achievements": dict(self._reached)})

    def snapshot(self) -> bytes:
        """All of it, the chances to come included."""
        version, state, gauss = self._random.getstate()
        fields = [self._doors, self._at, self._tick, self._over, self._reached]
        return json.dumps([fields, [version, state, gauss]]).encode()

    def restore(self, snapshot: bytes) -> None:
        """The same again."""
        fields, (version, state, gauss) = json.loads(snapshot)
        self._doors, self._at, self._tick, self._over, self._reached = fields
        self._random.setstate((version, tuple(state), gauss))

    @primitive
    def walk(self) -> int:
        """Walk through a door; returns how many are left."""
        if self._over:
            raise EpisodeEnded(*self._over)
        self._tick += 1
        if self._random.random() < 0.3:
            self._reached.setdefault("stuck_door", self._tick)
        else:
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
