"""What the benchmarks of sandboxes share: a world that does next to nothing, programs, measures."""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fieldcraft.envs import Environment, EnvironmentSpec, Observation, Progress, primitive
from fieldcraft.skills import Execution, parse_program
from fieldcraft.skills.sandbox import ProgramLimits, Sandbox

ROUND_TRIPS = 60_000
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


def machine() -> dict[str, object]:
    """What the figures were measured on; they say little where the load is above the number of cores."""
    return {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def finished(execution: Execution) -> Execution:
    """The execution, which must have gone well."""
    if not execution.ok:
        raise RuntimeError(execution.error_text())
    return execution


def timed(action: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1000


def spread(measure: Callable[[], float], samples: int) -> dict[str, float]:
    """Median and 95th percentile of so many measurements."""
    times = sorted(measure() for _ in range(samples))
    return {"median": round(statistics.median(times), 2), "p95": round(times[int(0.95 * samples) - 1], 2)}


def start_ms(open_one: Callable[[], Sandbox], world: Counter) -> float:
    """From nothing to the end of the first program: the fork server's start and warm-up included."""
    sandbox = open_one()
    try:
        return timed(lambda: finished(sandbox.run(NOTHING, world)))
    finally:
        sandbox.close()


def until_first_call(sandbox: Sandbox, world: Counter) -> float:
    """Milliseconds from asking for a run to the program's first call: a worker is forked and locked down."""
    began = time.perf_counter()
    finished(sandbox.run(FIRST_CALL, world))
    return (world.called_at - began) * 1000


def round_trips(sandbox: Sandbox, world: Counter, times: int = ROUND_TRIPS) -> int:
    """Calls a second from the program to the world and back: the median of three runs."""
    limits = ProgramLimits(calls=times)
    rates = []
    for _ in range(3):
        execution = sandbox.run(TALK, world, limits=limits, arguments={"times": times})
        rates.append(times / float(finished(execution).result))
    return round(statistics.median(rates))


def many_programs(
    sandbox: Sandbox, world: Counter, count: int, more: Callable[[], dict[str, int]] = dict
) -> dict[str, object]:
    """What a row of programs leaves behind, and how many a second there were.

    `more` counts what stands outside this process and its descendants: containers, what is in them.
    """
    for _ in range(50):
        finished(sandbox.run(FIRST_CALL, world))
    before = {**more(), **footprint()}
    began = time.perf_counter()
    for _ in range(count):
        finished(sandbox.run(FIRST_CALL, world))
    seconds = time.perf_counter() - began
    after = {**more(), **footprint()}
    return {
        "programs": count,
        "programs_per_second": round(count / seconds),
        "grown": {name: after[name] - before[name] for name in after},
    }


def footprint() -> dict[str, int]:
    """What this process and its descendants hold."""
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
    descriptors = [_target(link) for link in Path("/proc/self/fd").iterdir()]
    return {
        "host_kib": resident[os.getpid()],
        "descendants_kib": sum(resident[pid] for pid in family) - resident[os.getpid()],
        "processes": len(family) - 1,
        "descriptors": len(descriptors),
        "sockets": sum(target.startswith("socket:") for target in descriptors),
        "temporary_files": len(list(Path(tempfile.gettempdir()).glob("fieldcraft-*"))),
    }


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""
