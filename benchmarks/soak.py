"""Whether a run of thousands of iterations stays as it began: memory, descriptors, disk, pace. Prints JSON.

python benchmarks/soak.py                     10,000 iterations of the offline model; programs call a tool
python benchmarks/soak.py --iterations 2000   a shorter run
python benchmarks/soak.py --quick             300 iterations

Every 200 iterations (a third of a short run) a person says something to the run, and a program makes a call
that needs approval: it is parked, its task set aside, and a person allows it an iteration later.

`memory` is the resident size of the run's process at the mark (iteration 500, or a third of a short run) and
at the end, `descriptors` the most that were open in the 50 iterations before each. Connections to the search
index's database are counted apart: Chroma keeps a pool of at most 10, which it opens as it needs them and
closes again after minutes. `journal` is what an iteration adds to the journal on disk, with what is kept of
prompts beside it; its latest two segments, of 0.5 MB and more, are not compressed yet, and are the greater
part of a short run's. `pace` compares the first and the last iterations, 1,000 or a third, in seconds of the
clock and of the processor, the processes of programs and models included. `within` says which bounds were
kept; that of the pace is of runs of 3,000 iterations or more, since prompts grow in the first hundreds.
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
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from fieldcraft.agent import BudgetLimits, RunSettings, new_session
from fieldcraft.agent.approvals.answering import answer_call
from fieldcraft.agent.approvals.reducing import open_calls
from fieldcraft.agent.given import Given
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.watching.growing import read_overview
from fieldcraft.agent.models.offline.chat_model import OfflineChatModel
from fieldcraft.agent.settings import ROLES
from fieldcraft.agent.steering import Note, send
from fieldcraft.tools import ToolPolicy

MARK = 500
STRETCH = 1000
WINDOW = 50
MEMORY, PACE = 1.10, 1.10
"""The most that the end may take of what the mark, or the beginning, took."""
JOURNAL = 8_000
"""Bytes of journal an iteration."""
EVERY = 200
"""Iterations between two messages of a person, and between two calls that need approval."""
POOL = 10
"""The most connections that Chroma keeps to its database."""
_CALL = "    print(tools.calculator(expression='6 * 7'))\n```"
_SIGNED = "    print(tools.sign(text='{}'))\n```"


def sign(text: str) -> str:
    """Sign something, which cannot be taken back."""
    return f"signed {text}"


class ToolCaller(OfflineChatModel):
    """The offline model, whose programs end with a call of a tool; every so many it needs approval."""

    every: int = EVERY
    written: int = 0

    def _think(self, question: bytes) -> str:
        text = super()._think(question)
        if "(bot" not in text or not text.rstrip().endswith("```"):
            return text
        self.written += 1
        call = _CALL if self.written % self.every else _SIGNED.format(self.written)
        return text.rstrip().removesuffix("```") + call


class Reading(NamedTuple):
    """The process after an iteration."""

    iteration: int
    clock: float
    processor: float
    megabytes: float
    descriptors: int
    pooled: int


class Person:
    """Says something every so many iterations, and allows each call that waits; a listener of the run."""

    def __init__(self, run: Path, every: int) -> None:
        self.sent: list[str] = []
        self.waiting: list[str] = []
        self._run = run
        self._every = self._next = every

    def __call__(self, event: e.Event) -> None:
        """Answer after a program what was parked before it, so that the run goes on meanwhile."""
        if isinstance(event, e.ApprovalParked):
            self.waiting.append(event.id)
        if not isinstance(event, e.ExecutionFinished):
            return
        if event.iteration >= self._next:
            self._next += self._every
            note = Note(kind="say", text=f"message {len(self.sent) + 1}: look for something new")
            self.sent.append(send(self._run, note).id)
        if self.waiting:
            view = read_overview(self._run)
            for call in open_calls(view.state):
                answer_call(self._run, view, call, "yes")
            self.waiting.clear()


class Course:
    """Reads the process after each program; a listener of the run's events."""

    def __init__(self) -> None:
        self.readings = [_reading(0)]
        self.events: Counter[str] = Counter()
        self.heard: set[str] = set()

    def __call__(self, event: e.Event) -> None:
        """Take note of one event."""
        self.events[event.type] += 1
        if isinstance(event, e.NoteHeard):
            self.heard.add(event.id)
        if isinstance(event, e.ExecutionFinished):
            self.readings.append(_reading(event.iteration))

    def at(self, iteration: int) -> Reading:
        """The last reading up to an iteration."""
        return next(each for each in reversed(self.readings) if each.iteration <= iteration)

    def opened(self, iteration: int) -> tuple[int, int]:
        """The most descriptors in the iterations before this one, and the most connections in the pool."""
        near = [each for each in self.readings if iteration - WINDOW < each.iteration <= iteration]
        return max(each.descriptors for each in near), max(each.pooled for each in near)


