"""Kill a run with -9 at random moments, resume it, and compare it with the unbroken one. Prints JSON.

python benchmarks/kill_resume.py              200 kills (about 15 minutes)
python benchmarks/kill_resume.py --quick      6 kills, and 2 of a run of 10 episodes

Beside the runs in the grid world there is one of a hundred short episodes, killed 20 times.
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

from fieldcraft.agent import RunSettings
from fieldcraft.agent.journal.compare import first_difference
from fieldcraft.agent.journal.lines import LINE_LIMIT
from fieldcraft.agent.journal.stored.segments import lines_of, segment_names
from fieldcraft.agent.settings import BudgetLimits, FixedTask
from fieldcraft.common.files import Folder

CHILD = """
import sys
from fieldcraft.agent import RunSettings, new_session, resumed_session
from pathlib import Path
runs, name, settings = Path(sys.argv[1]), sys.argv[2], RunSettings.model_validate_json(sys.argv[3])
if (runs / name).exists():
    session = resumed_session(name, runs=runs)
else:
    session = new_session(settings, runs=runs, name=name)
with session as open_session:
    open_session.explorer.explore()
"""


def start(folder: Path, name: str, settings: RunSettings) -> subprocess.Popen[bytes]:
    """A process that begins the run, or goes on with it; its own cache, so that no index is shared."""
    environment = {
        **os.environ,
        "FIELDCRAFT_CACHE": str(folder / f"cache-{name}"),
        "PYTHONPATH": str(Path(__file__).parent),
    }
    own = settings.model_copy(update={"library": str(folder / f"library-{name}")})
    arguments = [str(folder / "runs"), name, own.model_dump_json()]
    return subprocess.Popen([sys.executable, "-c", CHILD, *arguments], env=environment)


def in_the_grid_world(seed: int, iterations: int) -> RunSettings:
    """A run of the offline model."""
    return RunSettings(seed=seed, budget=BudgetLimits(iterations=iterations))


def of_episodes(folder: Path, seed: int, episodes: int) -> RunSettings:
    """A run of one program in so many episodes, each of eight steps at most."""
    program = "```python\ndef walk_on(bot):\n    while True:\n        bot.walk()\n```"
    script = {
        "actor": [program] * episodes,
        "critic": ['{"reasoning": "r", "success": true, "critique": ""}'] * episodes,
        "describer": ["Walks on."] * episodes,
        "answerer": ["Walk."] * episodes,
    }
    (folder / "script.json").write_text(json.dumps(script))
    return RunSettings(
        environment="_short_episodes:ShortEpisodes",
        model=f"scripted:{folder / 'script.json'}",
        seed=seed,
        questions=0,
        curriculum="open",
        tasks=(FixedTask(task="Walk to the end"),),
        budget=BudgetLimits(iterations=episodes),
    )


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


def torture(
    folder: Path, settings: RunSettings, kills: int, rng: random.Random, longest: float = 0.6
) -> dict[str, object]:
    """One run, killed up to `kills` times on its way, beside the same run left alone.

    It goes on for a random time before each kill, at most for `longest` of what the whole run takes.
    """
    began = time.monotonic()
    if start(folder, "whole", settings).wait():
        raise SystemExit("the unbroken run failed")
    whole_seconds = time.monotonic() - began
    done, lost, acknowledged = 0, 0, b""
    while True:
        process = start(folder, "broken", settings)
        limit = rng.uniform(0.3, max(1.5, whole_seconds * longest)) if done < kills else None
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
        "environment": settings.environment,
        "seed": settings.seed,
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
            settings = in_the_grid_world(100 + len(rows), iterations)
            rows.append(torture(Path(folder), settings, left, rng))
    episodes, of_these = (10, 2) if options.quick else (100, 20)
    with tempfile.TemporaryDirectory() as folder:
        settings = of_episodes(Path(folder), 3, episodes)
        rows.append(torture(Path(folder), settings, of_these, rng, longest=0.12) | {"episodes": episodes})
    failures = [row for row in rows if row["lost"] or row["difference"] or not row["same_skills"]]
    kills = sum(int(str(row["kills"])) for row in rows)
    print(json.dumps({"kills": kills, "runs": len(rows), "failures": failures, "rows": rows}, indent=1))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
