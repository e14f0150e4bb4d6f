"""MiniWoB++: small web pages in a browser, each with an instruction in words."""

from fieldcraft.envs.miniwob.world import MiniWobWorld

__all__ = ["MiniWobWorld"]
