"""MiniHack and NetHack: levels of a dungeon, read in words, with a task for each episode or a score."""

from fieldcraft.envs.minihack.world import MiniHackWorld

__all__ = ["MiniHackWorld"]
