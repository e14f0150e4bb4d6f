"""Minecraft: a world on a real server, played by a Mineflayer bot in a separate Node process."""

from fieldcraft.envs.minecraft.environment import MinecraftWorld

__all__ = ["MinecraftWorld"]
