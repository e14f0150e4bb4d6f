"""Players of examples: the package's oracle, and random steps."""

from __future__ import annotations

import contextlib
import random
from typing import Any

from fieldcraft.bench.worlds import plancraft
from fieldcraft.envs import Environment, EpisodeEnded, PrimitiveError
from fieldcraft.envs.plancraft.slots import GRID, SLOTS, STORE


def oracle(world: Any) -> str:
    """How the oracle of Plancraft ends the episode, through the primitives of single actions."""
    try:
        plancraft.oracle(world, random.Random(0))
    except EpisodeEnded as end:
        return str(end)
    return "not ended"


def step_at_random(world: Environment, steps: int, seed: int) -> None:
    """Take so many steps, or as many as the episode has."""
    draw, until = random.Random(seed), world.tick + steps
    with contextlib.suppress(EpisodeEnded):
        while world.tick < until:
            held = sorted(world.observe().inventory)
            full = sorted(world.call_primitive("look")["slots"])
            with contextlib.suppress(PrimitiveError):
                match draw.choice(("move", "move", "move", "smelt", "craft", "search")):
                    case "move":
                        world.call_primitive("move", (draw.choice(full), draw.choice((*GRID, *STORE)), 1))
                    case "smelt":
                        world.call_primitive("smelt", (draw.choice(held),))
                    case "craft":
                        world.call_primitive("craft", ({draw.choice(GRID): draw.choice(held)},))
                    case "search":
                        world.call_primitive("search", (draw.choice(held),))


def lacking_slot(world: Environment) -> str:
    """A slot of the inventory that is empty."""
    full = world.call_primitive("look")["slots"]
    return next(slot for slot in SLOTS[10:] if slot not in full)
