"""MiniWoB++ (Liu et al. 2018): small web pages with an instruction, scored by the rate of success.

The tasks are those that a scripted player is known for, of the package's 130.
"""

from __future__ import annotations

from random import Random
from typing import Any

from fieldcraft.bench.definition import Benchmark, Protocol, Published, Variant, mean_of
from fieldcraft.bench.worlds.miniwob_expert import KNOWN

RANDOM_CLICKS = 30
COMPOSED = "Furuta et al. 2023, arXiv 2311.18751"


def _random(world: Any, draws: Random) -> None:
    """Click on points of the page."""
    for _ in range(RANDOM_CLICKS):
        world.call_primitive("mouse", ("click", draws.randrange(160), draws.randrange(50, 210)))


def _expert(world: Any, _draws: Random) -> None:
    """The program for the task, which sees what an agent sees."""

    def do(name: str, *arguments: Any, **named: Any) -> Any:
        return world.call_primitive(name, arguments, named)

    KNOWN[world.task_now()](do, do("look"))


BENCHMARK = Benchmark(
    name="miniwob",
    title="MiniWoB++",
    source="Liu et al. 2018, arXiv 1802.08802",
    environment="miniwob-v1",
    extra="miniwob",
    modules=("miniwob", "selenium"),
    measures="success rate",
    score=mean_of("success"),
    protocol=Protocol(episodes=5, iterations=5),
    random=_random,
    expert=_expert,
    variants=tuple(Variant(task, {"tasks": task}) for task in KNOWN),
    published=(
        Published(
            "Synapse",
            99.2,
            "Zheng et al. 2024, arXiv 2306.07863",
            note="64 tasks, with demonstrations from 48 of them",
        ),
        Published("HTML-T5++", 95.2, COMPOSED, note="trained on demonstrations of the tasks"),
        Published(
            "CAAP",
            94.4,
            "Cho et al. 2024, arXiv 2406.06947",
            note="67 tasks, by pictures alone, with demonstrations",
        ),
        Published("GPT-3.5 and GPT-4, prompted", 94.0, COMPOSED, note="other tasks, with demonstrations"),
    ),
)