def _reading(iteration: int) -> Reading:
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    opened = _opened()
    pooled = sum(name.endswith("/chroma.sqlite3") for name in opened)
    return Reading(
        iteration,
        time.perf_counter(),
        sum(each.ru_utime + each.ru_stime for each in used),
        pages * resource.getpagesize() / 1e6,
        len(opened) - pooled,
        pooled,
    )


def _opened() -> list[str]:
    names = []
    for descriptor in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with suppress(OSError):
            names.append(os.readlink(f"/proc/self/fd/{descriptor}"))  # noqa: PTH115
    return names


def soak(folder: Path, iterations: int, seed: int) -> dict[str, object]:
    """One run, and what it took."""
    every = max(1, min(EVERY, iterations // 3))
    run = folder / "runs" / "soak"
    course, person = Course(), Person(run, every)
    settings = RunSettings(
        seed=seed,
        library=str(folder / "library"),
        tools=("calculator",),
        tool_policy=ToolPolicy(approval=("sign",), approvals="set-aside"),
        budget=BudgetLimits(iterations=iterations),
    )
    given = Given(models=dict.fromkeys(ROLES, ToolCaller(every=every)), tools=(sign,))
    with new_session(
        settings, runs=run.parent, name=run.name, listeners=(course, person), given=given
    ) as session:
        state = session.explorer.explore()
    spent = state.spent.iterations
    asked = _asked(course, person, len(open_calls(state)))
    return {"seed": seed, "iterations": spent, **_figures(course, run, spent, asked)}


def _asked(course: Course, person: Person, open_still: int) -> dict[str, dict[str, int]]:
    events = course.events
    return {
        "messages": {"sent": len(person.sent), "heard": len(course.heard & set(person.sent))},
        "approvals": {
            "parked": events["approval_parked"],
            "answers heard": events["approval_heard"],
            "calls made or refused by them": events["approval_answered"],
            "open at the end": open_still,
        },
    }


def _figures(course: Course, run: Path, spent: int, asked: dict[str, dict[str, int]]) -> dict[str, object]:
    mark, stretch = min(MARK, spent // 3), min(STRETCH, spent // 3)
    early, last = course.at(mark), course.at(spent)
    (opened_early, pool_early), (opened_last, pool_last) = course.opened(mark), course.opened(spent)
    first_clock, first_processor = _taken(course, 0, stretch)
    last_clock, last_processor = _taken(course, spent - stretch, spent)
    journal = _size(run.glob("journal-*")) / max(1, spent)
    messages, calls = asked["messages"], asked["approvals"]
    return {
        "seconds": round(last.clock - course.at(0).clock, 1),
        "memory": {
            "mark": mark,
            "mb then": round(early.megabytes, 1),
            "mb at the end": round(last.megabytes, 1),
        },
        "descriptors": {
            "then": opened_early,
            "at the end": opened_last,
            "in the index's pool then": pool_early,
            "in it at the end": pool_last,
        },
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
        **asked,
        "events": dict(course.events),
        "within": {
            "memory": last.megabytes <= MEMORY * early.megabytes,
            "descriptors": opened_last <= opened_early and pool_last <= POOL,
            "journal": journal <= JOURNAL,
            "pace": last_processor <= PACE * first_processor if stretch == STRETCH else None,
            "messages": 0 < messages["sent"] == messages["heard"],
            "approvals": 0 < calls["parked"] == calls["answers heard"] + calls["open at the end"],
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
        place = options.keep or Path(home)
        print(json.dumps(soak(place, iterations, options.seed), indent=1))


if __name__ == "__main__":
    main()
