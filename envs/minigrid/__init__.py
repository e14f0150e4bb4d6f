"""MiniGrid and BabyAI: rooms with doors, keys, balls and boxes, and a mission in words for each episode."""

from fieldcraft.envs.minigrid.world import MiniGridWorld

__all__ = ["MiniGridWorld"]
