"""Worlds with faults of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toy_world import ToyWorld

from fieldcraft.envs import Observation, PrimitiveError, primitive


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
    """All pockets are full once it was asked for planks, which hold things."""

    spec = ToyWorld.spec.model_copy(update={"id": "full-v1", "container": "plank"})

    def observe(self) -> Observation:
        used = 36 if self._tick else 0
        return super().observe().model_copy(update={"slots_used": used, "slots_total": 36})

    @primitive
    def saw(self, count: int = 1) -> int:
        """Saw nothing."""
        self._tick += count
        raise PrimitiveError("cannot saw plank: need 1 wood")
