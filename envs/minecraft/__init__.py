"""Minecraft: a world on a real server, played by a Mineflayer bot in a Node process of its own."""

from fieldcraft.envs.minecraft.environment import MinecraftWorld
from fieldcraft.envs.minecraft.javascript import Script, ScriptCall, ScriptFault, ScriptOutcome

__all__ = ["MinecraftWorld", "Script", "ScriptCall", "ScriptFault", "ScriptOutcome"]
