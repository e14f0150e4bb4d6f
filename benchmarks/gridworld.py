"""How fast the grid world is, beside `crafter`, and how each figure grows with size and mobs. Prints JSON.

python benchmarks/gridworld.py            every figure, and whether it reaches its target
python benchmarks/gridworld.py --quick    few rounds, small worlds

Seconds are of the processor, and a figure is the best of several rounds: what else a machine does can only
slow one down. `crafter` (pip install 'fieldcraft[crafter]') walks the same turns, its pictures and its map of
objects not drawn; where it is not installed its figures are null.
Sizes are tiles on a side.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fieldcraft.envs.gridworld import GridWorld
from fieldcraft.envs.gridworld.world import World

MOVES = 40_000
TARGETS = {
    "ticks_per_second": 200_000,
    "moves_per_second": 200_000,
    "moves_per_second_with_9x9_array": 100_000,
    "moves_per_second_with_text": 30_000,
    "times_crafter_without_images": 50,
    "reset_ms_64": 10,
    "snapshot_and_restore_us": 100,
    "memory_peak_mb_512": 50,
}
"""Least rates, and the most that times (`_ms`, `_us`) and memory (`_mb`) may be."""


def turns(count: int) -> list[int]:
    """A seeded walk that keeps going some tiles before it turns: 0 to 3."""
    random = np.random.Generator(np.random.PCG64(7))
    return np.repeat(random.integers(0, 4, size=count // 6 + 1), 6)[:count].tolist()


def best_rate(work: Callable[[], int], rounds: int) -> float:
    """Units a second."""
    rates = []
    for _ in range(rounds):
        began = time.process_time()
        units = work()
        rates.append(units / (time.process_time() - began))
    return round(max(rates))


def best_seconds(work: Callable[[], object], rounds: int) -> float:
    """Seconds a call."""
    samples = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        samples.append(time.process_time() - began)
    return min(samples)


def window(world: World) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The 9x9 tiles around the agent as an array of block numbers."""
    z, x = divmod(world.cell, world.stride)
    return world.surface_map[z - 4 : z + 5, x - 4 : x + 5].copy()


def walking(rounds: int, size: int, density: float = 1.0) -> dict[str, float]:
    """Moves a second that lead somewhere: alone, with a 9x9 array after each, with an observation's text.

    A tick is the world's unit of time; one step takes four and more.
    """
    environment = GridWorld()
    environment.reset(seed=1, options={"size": size, "mob_density": density})
    life, way = environment.world.reached, turns(MOVES)

    def steps() -> int:
        before, move = life.distance, environment.move
        for turn in way:
            move(turn)
        return life.distance - before

    def ticks() -> int:
        before = environment.tick
        steps()
        return environment.tick - before

    def looking(look: Callable[[], object], count: int) -> Callable[[], int]:
        def work() -> int:
            before = life.distance
            for turn in way[:count]:
                if environment.move(turn):
                    look()
            return life.distance - before

        return work

    return {
        "moves_per_second": best_rate(steps, rounds),
        "ticks_per_second": best_rate(ticks, rounds),
        "moves_per_second_with_9x9_array": best_rate(
            looking(lambda: window(environment.world), MOVES // 2), rounds
        ),
        "moves_per_second_with_text": best_rate(
            looking(lambda: environment.observe().text(), MOVES // 10), rounds
        ),
    }


def storing(rounds: int, size: int) -> dict[str, float]:
    """Times of reset and snapshot, and the memory of making a world and holding it."""
    environment = GridWorld()
    options = {"size": size}
    environment.reset(seed=1, options=options)
    reset = best_seconds(lambda: environment.reset(seed=1, options=options), 4 * rounds)
    both = best_seconds(lambda: environment.restore(environment.snapshot()), 100 * rounds)
    gc.collect()
    tracemalloc.start()
    other = GridWorld()
    other.reset(seed=1, options=options)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {
        "reset_ms": round(1e3 * reset, 2),
        "snapshot_and_restore_us": round(1e6 * both, 1),
        "snapshot_kb": round(len(environment.snapshot()) / 1e3, 1),
        "memory_mb": round(held / 1e6, 2),
        "memory_peak_mb": round(peak / 1e6, 2),
    }


def crafter(rounds: int, steps: int) -> dict[str, Any] | None:
    """Steps a second of crafter's 64x64 world on the same walk; resets are not counted."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from crafter import Env
    except ImportError:
        return None

    class Bare(Env):  # type: ignore[misc]  # crafter has no types
        def _obs(self) -> None:
            return None

    bare, drawing = Bare(seed=1, length=None), Env(seed=1, length=None)
    bare._sem_view = lambda: None
    return {
        "steps_per_second_without_images": _steps_rate(bare, rounds, steps),
        "steps_per_second_with_images": _steps_rate(drawing, rounds, steps // 4),
        "reset_ms": round(1e3 * best_seconds(bare.reset, 1), 1),
    }


def _steps_rate(environment: Any, rounds: int, count: int) -> float:
    def walk(way: Iterator[int]) -> int:
        return next((taken for taken, turn in enumerate(way, 1) if environment.step(1 + turn)[2]), count)

    def work() -> int:
        return walk(iter(turns(count)))

    rates = []
    for _ in range(rounds):
        environment.reset()
        rates.append(best_rate(work, 1))
    return max(rates)


def against_targets(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each target with the figure of the default size, or of the size that its name ends in."""
    default = str(GridWorld().spec.options["size"])
    walk, store = report["walking"][default], report["storing"]
    reached: dict[str, float | None] = {
        **{name: walk[name] for name in TARGETS if name in walk},
        "times_crafter_without_images": report["times_crafter_without_images"],
        "reset_ms_64": store["64"]["reset_ms"],
        "snapshot_and_restore_us": store[default]["snapshot_and_restore_us"],
    }
    if "512" in store:
        reached["memory_peak_mb_512"] = store["512"]["memory_peak_mb"]
    result = {}
    for name, value in reached.items():
        wanted, most = TARGETS[name], any(unit in name for unit in ("_ms", "_us", "_mb"))
        met = value is not None and (value <= wanted if most else value >= wanted)
        result[name] = {"measured": value, "at_most" if most else "at_least": wanted, "met": met}
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    rounds = 2 if quick else 9
    sizes = (64, 192) if quick else (64, 192, 512, 1024)
    report: dict[str, Any] = {
        "python": platform.python_version(),
        "walking": {str(size): walking(rounds, size) for size in sizes},
        "walking_192_by_mob_density": {
            str(density): walking(rounds, 192, density) for density in ((0, 4) if quick else (0, 2, 4, 8))
        },
        "storing": {str(size): storing(rounds, size) for size in sizes},
        "crafter": crafter(1 if quick else 3, 300 if quick else 2000),
    }
    peer = report["crafter"]
    own = report["walking"]["64"]["moves_per_second"]
    report["times_crafter_without_images"] = (
        round(own / peer["steps_per_second_without_images"], 1) if peer else None
    )
    report["targets"] = against_targets(report)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
