"""Players of levels: one that explores until it sees the stairs, and random keys."""

from __future__ import annotations

import contextlib
import random
from typing import Any

from fieldcraft.envs import Environment, EpisodeEnded, PrimitiveError

DIRECTIONS = {(0, -1): "north", (0, 1): "south", (1, 0): "east", (-1, 0): "west"}
LEFT_OUT = ("quit", "save", "shell", "!", "S")
"""Keys that end the game itself."""


def descend(world: Environment) -> str:
    """How a player that takes keys and opens doors on its way to the stairs ends the episode."""
    try:
        for _ in range(200):
            _advance(world)
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


def _advance(world: Environment) -> None:
    names = {thing["name"] for thing in world.call_primitive("look")["things"]}
    for wanted, then in (("staircase down", None), ("key", "pick_up")):
        if any(wanted in name for name in names):
            with contextlib.suppress(PrimitiveError):
                if world.call_primitive("walk_to", (wanted,)) and then:
                    world.call_primitive(then)
                return
    try:
        world.call_primitive("explore")
    except PrimitiveError:
        _open_a_door(world)


def _open_a_door(world: Environment) -> None:
    world.call_primitive("walk_to", ("closed door",))
    look = world.call_primitive("look")
    door = next(thing for thing in look["things"] if thing["name"] == "closed door")
    direction = DIRECTIONS[door["east"], door["south"]]
    try:
        if any("key" in item for item in look["inventory"].values()):
            world.call_primitive("apply", ("key", direction))
        else:
            world.call_primitive("move", (direction,))
    except PrimitiveError as error:
        if "locked" not in str(error):
            raise
        world.call_primitive("use", ("kick", None, direction))
