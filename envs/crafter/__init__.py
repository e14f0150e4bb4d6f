"""Crafter as a world, `crafter-v1`, and its published score."""

from __future__ import annotations

from fieldcraft.envs.crafter.names import ACHIEVEMENTS
from fieldcraft.envs.crafter.scoring import score, success_rates
from fieldcraft.envs.crafter.world import CrafterWorld

__all__ = ["ACHIEVEMENTS", "CrafterWorld", "score", "success_rates"]
