"""ScienceWorld: experiments of elementary school in a house of rooms, each episode with a task in words."""

from fieldcraft.envs.scienceworld.world import ScienceWorld

__all__ = ["ScienceWorld"]
