"""What the process sandbox costs, through its public interface. Prints JSON.

Run: `python benchmarks/sandbox.py`. Validation is on; "pinned" keeps host and program on one core.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fieldcraft.envs import Environment, EnvironmentSpec, Observation, Progress, primitive
from fieldcraft.skills import Execution, parse_program
from fieldcraft.skills.sandbox import ProcessSandbox, ProgramLimits, open_sandbox, probe

ROUND_TRIPS = 60_000
PROGRAMS = 1_000
NOTHING = parse_program("def nothing(bot):\n    pass\n")
FIRST_CALL = parse_program("def first_call(bot):\n    bot.step(1)\n")
TALK = parse_program(
    "import time\n\ndef talk(bot, times=1):\n    began = time.perf_counter()\n"
    "    for number in range(times):\n        bot.step(number)\n    return time.perf_counter() - began\n"
)


class Counter(Environment):
    """A world whose one primitive does next to nothing, so that the sandbox is what is measured."""

    spec = EnvironmentSpec(id="counter-v1", description="Counts.")

    def __init__(self) -> None:
        self.called_at = 0.0

    @property
    def tick(self) -> int:
        """No time passes."""
        return 0

    def reset(self, *, seed: int, options: Mapping[str, Any] | None = None) -> Observation:
        """Nothing to reset."""
        del seed, options
        return self.observe()

    def observe(self) -> Observation:
        """Nothing to see."""
        return Observation(tick=0)

    def progress(self) -> Progress:
        """Nothing to reach."""
        return Progress()

    @primitive
    def step(self, number: int) -> int:
        """Give the number back."""
        self.called_at = time.perf_counter()
        return number


def main() -> None:
    """Measure and print."""
    world = Counter()
    with ProcessSandbox() as pinned, ProcessSandbox(pin=False) as unpinned:
        for sandbox in (pinned, unpinned):
            _finished(sandbox.run(NOTHING, world))
        report = {
            "machine": {
                "python": platform.python_version(),
                "kernel": platform.release(),
                "cores": os.cpu_count(),
            },
            "layers": {layer.name: layer.detail for layer in probe() if layer.holds},
            "sandbox_start_ms": _start_ms(world),
            "fresh_worker_ms": _spread(lambda: _until_first_call(pinned, world)),
            "whole_empty_run_ms": _spread(lambda: _timed(lambda: _finished(pinned.run(NOTHING, world)))),
            "round_trips_per_second": {
                "pinned": _round_trips(pinned, world),
                "unpinned": _round_trips(unpinned, world),
            },
            "many_programs": _many(pinned, world),
        }
    print(json.dumps(report, indent=2))


def _finished(execution: Execution) -> Execution:
    if not execution.ok:
        raise RuntimeError(execution.error_text())
    return execution


def _timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def _spread(measure: Callable[[], float]) -> dict[str, float]:
    times = sorted(measure() for _ in range(200))
    return {"median": round(statistics.median(times), 2), "p95": round(times[189], 2)}


def _start_ms(world: Counter) -> float:
    """From nothing to the end of the first program: the fork server's start and warm-up included."""
    sandbox = open_sandbox()
    took = _timed(lambda: _finished(sandbox.run(NOTHING, world)))
    sandbox.close()
    return round(took, 1)


def _until_first_call(sandbox: ProcessSandbox, world: Counter) -> float:
    """From asking for a run to the program's first call: the worker is forked, locked down, and at work."""
    began = time.perf_counter()
    _finished(sandbox.run(FIRST_CALL, world))
    return (world.called_at - began) * 1000


def _round_trips(sandbox: ProcessSandbox, world: Counter) -> int:
    limits = ProgramLimits(calls=ROUND_TRIPS)
    rates = []
    for _ in range(3):
        execution = sandbox.run(TALK, world, limits=limits, arguments={"times": ROUND_TRIPS})
        rates.append(ROUND_TRIPS / float(_finished(execution).result))
    return round(statistics.median(rates))


def _many(sandbox: ProcessSandbox, world: Counter) -> dict[str, object]:
    """What a row of programs leaves behind in the host and in its fork server."""
    for _ in range(50):
        _finished(sandbox.run(FIRST_CALL, world))
    before = _footprint()
    began = time.perf_counter()
    for _ in range(PROGRAMS):
        _finished(sandbox.run(FIRST_CALL, world))
    seconds = time.perf_counter() - began
    after = _footprint()
    return {
        "programs": PROGRAMS,
        "programs_per_second": round(PROGRAMS / seconds),
        "grown_kib": {name: after[name] - before[name] for name in ("host_kib", "descendants_kib")},
        "leaked_processes": after["descendants"] - before["descendants"],
        "leaked_descriptors": after["descriptors"] - before["descriptors"],
    }


def _footprint() -> dict[str, int]:
    parents, resident = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(fields[1])
        resident[int(folder.name)] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE") // 1024
    family = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return {
        "host_kib": resident[os.getpid()],
        "descendants_kib": sum(resident[pid] for pid in family) - resident[os.getpid()],
        "descendants": len(family) - 1,
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
    }


if __name__ == "__main__":
    main()
