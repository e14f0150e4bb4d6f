"""Environments of Gymnasium as worlds, by `gym:ENV_ID` or from Python, and worlds as such environments."""

from fieldcraft.envs.gym.entry import from_gymnasium, to_gymnasium

__all__ = ["from_gymnasium", "to_gymnasium"]
