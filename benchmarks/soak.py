"""Whether a run of thousands of iterations stays as it began: memory, descriptors, disk, pace. Prints JSON.

python benchmarks/soak.py                     10,000 iterations of the offline model; programs call a tool
python benchmarks/soak.py --iterations 2000   a shorter run
python benchmarks/soak.py --quick             300 iterations

`memory` is the resident size of the run's process at the mark (iteration 500, or a third of a short run) and
at the end, `descriptors` the most that were open in the 50 iterations before each. `journal` is what an
iteration adds to the journal on disk, with what is kept of prompts beside it. `pace` compares the first and
the last iterations, 1,000 or a third, in seconds of the clock and of the processor, the processes of programs
and models included. `within` says which bounds were kept; that of the pace is of runs of 3,000 iterations or
more, since prompts grow in the first hundreds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from fieldcraft.agent import BudgetLimits, RunSettings, new_session
from fieldcraft.agent.given import Given
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.models.offline.chat_model import OfflineChatModel
from fieldcraft.agent.settings import ROLES

MARK = 500
STRETCH = 1000
WINDOW = 50
MEMORY, PACE = 1.10, 1.10
"""The most that the end may take of what the mark, or the beginning, took."""
JOURNAL = 8_000
"""Bytes of journal an iteration."""
_CALL = "    print(tools.calculator(expression='6 * 7'))\n```"


class ToolCaller(OfflineChatModel):
    """The offline model, whose programs end with a call of a tool."""

    def _think(self, question: bytes) -> str:
        text = super()._think(question)
        if "(bot" not in text or not text.rstrip().endswith("```"):
            return text
        return text.rstrip().removesuffix("```") + _CALL


class Reading(NamedTuple):
    """The process after an iteration."""

    iteration: int
    clock: float
    processor: float
    megabytes: float
    descriptors: int


class Course:
    """Reads the process after each program; a listener of the run's events."""

    def __init__(self) -> None:
        self.readings = [_reading(0)]
        self.events: Counter[str] = Counter()

    def __call__(self, event: e.Event) -> None:
        """Take note of one event."""
        self.events[event.type] += 1
        if isinstance(event, e.ExecutionFinished):
            self.readings.append(_reading(event.iteration))

    def at(self, iteration: int) -> Reading:
        """The last reading up to an iteration."""
        return next(each for each in reversed(self.readings) if each.iteration <= iteration)

    def opened(self, iteration: int) -> int:
        """The most descriptors in the iterations before this one."""
        before = iteration - WINDOW
        return max(each.descriptors for each in self.readings if before < each.iteration <= iteration)


def _reading(iteration: int) -> Reading:
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Reading(
        iteration,
        time.perf_counter(),
        sum(each.ru_utime + each.ru_stime for each in used),
        pages * resource.getpagesize() / 1e6,
        len(os.listdir("/proc/self/fd")),  # noqa: PTH208
    )


def soak(folder: Path, iterations: int, seed: int) -> dict[str, object]:
    """One run, and what it took."""
    course = Course()
    settings = RunSettings(
        seed=seed,
        library=str(folder / "library"),
        tools=("calculator",),
        budget=BudgetLimits(iterations=iterations),
    )
    given = Given(models=dict.fromkeys(ROLES, ToolCaller()))
    with new_session(
        settings, runs=folder / "runs", name="soak", listeners=(course,), given=given
    ) as session:
        spent = session.explorer.explore().spent.iterations
    return {"seed": seed, "iterations": spent, **_figures(course, folder / "runs" / "soak", spent)}


def _figures(course: Course, run: Path, spent: int) -> dict[str, object]:
    mark, stretch = min(MARK, spent // 3), min(STRETCH, spent // 3)
    early, last = course.at(mark), course.at(spent)
    opened_early, opened_last = course.opened(mark), course.opened(spent)
    first_clock, first_processor = _taken(course, 0, stretch)
    last_clock, last_processor = _taken(course, spent - stretch, spent)
    journal = _size(run.glob("journal-*")) / max(1, spent)
    return {
        "seconds": round(last.clock - course.at(0).clock, 1),
        "memory": {
            "mark": mark,
            "mb then": round(early.megabytes, 1),
            "mb at the end": round(last.megabytes, 1),
        },
        "descriptors": {"then": opened_early, "at the end": opened_last},
        "journal": {
            "bytes an iteration": round(journal),
            "prompts, bytes an iteration": round(_size((run / "prompts").rglob("*")) / max(1, spent)),
        },
        "pace": {
            "iterations": stretch,
            "seconds, first": round(first_clock, 1),
            "seconds, last": round(last_clock, 1),
            "processor seconds, first": round(first_processor, 1),
            "processor seconds, last": round(last_processor, 1),
        },
        "events": dict(course.events),
        "within": {
            "memory": last.megabytes <= MEMORY * early.megabytes,
            "descriptors": opened_last <= opened_early,
            "journal": journal <= JOURNAL,
            "pace": last_processor <= PACE * first_processor if stretch == STRETCH else None,
        },
    }


def _taken(course: Course, first: int, last: int) -> tuple[float, float]:
    before, after = course.at(first), course.at(last)
    return after.clock - before.clock, after.processor - before.processor


def _size(paths: Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.is_file())


def main() -> None:
    """Make the run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="a folder for the run, which stays")
    parser.add_argument("--quick", action="store_true", help="300 iterations")
    options = parser.parse_args()
    iterations = 300 if options.quick else options.iterations
    with tempfile.TemporaryDirectory() as home:
        os.environ["FIELDCRAFT_CACHE"] = f"{home}/cache"
        print(json.dumps(soak(options.keep or Path(home), iterations, options.seed), indent=1))


if __name__ == "__main__":
    main()
