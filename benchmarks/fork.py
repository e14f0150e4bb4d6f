"""Fork a run at random events: is the past equal, is no model asked, does it go on as its run? Prints JSON.

python benchmarks/fork.py              50 forks of a run of 120 iterations (about 20 minutes)
python benchmarks/fork.py --quick      5 forks of a run of 12 iterations
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from fieldcraft.agent import BudgetLimits, RunSettings, new_session, resumed_session
from fieldcraft.agent.forking.fork import Fork, fork_run
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.compare import first_difference
from fieldcraft.agent.journal.store import Journal
from fieldcraft.envs import Observation

SEGMENT = 300_000
"""Bytes of a segment here, so that a short run has several."""
WORLDS = ("gridworld-v1", "_repeated_world:RepeatedWorld")
"""One with snapshots, and the same without: all of its programs run again."""


def journal(folder: Path) -> bytes:
    """The lines of a run's journal, all segments together."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("journal-*.jsonl")))


def live(folder: Path, world: str, iterations: int) -> Path:
    """The run that is forked."""
    settings = RunSettings(
        environment=world,
        library=str(folder / "library"),
        budget=BudgetLimits(iterations=iterations),
        keep_prompts=False,
    )
    with new_session(settings, runs=folder / "runs", name="whole") as session:
        session.explorer.explore()
    return folder / "runs" / "whole"


def seen_at(events: list[Any], last: int) -> Observation:
    """What was seen last by this event."""
    seen = [
        event.observation
        for event in events[:last]
        if isinstance(event, e.WorldReset | e.ExecutionFinished | e.TailSetAside)
    ]
    return seen[-1]


def check(whole: Path, events: list[Any], fork: Fork, *, goes_on: bool) -> dict[str, Any]:
    """Whether a fork has its run's past, stands in its world without a model call, and goes on as it did."""
    own = journal(fork.folder).index(b'"type":"run_forked"')
    begin = journal(fork.folder).rindex(b"\n", 0, own) + 1
    prefix = journal(whole).startswith(journal(fork.folder)[:begin])
    heard: list[Any] = []
    began = time.monotonic()
    budget = BudgetLimits(iterations=fork.iterations)
    runs = fork.folder.parent
    with resumed_session(fork.folder.name, runs=runs, budget=budget, listeners=(heard.append,)) as session:
        session.explorer.explore()
        world_equal = session.environment.observe() == seen_at(events, fork.events)
    seconds = time.monotonic() - began
    model_calls = sum(isinstance(event, e.ModelAsked) for event in heard)
    difference = None
    if goes_on:
        whole_budget = next(event for event in events if isinstance(event, e.RunStarted)).settings.budget
        with resumed_session(fork.folder.name, runs=runs, budget=whole_budget) as session:
            session.explorer.explore()
        difference = first_difference(whole, fork.folder)
    return {
        "events": fork.events,
        "iterations": fork.iterations,
        "prefix_equal": prefix,
        "model_calls": model_calls,
        "world_equal": world_equal,
        "went_on": goes_on,
        "difference": difference,
        "seconds_to_stand_there": round(seconds, 3),
    }


def forks_of(folder: Path, world: str, iterations: int, count: int, on: int, rng: random.Random) -> list[Any]:
    """Fork one run again and again; the first `on` forks go on to the end."""
    whole = live(folder, world, iterations)
    events = Journal(whole).read()
    first = next(event.number for event in events if isinstance(event, e.WorldReset))
    rows = []
    for number in range(count):
        at = rng.randint(first, events[-1].number)
        began = time.monotonic()
        fork = fork_run("whole", at=f"event:{at}", runs=folder / "runs", new_name=f"fork-{number}")
        seconds = time.monotonic() - began
        row = check(whole, events, fork, goes_on=number < on)
        rows.append({"world": world, "at": at, "seconds_to_fork": round(seconds, 3), **row})
    return rows


def main() -> None:
    """Fork a run in a world with snapshots, and one in a world without."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--forks", type=int, default=50)
    parser.add_argument("--iterations", type=int, default=120)
    options = parser.parse_args()
    forks, iterations, on = (5, 12, 1) if options.quick else (options.forks, options.iterations, 3)
    Journal.rotate_if_large.__kwdefaults__["limit"] = SEGMENT  # type: ignore[index]
    sys.path.insert(0, str(Path(__file__).parent))
    rng, rows = random.Random(17), []
    for world, count in ((WORLDS[0], forks - forks // 5), (WORLDS[1], forks // 5)):
        with tempfile.TemporaryDirectory() as place:
            os.environ["FIELDCRAFT_CACHE"] = str(Path(place) / "cache")
            rows += forks_of(Path(place), world, iterations, count, on, rng)
    bad = [
        row
        for row in rows
        if not row["prefix_equal"] or row["model_calls"] or not row["world_equal"] or row["difference"]
    ]
    figures = {
        "forks": len(rows),
        "prefix_equal": sum(row["prefix_equal"] for row in rows),
        "model_calls": sum(row["model_calls"] for row in rows),
        "worlds_equal": sum(row["world_equal"] for row in rows),
        "went_on_as_the_run_did": sum(row["went_on"] and row["difference"] is None for row in rows),
        "seconds_to_fork_median": statistics.median(row["seconds_to_fork"] for row in rows),
        "seconds_to_stand_there_median": statistics.median(row["seconds_to_stand_there"] for row in rows),
        "failures": bad,
    }
    print(json.dumps({**figures, "rows": rows}, indent=1))
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
