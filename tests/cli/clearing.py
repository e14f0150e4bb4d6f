"""A clearing to test the command line in: wood, planks, and a tree that can be slow or rude."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from fieldcraft.envs import (
    Environment,
    EnvironmentSpec,
    Names,
    Observation,
    PrimitiveError,
    Progress,
    primitive,
)

RUDE = "\x1b]0;owned\x07\x1b[2J[bold red]not markup[/] \u202esdrawkcab"
OPTIONS = {"slow": 0.0, "rude": False}


class Clearing(Environment):
    """Options: `slow` (seconds that a chop takes), `rude` (what the world says moves cursors)."""

    spec = EnvironmentSpec(
        id="clearing-v1",
        description="A clearing with a tree.",
        can_snapshot=True,
        can_render=True,
        names=Names(items=("plank", "wood")),
    )

    def __init__(self) -> None:
        self._held: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._tick = 0
        self._options: dict[str, Any] = dict(OPTIONS)

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        for name in options or {}:
            if name not in OPTIONS:
                raise ValueError(f"no option {name!r}; there are {', '.join(OPTIONS)}")
        self._options = {**OPTIONS, **(options or {})}
        self._held, self._first, self._tick = {}, {}, 0
        return self.observe()

    def observe(self) -> Observation:
        events = [RUDE] if self._options["rude"] else []
        return Observation(tick=self._tick, biome="forest", inventory=dict(self._held), events=events)

    def progress(self) -> Progress:
        milestones = {"carpentry": self._first["plank"]} if "plank" in self._first else {}
        return Progress(items=dict(self._first), milestones=milestones, distance=3.0)

    def snapshot(self) -> bytes:
        return json.dumps([self._held, self._first, self._tick, self._options]).encode()

    def restore(self, snapshot: bytes) -> None:
        self._held, self._first, self._tick, self._options = json.loads(snapshot)

    def render(self) -> bytes:
        return b"\x89PNG\r\n\x1a\n" + self.snapshot()

    @primitive
    def chop(self) -> int:
        """Chop the tree; returns how much wood fell."""
        time.sleep(self._options["slow"])
        self._gain("wood", 2)
        return 2

    @primitive
    def saw(self, count: int = 1) -> int:
        """Saw planks, two from one wood."""
        if self._held.get("wood", 0) < count:
            rude = RUDE if self._options["rude"] else ""
            raise PrimitiveError(f"cannot saw: need {count} wood (have {self._held.get('wood', 0)}){rude}")
        self._held["wood"] -= count
        self._gain("plank", 2 * count)
        return 2 * count

    def _gain(self, item: str, count: int) -> None:
        self._tick += 10
        self._held[item] = self._held.get(item, 0) + count
        self._first.setdefault(item, self._tick)


class Overgrown(Clearing):
    """The same, but it promises pictures and snapshots that it does not have."""

    spec = Clearing.spec.model_copy(update={"id": "overgrown-v1", "can_render": False})

    def restore(self, snapshot: bytes) -> None:
        self._held = {}
