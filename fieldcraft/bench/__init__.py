"""Benchmarks of the field: each by its own protocol, with and without a library kept between episodes.

How to add one. Write `fieldcraft/bench/worlds/NAME.py` with a `BENCHMARK = Benchmark(...)`, and a line for
it in `BUILT_IN` (`registry.py`); other packages announce one by an entry point of the group
`fieldcraft.benchmarks`. The module is imported where the world's package is missing too, for
`fieldcraft bench list`: import that package inside of functions. A benchmark is data and small functions:

- `environment` and `variants`: the world by its id, and what an episode may be in, by the world's options: a
  level, a game, a task.
- `start`: with which seed and further options the episode number N of a seed begins, where the default, a
  seed that no other episode has, is not what the paper does: numbered examples of a data set, for example.
- `protocol`: how many seeds, episodes of each variant and seed, and steps there are in the paper.
- `score`: the figure of the paper over `EpisodeResult`s, which have the scores and the achievements that the
  world told at the end; often `mean_of("success")`.
- `random` and `expert`: players that call the world's primitives until `EpisodeEnded` passes through them.
- `published`: figures of others with their source; only what a paper or a board says, none guessed.

Then `fieldcraft bench NAME --player expert` has to reach what the paper calls the full score: a test in
`tests/envs/NAME/`.
"""

from fieldcraft.bench.definition import (
    Benchmark,
    EpisodeResult,
    EpisodeStart,
    Player,
    Protocol,
    Published,
    Variant,
    mean_of,
)
from fieldcraft.bench.registry import benchmark, benchmarks

__all__ = [
    "Benchmark",
    "EpisodeResult",
    "EpisodeStart",
    "Player",
    "Protocol",
    "Published",
    "Variant",
    "benchmark",
    "benchmarks",
    "mean_of",
]
