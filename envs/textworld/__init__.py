"""TextWorld: games in words (a treasure hunt, a search for a coin, a meal to cook), made for each seed."""

from fieldcraft.envs.textworld.world import TextWorld

__all__ = ["TextWorld"]
