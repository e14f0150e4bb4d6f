"""Kill a run with -9 at random moments, resume it, and compare it with the unbroken one. Prints JSON.

python benchmarks/kill_resume.py              200 kills (about 15 minutes)
python benchmarks/kill_resume.py --quick      6 kills
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from itertools import chain
from pathlib import Path

from fieldcraft.agent.journal.compare import first_difference
from fieldcraft.agent.journal.lines import LINE_LIMIT
from fieldcraft.agent.journal.stored.segments import lines_of, segment_names
from fieldcraft.common.files import Folder

CHILD = """
import sys
from fieldcraft.agent import RunSettings, BudgetLimits, new_session, resumed_session
from pathlib import Path
runs, name, library, seed, iterations = sys.argv[1:]
runs = Path(runs)
if (runs / name).exists():
    session = resumed_session(name, runs=runs)
else:
    budget = BudgetLimits(iterations=int(iterations))
    session = new_session(RunSettings(seed=int(seed), library=library, budget=budget), runs=runs, name=name)
with session as open_session:
    open_session.explorer.explore()
"""


def start(folder: Path, name: str, seed: int, iterations: int) -> subprocess.Popen[bytes]:
    """A process that begins the run, or goes on with it; its own cache, so that no index is shared."""
    environment = {**os.environ, "FIELDCRAFT_CACHE": str(folder / f"cache-{name}")}
    arguments = [str(folder / "runs"), name, str(folder / f"library-{name}"), str(seed), str(iterations)]
    return subprocess.Popen([sys.executable, "-c", CHILD, *arguments], env=environment)


def journal_bytes(folder: Path) -> bytes:
    """What the run acknowledged: every whole line on disk."""
    if not folder.is_dir():
        return b""
    with Folder.open(folder) as place:
        lines = [lines_of(place, name, LINE_LIMIT) for name in segment_names(place)]
        content = b"".join(chain.from_iterable(lines))
    return content[: content.rfind(b"\n") + 1]


def skill_digests(library: Path) -> list[str]:
    """Every version of every skill."""
    return sorted(str(path.relative_to(library)) for path in library.glob("*/versions/*"))


def torture(folder: Path, seed: int, iterations: int, kills: int, rng: random.Random) -> dict[str, object]:
    """One run, killed up to `kills` times on its way, beside the same run left alone."""
    began = time.monotonic()
    if start(folder, "whole", seed, iterations).wait():
        raise SystemExit("the unbroken run failed")
    whole_seconds = time.monotonic() - began
    done, lost, acknowledged = 0, 0, b""
    while True:
        process = start(folder, "broken", seed, iterations)
        limit = rng.uniform(0.3, max(1.5, whole_seconds * 0.6)) if done < kills else None
        try:
            if process.wait(timeout=limit):
                raise SystemExit(f"resuming after kill {done} failed")
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            done += 1
            before = journal_bytes(folder / "runs" / "broken")
            lost += not before.startswith(acknowledged)
            acknowledged = before
    difference = first_difference(folder / "runs" / "whole", folder / "runs" / "broken")
    same_skills = skill_digests(folder / "library-whole") == skill_digests(folder / "library-broken")
    return {
        "seed": seed,
        "kills": done,
        "lost": lost,
        "difference": difference,
        "same_skills": same_skills,
        "skills": len(skill_digests(folder / "library-whole")),
    }


def main() -> None:
    """Torture runs of several seeds until enough kills were made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--iterations", type=int, default=40)
    options = parser.parse_args()
    wanted, iterations = (6, 10) if options.quick else (options.kills, options.iterations)
    rng, rows = random.Random(20), []
    while sum(int(str(row["kills"])) for row in rows) < wanted:
        with tempfile.TemporaryDirectory() as folder:
            left = wanted - sum(int(str(row["kills"])) for row in rows)
            rows.append(torture(Path(folder), 100 + len(rows), iterations, left, rng))
    failures = [row for row in rows if row["lost"] or row["difference"] or not row["same_skills"]]
    kills = sum(int(str(row["kills"])) for row in rows)
    print(json.dumps({"kills": kills, "runs": len(rows), "failures": failures, "rows": rows}, indent=1))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
