"""The grid world as a world without snapshots: it is brought back by running the recorded programs again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fieldcraft.envs import Observation
from fieldcraft.envs.gridworld import GridWorld


class RepeatedWorld(GridWorld):
    """Equal to the grid world, but for its snapshots, which nobody may take."""

    def __init__(self) -> None:
        super().__init__()
        self._take_snapshots_away()

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        """Begin anew, as the grid world does."""
        seen = super().reset(seed=seed, options=options)
        self._take_snapshots_away()
        return seen

    def _take_snapshots_away(self) -> None:
        self.spec = self.spec.model_copy(update={"id": "repeated-v1", "can_snapshot": False})
