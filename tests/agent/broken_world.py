"""Worlds with faults of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toy_world import ToyWorld

from fieldcraft.envs import Observation


class Raises(ToyWorld):
    """Cannot be reset."""

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        raise KeyError("gravity")


class GoesBlind(ToyWorld):
    """Cannot be observed once anything was chopped."""

    def observe(self) -> Observation:
        if self._held:
            raise RuntimeError("fog")
        return super().observe()


class Full(ToyWorld):
    """All pockets are full from the start, and planks hold things."""

    spec = ToyWorld.spec.model_copy(update={"id": "full-v1", "container": "plank"})

    def observe(self) -> Observation:
        return super().observe().model_copy(update={"slots_used": 36, "slots_total": 36})
