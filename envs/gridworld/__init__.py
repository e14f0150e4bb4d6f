"""The grid world: survival on a plane, with the rules in one data file."""

from fieldcraft.envs.gridworld.environment import GridWorld
from fieldcraft.envs.gridworld.loading import RulesError

__all__ = ["GridWorld", "RulesError"]
