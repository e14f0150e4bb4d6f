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
