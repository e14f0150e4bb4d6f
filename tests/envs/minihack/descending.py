"""Players of levels: one that explores until it sees the stairs, and random keys."""

from __future__ import annotations

import contextlib
import random
from typing import Any

from fieldcraft.bench.worlds import minihack
from fieldcraft.envs import Environment, EpisodeEnded, PrimitiveError

LEFT_OUT = ("quit", "save", "shell", "!", "S")
"""Keys that end the game itself."""


def descend(world: Environment) -> str:
    """How the benchmark's player ends the episode."""
    try:
        minihack.descend(world, random.Random(0))
    except EpisodeEnded as end:
        return str(end)
    return "not ended"


def press_at_random(world: Any, steps: int, seed: int) -> None:
    """Press so many keys, or as many as the episode has."""
    draw = random.Random(seed)
    codes = sorted(set(world._play.codes) - set(LEFT_OUT))
    with contextlib.suppress(EpisodeEnded):
        for _ in range(steps):
            with contextlib.suppress(PrimitiveError):
                world.call_primitive("press", (draw.choice(codes),))
