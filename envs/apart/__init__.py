"""A world in a process of its own, which can be ended whatever its code does."""

from fieldcraft.envs.apart.world import WorldApart, make_world

__all__ = ["WorldApart", "make_world"]
