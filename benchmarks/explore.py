"""What `make explore` reaches: seconds, iterations, and the iteration of each milestone. Prints JSON.

python benchmarks/explore.py                  the default seed and five others, 80 iterations each
python benchmarks/explore.py --quick          the default seed, 15 iterations
python benchmarks/explore.py --scramble 3     the same with three nonsense recipe files as well
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from fieldcraft.agent import BudgetLimits, RunSettings, new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.envs.gridworld.scramble import scramble


def live(folder: Path, seed: int, iterations: int, options: dict[str, object]) -> dict[str, object]:
    """One life, and the iteration at which each milestone was first reached."""
    reached: dict[str, int] = {}

    def note(event: e.Event) -> None:
        if isinstance(event, e.ExecutionFinished):
            for milestone in event.progress.milestones:
                reached.setdefault(milestone, event.iteration)

    settings = RunSettings(
        seed=seed,
        options=options,
        library=str(folder / "library"),
        budget=BudgetLimits(iterations=iterations),
    )
    began = time.perf_counter()
    with new_session(settings, runs=folder / "runs", listeners=(note,)) as session:
        state = session.explorer.explore()
    return {
        "seed": seed,
        "scrambled": bool(options),
        "seconds": round(time.perf_counter() - began, 1),
        "iterations": state.spent.iterations,
        "items": len(state.progress.items),
        "skills": len(state.kept),
        "milestones": reached,
    }


def main() -> None:
    """Live every life, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--iterations", type=int, default=80)
    parser.add_argument("--seeds", type=int, nargs="*", default=[7, 1, 2, 3, 4, 5])
    parser.add_argument("--scramble", type=int, default=0, metavar="N")
    options = parser.parse_args()
    seeds, iterations = ([7], 15) if options.quick else (options.seeds, options.iterations)
    rows = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["FIELDCRAFT_CACHE"] = f"{home}/cache"
        worlds: list[tuple[int, dict[str, object]]] = [(seed, {}) for seed in seeds]
        for number in range(1, options.scramble + 1):
            rules = Path(home) / f"rules-{number}.json"
            rules.write_text(json.dumps(scramble(None, seed=number)))
            worlds.append((7, {"rules": str(rules)}))
        for place, (seed, world) in enumerate(worlds):
            folder = Path(home) / f"life-{place}"
            folder.mkdir()
            rows.append(live(folder, seed, iterations, world))
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
