"""Players of levels: the package's own expert, a program that sees what an agent sees, and random steps."""

from __future__ import annotations

import contextlib
import random
from typing import Any

from minigrid.utils.baby_ai_bot import BabyAIBot

from fieldcraft.envs import Environment, EpisodeEnded, PrimitiveError

ACTIONS = ("left", "right", "forward", "pick_up", "drop", "toggle", "done")
"""The primitives of single actions, in MiniGrid's order."""


def expert(world: Any) -> str:
    """How the expert of MiniGrid ends the episode, through the primitives; it looks at the whole grid."""
    bot, action = BabyAIBot(world._play.environment), None
    try:
        while True:
            action = bot.replan(action)
            world.call_primitive(ACTIONS[int(action)])
    except EpisodeEnded as end:
        return str(end)


def step_at_random(world: Environment, steps: int, seed: int) -> None:
    """Take so many steps, or as many as the episode has."""
    draw, until = random.Random(seed), world.tick + steps
    with contextlib.suppress(EpisodeEnded):
        while world.tick < until:
            with contextlib.suppress(PrimitiveError):
                world.call_primitive(draw.choice(("left", "right", *["forward"] * 3, *ACTIONS[3:6])))


def find(world: Environment, kind: str, colour: str | None) -> None:
    """Explore until such a thing was seen."""
    while not any(
        (thing["kind"] == kind or kind == "object") and colour in (None, thing["colour"])
        for thing in world.call_primitive("look")["things"]
    ):
        world.call_primitive("explore")


def named(words: str) -> tuple[str, str | None]:
    """Kind and colour of `the red ball`."""
    *colour, kind = words.split()[1:]
    return kind, colour[0] if colour else None


def solve(world: Environment, mission: str) -> str:
    """How a short program ends an episode whose mission is one of the three usual ones."""
    try:
        if mission.startswith("put "):
            first, second = mission.removeprefix("put ").split(" next to ")
            for thing in (first, second):
                find(world, *named(thing))
            world.call_primitive("pick_up", named(first))
            world.call_primitive("go_next_to", named(second))
            world.call_primitive("drop")
        else:
            verb, _, thing = mission.partition(" the ") if " the " in mission else mission.partition(" a ")
            kind, colour = named(f"the {thing}")
            find(world, kind, colour)
            world.call_primitive(verb.replace(" ", "_"), (kind, colour))
    except EpisodeEnded as end:
        return str(end)
    return "not ended"
