"""How fast the grid world is: moves, observations, resets, snapshots, memory, and how each grows with size.

Prints one JSON object. Rates are the median of several runs; sizes are tiles on a side.
"""

from __future__ import annotations

import json
import platform
import statistics
import time
import tracemalloc
from collections.abc import Callable

import numpy as np

from fieldcraft.envs.gridworld import GridWorld
from fieldcraft.envs.gridworld.world import World

MOVES = 40_000
RUNS = 5


def path_of_turns(count: int) -> list[int]:
    """A seeded walk that keeps going some tiles before it turns."""
    random = np.random.Generator(np.random.PCG64(7))
    return np.repeat(random.integers(0, 4, size=count // 6 + 1), 6)[:count].tolist()


def median_rate(work: Callable[[], int]) -> float:
    """Units a second, the median of `RUNS` runs."""
    rates = []
    for _ in range(RUNS):
        start = time.perf_counter()
        units = work()
        rates.append(units / (time.perf_counter() - start))
    return statistics.median(rates)


def median_seconds(work: Callable[[], object], times: int) -> float:
    """Seconds a call, the median of `times` calls."""
    samples = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        samples.append(time.perf_counter() - start)
    return statistics.median(samples)


def window(world: World) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The 9x9 tiles around the agent as an array of block numbers."""
    tiles = np.frombuffer(world.surface, dtype=np.uint8).reshape(world.stride, world.stride)
    z, x = divmod(world.cell, world.stride)
    return tiles[z - 4 : z + 5, x - 4 : x + 5].copy()


def walking(size: int, density: float = 1.0) -> dict[str, float]:
    """Moves a second that lead somewhere: alone, with a 9x9 array after each, with a text observation."""
    environment = GridWorld()
    turns = path_of_turns(MOVES)

    environment.reset(seed=1, options={"size": size, "mob_density": density})

    def steps() -> int:
        before = environment.world.life.distance
        move = environment.move
        for turn in turns:
            move(turn)
        return environment.world.life.distance - before

    def ticks() -> int:
        before = environment.tick
        steps()
        return environment.tick - before

    def timed(look: Callable[[], object], count: int) -> Callable[[], int]:
        def work() -> int:
            before = environment.world.life.distance
            for turn in turns[:count]:
                if environment.move(turn):
                    look()
            return environment.world.life.distance - before

        return work

    return {
        "moves_per_second": median_rate(steps),
        "ticks_per_second": median_rate(ticks),
        "moves_per_second_with_9x9_array": median_rate(timed(lambda: window(environment.world), MOVES)),
        "moves_per_second_with_text": median_rate(timed(lambda: environment.observe().text(), 4000)),
    }


def storing(size: int) -> dict[str, float]:
    """Reset and snapshot times, the size of a snapshot, and the memory of a world."""
    environment = GridWorld()
    environment.reset(seed=1, options={"size": size})
    seeds = iter(range(10_000))

    def roundtrip() -> None:
        environment.restore(environment.snapshot())

    figures = {
        "reset_ms": 1e3
        * median_seconds(lambda: environment.reset(seed=next(seeds), options={"size": size}), 20),
        "snapshot_and_restore_us": 1e6 * median_seconds(roundtrip, 200),
        "snapshot_kb": len(environment.snapshot()) / 1e3,
    }
    tracemalloc.start()
    other = GridWorld()
    other.reset(seed=1, options={"size": size})
    figures["memory_mb"] = tracemalloc.get_traced_memory()[0] / 1e6
    figures["memory_peak_mb"] = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return figures


def main() -> None:
    """Measure and print."""
    sizes = (64, 192, 512)
    report = {
        "python": platform.python_version(),
        "walking": {str(size): walking(size) for size in sizes},
        "walking_without_mobs_192": walking(192, 0.0),
        "storing": {str(size): storing(size) for size in sizes},
    }
    print(json.dumps(report, indent=2, default=float))


if __name__ == "__main__":
    main()
