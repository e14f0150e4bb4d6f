"""Living in a world at random, again and elsewhere: what shows only where primitives are called in a row."""

from fieldcraft.envs.conformance.lived import lived_problems

__all__ = ["lived_problems"]
