"""What the loop costs beyond model and world (ms an iteration), and a resume (seconds). Prints JSON.

python benchmarks/loop.py             1,000 skills; a journal of 10,000 iterations (about 5 minutes)
python benchmarks/loop.py --quick     100 skills; a journal of 100 iterations
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from fieldcraft.agent import BudgetLimits, RunSettings, new_session, resumed_session
from fieldcraft.agent.journal import events as e
from fieldcraft.envs import Environment, EnvironmentSpec, Names, Observation, Progress, primitive
from fieldcraft.skills import Skill, SkillLibrary, Verified

WORDS = ["oak", "stone", "iron", "coal", "sand", "glass", "wool", "bread", "cow", "torch"]
WORDS += ["chest", "ladder", "door", "boat", "rail", "lamp", "clock", "map", "bed", "bow"]


class Counter(Environment):
    """A world that costs nothing: one item, counted."""

    spec = EnvironmentSpec(
        id="counter-v1", description="A counter.", can_snapshot=True, names=Names(items=("point",))
    )
    points = 0

    def reset(self, *, seed: int, options: object = None) -> Observation:  # noqa: ARG002
        """Begin at zero."""
        self.points = 0
        return self.observe()

    def observe(self) -> Observation:
        """The points."""
        return Observation(tick=self.points, inventory={"point": self.points})

    def progress(self) -> Progress:
        """Nothing but points."""
        return Progress(items={"point": 1} if self.points else {})

    def snapshot(self) -> bytes:
        """The points as text."""
        return str(self.points).encode()

    def restore(self, snapshot: bytes) -> None:
        """The points from text."""
        self.points = int(snapshot)

    @primitive
    def score(self) -> int:
        """Gain a point."""
        self.points += 1
        return self.points


def fill(library: SkillLibrary, count: int) -> None:
    """Skills of different words and code."""
    with library.writing():
        for number in range(count):
            words = [WORDS[number % 20], WORDS[number // 20 % 20], WORDS[number // 400 % 20]]
            entry = f"make_{'_'.join(words)}_{number}"
            body = f"    for _ in range(count + {number}):\n        bot.score()\n"
            source = f"def {entry}(bot, count={number}):\n{body}"
            library.keep(
                Skill(
                    name=entry.replace("_", "-"),
                    entry=entry,
                    source=source,
                    description=f"Makes {' and '.join(words)}, variant {number}.",
                    environment="counter-v1",
                    verified=Verified.FULL,
                )
            )


def script(path: Path, iterations: int, *, every: int) -> None:
    """Answers for that many tasks, each done at once; every `every`-th program is new and kept as a skill."""
    task = {"task": "Gain a point", "goal": {"kind": "item", "item": "point"}}
    new = "```python\ndef gain_{n}(bot):\n    bot.score()\n    print({n})\n```"
    again = "```python\ndef gain_{n}_again(bot):\n    gain_1(bot)\n```"
    answers: dict[str, list[Any]] = {
        "curriculum": [
            {**task, "task": f"Gain point {n}", "goal": {"kind": "item", "item": "point", "count": n}}
            for n in range(1, iterations + 1)
        ],
        "answerer": ["Score."] * (iterations + 1),
        "actor": [
            (new if n % every == 1 % every else again).replace("{n}", str(n))
            for n in range(1, iterations + 1)
        ],
        "describer": [f"Gains point {n}." for n in range(1, iterations + 1)],
    }
    path.write_text(json.dumps(answers))


def settings(folder: Path, iterations: int, *, keep: bool) -> RunSettings:
    """A run of the counter world with scripted answers."""
    return RunSettings(
        environment=f"{Path(__file__).stem}:Counter",
        model=f"scripted:{folder / 'answers.json'}",
        library=str(folder / "library"),
        questions=0,
        keep_skills=keep,
        budget=BudgetLimits(iterations=iterations),
    )


def overhead(folder: Path, skills: int, iterations: int) -> dict[str, object]:
    """Milliseconds an iteration that are neither model nor program, skills kept included."""
    script(folder / "answers.json", iterations, every=3)
    library = SkillLibrary(folder / "library", environment="counter-v1")
    fill(library, skills)
    library.search("warm the index", k=5)
    library.close()
    marks: list[tuple[float, float, bool]] = []
    inside, kept = 0.0, False

    def note(event: e.Event) -> None:
        nonlocal inside, kept
        if isinstance(event, e.ModelAnswered):
            inside += event.seconds
        elif isinstance(event, e.ExecutionFinished):
            inside += event.execution.seconds
        elif isinstance(event, e.SkillKept):
            kept = True
        elif isinstance(event, e.TaskFinished):
            marks.append((time.perf_counter(), inside, kept))
            kept = False

    with new_session(
        settings(folder, iterations, keep=True), runs=folder / "runs", listeners=(note,)
    ) as session:
        session.explorer.explore()
    spans = [
        (1000 * ((end - start) - (inside_end - inside_start)), kept_one)
        for (start, inside_start, _), (end, inside_end, kept_one) in itertools.pairwise(marks[2:])
    ]
    keeping = [span for span, kept_one in spans if kept_one]
    others = [span for span, kept_one in spans if not kept_one]
    return {
        "skills": skills,
        "iterations": len(spans),
        "kept": len(keeping),
        "mean_ms": round(statistics.mean(span for span, _ in spans), 2),
        "median_ms": round(statistics.median(span for span, _ in spans), 2),
        "median_ms_keeping_a_skill": round(statistics.median(keeping), 2),
        "median_ms_keeping_none": round(statistics.median(others), 2),
    }


def resume(folder: Path, iterations: int) -> dict[str, object]:
    """Seconds from opening a run that `explore` wrote to the loop's first decision."""
    script(folder / "answers.json", iterations + 10, every=1)
    with new_session(settings(folder, iterations, keep=False), runs=folder / "runs", name="long") as session:
        session.explorer.explore()
    size = sum(path.stat().st_size for path in (folder / "runs" / "long").glob("journal-*"))
    began = time.perf_counter()
    with resumed_session("long", runs=folder / "runs") as session:
        state = session.explorer.explore()
    return {
        "iterations": state.spent.iterations,
        "journal_mb": round(size / 1e6, 1),
        "seconds": round(time.perf_counter() - began, 3),
    }


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    sys.path.insert(0, str(Path(__file__).parent))
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FIELDCRAFT_CACHE"] = f"{folder}/cache"
        results["overhead"] = overhead(Path(folder), 100 if quick else 1000, 40 if quick else 200)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FIELDCRAFT_CACHE"] = f"{folder}/cache"
        results["resume"] = resume(Path(folder), 100 if quick else 10_000)
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
