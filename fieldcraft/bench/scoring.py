"""The score of a benchmark with its spread: over seeds, and by drawing episodes again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean, stdev

from fieldcraft.bench.bench import Bench
from fieldcraft.bench.definition import Benchmark, EpisodeResult
from fieldcraft.bench.plan import Arm

DRAWS = 1_000
"""How often the episodes are drawn again for the interval."""


@dataclass(frozen=True)
class Score:
    """A score over the episodes of one or more seeds.

    Attributes:
        score: the mean of the seeds' scores.
        low, high: 95 percent interval: the percentiles 2.5 and 97.5 of the score where as many episodes of
            each seed and variant are drawn again with repetition (bootstrap).
        deviation: the standard deviation of the seeds' scores; `None` where there is one seed.
        seeds: the score of each seed.
    """

    score: float
    low: float
    high: float
    deviation: float | None
    seeds: dict[int, float]


@dataclass(frozen=True)
class ArmFound:
    """What an arm of a benchmark came to.

    Attributes:
        arm: which.
        planned: how many episodes it has.
        episodes: those that are finished.
        score: over them; `None` where there are none.
        parts: figures that it consists of; see `Benchmark.parts`.
    """

    arm: Arm
    planned: int
    episodes: list[EpisodeResult]
    score: Score | None
    parts: dict[str, float]


def found(bench: Bench) -> list[ArmFound]:
    """What each arm of a benchmark came to so far."""
    return [_arm(bench, arm) for arm in bench.plan.arms]


def scored(benchmark: Benchmark, episodes: Sequence[EpisodeResult]) -> Score:
    """The score of episodes; there is at least one."""
    by_seed: dict[int, list[EpisodeResult]] = {}
    for episode in episodes:
        by_seed.setdefault(episode.seed, []).append(episode)
    seeds = {seed: benchmark.score(played) for seed, played in by_seed.items()}
    draws = Random(0)  # noqa: S311
    again = sorted(
        fmean(benchmark.score(_drawn_again(played, draws)) for played in by_seed.values())
        for _ in range(DRAWS)
    )
    return Score(
        score=fmean(seeds.values()),
        low=again[round(0.025 * (DRAWS - 1))],
        high=again[round(0.975 * (DRAWS - 1))],
        deviation=stdev(seeds.values()) if len(seeds) > 1 else None,
        seeds=seeds,
    )


def learning(benchmark: Benchmark, episodes: Sequence[EpisodeResult]) -> list[float]:
    """The score over the episodes number 1 to n, for each n that was finished by some seed."""
    last = max(episode.number for episode in episodes)
    first = [[one for one in episodes if one.number <= number] for number in range(1, last + 1)]
    return [benchmark.score(played) for played in first if played]


def _arm(bench: Bench, arm: Arm) -> ArmFound:
    episodes = bench.results(arm)
    return ArmFound(
        arm=arm,
        planned=sum(record.trial.arm == arm for record in bench.records),
        episodes=episodes,
        score=scored(bench.benchmark, episodes) if episodes else None,
        parts=bench.benchmark.parts_of(episodes) if episodes else {},
    )


def _drawn_again(episodes: Sequence[EpisodeResult], draws: Random) -> list[EpisodeResult]:
    by_variant: dict[str, list[EpisodeResult]] = {}
    for episode in episodes:
        by_variant.setdefault(episode.variant, []).append(episode)
    return [one for same in by_variant.values() for one in draws.choices(same, k=len(same))]
