"""How a long run goes: what is found and when, what is proposed again, deaths, and how it ends. Prints JSON.

python benchmarks/long_run.py                             3,000 iterations `offline`, seeds 7, 1 and 2
python benchmarks/long_run.py --iterations 600 --seeds 7  a shorter run
python benchmarks/long_run.py --patience 300              runs that end where nothing new is to be found

For each run it gives the items ever held after so many iterations; the items never held, each with the last
task that asked for it and what the world said then; tasks that asked for no more than an earlier one that was
done; the iterations between the last new thing and the end; deaths; and the tokens that the model calls of an
iteration read, at iteration 300 and at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from pathlib import Path

from fieldcraft.agent import BudgetLimits, RunSettings, new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.setbacks import asked_for, goal_key
from fieldcraft.agent.task import Task
from fieldcraft.envs import ItemGoal, Observation

WINDOW = 20
"""Iterations of which the characters are averaged."""


class Course:
    """What is counted while a run goes on; a listener of its events."""

    def __init__(self) -> None:
        self.iteration = 0
        self.held: dict[int, int] = {}
        self.first: dict[str, int] = {}
        self.deaths = 0
        self.again: list[str] = []
        self.tried: dict[str, dict[str, object]] = {}
        self.read: Counter[int] = Counter()
        self.refused = 0
        self.in_the_same_words = 0
        self._done: dict[str, int] = {}
        self._words: set[str] = set()
        self._task: Task | None = None
        self._said: list[str] = []
        self.events: Counter[str] = Counter()
        self.ended = ""

    def __call__(self, event: e.Event) -> None:
        """Take note of one event."""
        self.events[event.type] += 1
        match event:
            case e.ModelAnswered():
                self.read[self.iteration] += event.input_tokens
            case e.ProposalRefused():
                self.refused += 1
            case e.TaskProposed():
                self._begin(event.task)
            case e.AnswerRefused():
                self.iteration = event.iteration
            case e.ExecutionFinished():
                self._see(event)
            case e.TaskFinished():
                self._finish(event)
            case e.RunFinished() | e.RunPaused():
                self.ended = event.reason
            case _:
                pass

    def _begin(self, task: Task) -> None:
        self._task, self._said = task, []
        wanted = _wanted(task)
        if task.origin == "curriculum" and wanted <= self._done.get(goal_key(task.words, task.goal), 0):
            self.again.append(task.words)
        self.in_the_same_words += task.origin == "curriculum" and task.words in self._words

    def _see(self, event: e.ExecutionFinished) -> None:
        self.iteration = event.iteration
        self.deaths = event.progress.deaths
        self.held[event.iteration] = len(event.progress.items)
        for item in event.progress.items:
            self.first.setdefault(item, event.iteration)
        self._said = list(event.execution.failed_calls)[-2:]

    def _finish(self, event: e.TaskFinished) -> None:
        task = self._task
        if task is None:
            return
        if event.success:
            key = goal_key(task.words, task.goal)
            self._words.add(task.words)
            self._done[key] = max(self._done.get(key, 0), _wanted(task))
        elif isinstance(task.goal, ItemGoal):
            before = self.tried.get(task.goal.item, {"times": 0})
            self.tried[task.goal.item] = {
                "times": int(str(before["times"])) + 1,
                "last": self.iteration,
                "said": [line[:240] for line in self._said],
                "given up": event.given_up[:240],
            }


def _wanted(task: Task) -> int:
    """How many things a task asks for, those held already included where the goal counts them."""
    return (
        task.goal.count
        if isinstance(task.goal, ItemGoal)
        else asked_for(task.words, task.goal, Observation())
    )


def live(folder: Path, seed: int, options: argparse.Namespace) -> dict[str, object]:
    """One run."""
    course = Course()
    settings = RunSettings(
        seed=seed,
        library=str(folder / "library"),
        budget=BudgetLimits(iterations=options.iterations, patience=options.patience or None),
    )
    began = time.perf_counter()
    with new_session(settings, runs=folder / "runs", listeners=(course,)) as session:
        state = session.explorer.explore()
        names = session.environment.spec.names.items
    last = max(course.first.values(), default=0)
    iterations = max(1, state.spent.iterations)
    return {
        "seed": seed,
        "seconds": round(time.perf_counter() - began, 1),
        "iterations": state.spent.iterations,
        "ended": course.ended,
        "items": len(state.progress.items),
        "items of": len(names),
        "items at": {str(n): course.held[n] for n in range(100, iterations + 1, 100) if n in course.held},
        "last new item": last,
        "iterations since": iterations - last,
        "deaths": course.deaths,
        "deaths an iteration": round(course.deaths / iterations, 4),
        "done proposed again": len(course.again),
        "done proposed in the same words": course.in_the_same_words,
        "oftenest": Counter(course.again).most_common(5),
        "proposals refused": course.refused,
        "events": dict(course.events),
        "tokens at 300": _mean(course.read, 300),
        "tokens at the end": _mean(course.read, iterations),
        "never held": {
            item: course.tried.get(item, {}) for item in names if item not in state.progress.items
        },
    }


def _mean(read: Counter[int], end: int) -> int:
    return round(sum(read[n] for n in range(end - WINDOW, end)) / WINDOW)


def main() -> None:
    """Make every run, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=3000)
    parser.add_argument("--seeds", type=int, nargs="*", default=[7, 1, 2])
    parser.add_argument("--patience", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--quick", action="store_true", help="60 iterations of one seed")
    options = parser.parse_args()
    if options.quick:
        options.iterations, options.seeds = 60, [7]
    rows = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["FIELDCRAFT_CACHE"] = f"{home}/cache"
        for seed in options.seeds:
            folder = (options.keep or Path(home)) / f"run-{seed}"
            folder.mkdir(parents=True)
            rows.append(live(folder, seed, options))
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
