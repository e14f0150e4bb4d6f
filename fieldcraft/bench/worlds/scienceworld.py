"""ScienceWorld (Wang et al. 2022): thirty tasks, scored by the mean of their scores."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import Any

from fieldcraft.bench.definition import Benchmark, EpisodeStart, Protocol, Published, Variant, mean_of
from fieldcraft.envs import PrimitiveError

PAPER = "Wang et al. 2022, arXiv 2203.07540"
_SWIFTSAGE = "Lin et al. 2023, arXiv 2305.17390, section 1"
TASKS = (
    "boil",
    "melt",
    "freeze",
    "change-the-state-of-matter-of",
    "use-thermometer",
    "measure-melting-point-known-substance",
    "measure-melting-point-unknown-substance",
    "power-component",
    "power-component-renewable-vs-nonrenewable-energy",
    "test-conductivity",
    "test-conductivity-of-unknown-substances",
    "find-living-thing",
    "find-non-living-thing",
    "find-plant",
    "find-animal",
    "grow-plant",
    "grow-fruit",
    "chemistry-mix",
    "chemistry-mix-paint-secondary-color",
    "chemistry-mix-paint-tertiary-color",
    "lifespan-longest-lived",
    "lifespan-shortest-lived",
    "lifespan-longest-lived-then-shortest-lived",
    "identify-life-stages-1",
    "identify-life-stages-2",
    "inclined-plane-determine-angle",
    "inclined-plane-friction-named-surfaces",
    "inclined-plane-friction-unnamed-surfaces",
    "mendelian-genetics-known-plant",
    "mendelian-genetics-unknown-plant",
)


def _start(_variant: Variant, seed: int, number: int) -> EpisodeStart:
    """The variations of the test set in their order; another seed begins elsewhere among them."""
    return EpisodeStart((seed - 1) * 10 + number - 1, {"split": "test"})


def _random(world: Any, draws: Random) -> None:
    while True:
        with suppress(PrimitiveError):  # not all that the simulator lists is understood
            world.call_primitive("action", (draws.choice(world.call_primitive("actions")),))


def _expert(world: Any, _draws: Random) -> None:
    """The simulator's own gold path."""
    for action in world.gold_path():
        with suppress(PrimitiveError):
            world.call_primitive("action", (action,))


BENCHMARK = Benchmark(
    name="scienceworld",
    title="ScienceWorld",
    source=PAPER,
    environment="scienceworld-v1",
    extra="scienceworld",
    modules=("scienceworld", "py4j"),
    measures="mean score",
    score=mean_of("progress"),
    protocol=Protocol(episodes=10, seeds=1, steps=100),
    random=_random,
    expert=_expert,
    variants=tuple(Variant(task, {"task": task}) for task in TASKS),
    steps_option="steps",
    start=_start,
    published=tuple(
        Published(who, score, _SWIFTSAGE, note="all 30 tasks, by GPT-4")
        for who, score in (("SwiftSage", 84.7), ("Reflexion", 45.3), ("ReAct", 36.4), ("SayCan", 33.8))
    ),
)
