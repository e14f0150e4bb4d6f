"""Plancraft: a crafting table, an inventory, and for each episode an item to craft from what is held."""

from fieldcraft.envs.plancraft.world import PlancraftWorld

__all__ = ["PlancraftWorld"]
