"""A benchmark to test the command line with: a gem that lies a few digs deep, found or not before night."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

from fieldcraft.bench import Benchmark, Protocol, Published, Variant, mean_of
from fieldcraft.envs import (
    AchieveGoal,
    Environment,
    EnvironmentSpec,
    EpisodeEnded,
    Names,
    Observation,
    PrimitiveError,
    Progress,
    primitive,
)


class Pit(Environment):
    """Options: `steps` of an episode, `slow` (seconds of a dig), `rock` (by how much deeper the gem lies)."""

    spec = EnvironmentSpec(
        id="pit-v1",
        description="A pit with a gem.",
        can_snapshot=True,
        goals=("achieve",),
        names=Names(kinds={"finds": ("gem",)}),
    )

    def __init__(self) -> None:
        self._depth = self._steps = self.tick = self._gem = 0
        self._options: dict[str, Any] = {}

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        self._options = {"steps": 8, "slow": 0.0, "rock": 0, **(options or {})}
        self._depth = self.tick = 0
        self._gem = 2 + seed % 3 + self._options["rock"]
        return self.observe()

    def observe(self) -> Observation:
        return Observation(
            tick=self.tick,
            words=f"{self._depth} deep",
            scores={"success": float(self._depth >= self._gem)},
            task="Find the gem",
            goal=AchieveGoal(achievement="gem"),
        )

    def progress(self) -> Progress:
        return Progress(achieved={"finds": {"gem": self.tick} if self._depth >= self._gem else {}})

    def snapshot(self) -> bytes:
        return f"{self._depth} {self.tick} {self._gem}".encode()

    def restore(self, snapshot: bytes) -> None:
        self._depth, self.tick, self._gem = map(int, snapshot.split())

    @primitive
    def dig(self) -> int:
        """Dig; returns how deep the pit is."""
        time.sleep(self._options["slow"])
        self._depth += 1
        return self._step()

    @primitive
    def fill(self) -> int:
        """Fill the pit up by one; returns how deep it is."""
        if not self._depth:
            raise PrimitiveError("cannot fill: there is no pit")
        self._depth -= 1
        return self._step()

    def _step(self) -> int:
        self.tick += 1
        if self._depth >= self._gem:
            raise EpisodeEnded("terminated", "the gem is found")
        if self.tick >= self._options["steps"]:
            raise EpisodeEnded("truncated", "night fell")
        return self._depth


def _random(world: Any, draws: Random) -> None:
    while True:
        with suppress(PrimitiveError):
            world.call_primitive(draws.choice(["dig", "fill"]))


def _expert(world: Any, _draws: Random) -> None:
    while True:
        world.call_primitive("dig")


BENCHMARK = Benchmark(
    name="digging:BENCHMARK",
    title="Digging",
    source="nobody 2026",
    environment="digging:Pit",
    extra="digging",
    modules=("digging",),
    measures="success rate",
    score=mean_of("success"),
    protocol=Protocol(episodes=4, steps=8, iterations=2),
    random=_random,
    expert=_expert,
    variants=(Variant("sand"), Variant("rock", {"rock": 1})),
    steps_option="steps",
    published=(Published("a mole", 99.5, "Mole 2020", spread=0.5, note="with claws"),),
)
SLOW = replace(
    BENCHMARK,
    name="digging:SLOW",
    expert=None,
    steps_option="",
    protocol=Protocol(episodes=4, iterations=2),
    variants=(Variant("mud", {"slow": 0.3}),),
)
