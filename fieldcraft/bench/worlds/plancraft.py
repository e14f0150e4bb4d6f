"""Plancraft (Dagan et al. 2024): items to craft from what is held, of which some cannot be."""

from __future__ import annotations

import re
from contextlib import suppress
from copy import deepcopy
from random import Random
from typing import Any

from fieldcraft.bench.definition import Benchmark, EpisodeStart, Protocol, Variant, mean_of
from fieldcraft.envs import PrimitiveError
from fieldcraft.envs.plancraft.slots import GRID, STORE

EXAMPLES = 117
"""Of the set `test.small`: 97 that can be done and 20 that cannot."""
_ACTION = re.compile(r"(move|smelt): from \[(\w+)\] to \[(\w+)\] with quantity (\d+)")
_PRIMITIVES = {"move": "move", "smelt": "smelt_slot"}


def _example(_variant: Variant, _seed: int, number: int) -> EpisodeStart:
    """The examples one after another, the same for each seed."""
    return EpisodeStart(number - 1)


def _random(world: Any, draws: Random) -> None:
    """Moves and smelts one thing of a slot that is not empty."""
    while True:
        full = sorted(world.call_primitive("look")["slots"])
        name, source, to = (
            draws.choice(("move", "smelt_slot")),
            draws.choice(full),
            draws.choice((*GRID, *STORE)),
        )
        with suppress(PrimitiveError):
            world.call_primitive(name, (source, to))


def oracle(world: Any, _draws: Random) -> None:
    """The planner of the package, which searches the shortest way and does it slot by slot."""
    from plancraft.environment.planner import get_subplans

    play = world._play
    observation = {"inventory": deepcopy(play.table.state), "target": play.example.target}
    plans, _ = get_subplans(observation)
    for action in (one for plan in plans for one in plan):
        found = _ACTION.match(action)
        if found is None:
            world.call_primitive("impossible")
        else:
            world.call_primitive(_PRIMITIVES[found[1]], (found[2], found[3], int(found[4])))


BENCHMARK = Benchmark(
    name="plancraft",
    title="Plancraft",
    source="Dagan et al. 2024, arXiv 2412.21033",
    environment="plancraft-v1",
    extra="plancraft",
    modules=("plancraft", "networkx", "loguru"),
    measures="success rate",
    score=mean_of("success"),
    protocol=Protocol(episodes=EXAMPLES, steps=30, iterations=5),
    random=_random,
    expert=oracle,
    variants=(Variant("test.small", {"split": "test.small"}),),
    steps_option="max_steps",
    start=_example,
)
