"""Crafter (Hafner 2021): 22 achievements, scored by the geometric mean of their success rates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from random import Random

from fieldcraft.bench.definition import Benchmark, EpisodeResult, Protocol, Published, Variant
from fieldcraft.envs import Environment
from fieldcraft.envs.crafter.names import ACTIONS
from fieldcraft.envs.crafter.scoring import score, success_rates

PAPER = "Hafner 2021, arXiv 2109.06780"


def _achieved(episodes: Sequence[EpisodeResult]) -> list[Collection[str]]:
    return [episode.achieved.get("achievements", ()) for episode in episodes]


def _score(episodes: Sequence[EpisodeResult]) -> float:
    return score(_achieved(episodes))


def _success_rates(episodes: Sequence[EpisodeResult]) -> Mapping[str, float]:
    return success_rates(_achieved(episodes))


def _random(world: Environment, draws: Random) -> None:
    while True:
        world.call_primitive("step", (draws.choice(ACTIONS),))


BENCHMARK = Benchmark(
    name="crafter",
    title="Crafter",
    source=PAPER,
    environment="crafter-v1",
    extra="crafter",
    modules=("crafter",),
    measures="score",
    score=_score,
    protocol=Protocol(episodes=20, seeds=1, steps=10_000, iterations=160, curriculum="auto"),
    random=_random,
    variants=(Variant("crafter"),),
    steps_option="length",
    parts=_success_rates,
    published=(
        Published("human experts", 50.5, PAPER, spread=6.8),
        Published(
            "SPRING, GPT-4",
            27.3,
            "Wu et al. 2023, arXiv 2305.15486",
            spread=1.2,
            note="no training; reads the paper's source",
        ),
        Published(
            "Achievement Distillation",
            21.8,
            "Moon et al. 2023, arXiv 2307.03486",
            spread=1.4,
            note="trained for 1M steps, on pictures",
        ),
        Published(
            "DreamerV3",
            14.5,
            "Hafner et al. 2023, arXiv 2301.04104",
            spread=1.6,
            note="trained for 1M steps, on pictures",
        ),
        Published("DreamerV2", 10.0, PAPER, spread=1.2, note="trained for 1M steps, on pictures"),
        Published("PPO", 4.6, PAPER, spread=0.3, note="trained for 1M steps, on pictures"),
        Published("random", 1.6, PAPER, spread=0.0),
    ),
)
