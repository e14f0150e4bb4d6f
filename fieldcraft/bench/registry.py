"""Finding benchmarks by name, also those whose world is not installed."""

from __future__ import annotations

from fieldcraft.bench.definition import Benchmark
from fieldcraft.common import plugins
from fieldcraft.common.errors import ForeignFault, InputError


class UnknownBenchmark(InputError, LookupError):
    """No benchmark of this name; the message lists the nearest names."""


class BrokenBenchmark(ForeignFault, RuntimeError):
    """A benchmark was found, but cannot be loaded, or is none."""


BUILT_IN = {
    "babyai": "fieldcraft.bench.worlds.babyai:BENCHMARK",
    "crafter": "fieldcraft.bench.worlds.crafter:BENCHMARK",
    "minihack": "fieldcraft.bench.worlds.minihack:BENCHMARK",
    "miniwob": "fieldcraft.bench.worlds.miniwob:BENCHMARK",
    "plancraft": "fieldcraft.bench.worlds.plancraft:BENCHMARK",
    "scienceworld": "fieldcraft.bench.worlds.scienceworld:BENCHMARK",
    "textworld": "fieldcraft.bench.worlds.textworld:BENCHMARK",
}
KIND = plugins.Kind(
    noun="benchmark",
    group="fieldcraft.benchmarks",
    built_in=BUILT_IN,
    unknown=UnknownBenchmark,
    broken=BrokenBenchmark,
)


def benchmark(name: str) -> Benchmark:
    """The benchmark of a name: built in, announced by a package, or `module:NAME`.

    Raises:
        UnknownBenchmark: there is none.
        BrokenBenchmark: it cannot be loaded, or is no `Benchmark`.
    """
    found = plugins.load(KIND, name)
    if not isinstance(found, Benchmark):
        raise BrokenBenchmark(f"benchmark {name!r} is no fieldcraft.bench.Benchmark ({type(found).__name__})")
    return found


def benchmarks() -> list[Benchmark]:
    """Every benchmark by name, whether its world is installed or not (`Benchmark.missing`).

    Raises:
        BrokenBenchmark: one of them cannot be loaded, or is no `Benchmark`.
    """
    return [benchmark(name) for name in plugins.available(KIND)]
