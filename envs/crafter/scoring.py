"""The score of Crafter as its paper defines it (Hafner 2021, arXiv 2109.06780)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import exp, fsum, log1p

from fieldcraft.common.suggest import nearest
from fieldcraft.envs.crafter.names import ACHIEVEMENTS


def success_rates(episodes: Iterable[Collection[str]]) -> dict[str, float]:
    """In how many percent of the episodes each of the 22 achievements was reached at least once.

    Args:
        episodes: what was achieved in each, as `Progress.achieved["achievements"]` has it.

    Raises:
        ValueError: there is no episode, or a name that is no achievement of Crafter.
    """
    reached = dict.fromkeys(ACHIEVEMENTS, 0)
    count = 0
    for achieved in episodes:
        count += 1
        for name in frozenset(achieved):
            if name not in reached:
                raise ValueError(f"Crafter has no achievement {name!r}{nearest(name, reached)}")
            reached[name] += 1
    if not count:
        raise ValueError("there is no score of no episodes; play at least one")
    return {name: 100 * times / count for name, times in reached.items()}


def score(episodes: Iterable[Collection[str]]) -> float:
    """The score over episodes, in percent: `exp(mean(ln(1 + success rate in percent))) - 1`.

    The mean is over the 22 achievements. Takes and raises what `success_rates` does.
    """
    rates = success_rates(episodes)
    return exp(fsum(map(log1p, rates.values())) / len(rates)) - 1
