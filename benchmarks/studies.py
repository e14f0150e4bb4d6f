"""Voyager's three studies on the grid world with the `offline` model. Prints JSON.

python benchmarks/studies.py --write-docs    the tables of docs/studies.md; goes on where it was stopped
python benchmarks/studies.py --rehearse 2    the same on seeds 1 and 2 alone, with other permuted recipes
python benchmarks/studies.py --quick         one seed, a few iterations

Unseen are seeds 11001 to 11005 and the recipes of scramble seed 11001: nothing is tuned on them, and they
are lived for the tables alone.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _study_tables import (
    ABLATIONS,
    BUILDING,
    COMPARED,
    UNSEEN,
    goals_table,
    lives_table,
    pairs_table,
    targets_table,
)

from fieldcraft.study import Study, StudyPlan, StudyWorld, Table, open_study, write_results
from fieldcraft.study.study import StudyError, Update

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"


def plans(arguments: argparse.Namespace) -> dict[str, StudyPlan]:
    """The studies, which share their lives."""
    if arguments.quick:
        seeds, worlds = (1,), (StudyWorld(),)
        short: dict[str, Any] = {"seeds": seeds, "worlds": worlds, "iterations": 8}
        return {
            "ablations": StudyPlan(kind="items", methods=("full", "without-library"), **short),
            "new world": StudyPlan(
                kind="newworld", methods=("full",), goals=("stick",), goal_iterations=6, **short
            ),
        }
    rehearsed = arguments.rehearse
    seeds = BUILDING[:rehearsed] if rehearsed else (*BUILDING, *UNSEEN)
    worlds = (StudyWorld(), StudyWorld(name="permuted", scramble=3 if rehearsed else UNSEEN[0]))
    return {
        "ablations": StudyPlan(kind="items", methods=ABLATIONS, seeds=seeds, worlds=worlds),
        "compared": StudyPlan(kind="items", methods=COMPARED, seeds=BUILDING[:rehearsed]),
        "new world": StudyPlan(kind="newworld", methods=("full",), seeds=seeds, worlds=worlds),
    }


def live(plan: StudyPlan, name: str, folder: Path, jobs: int) -> Study:
    """One study to its end, told on standard error."""
    began = time.monotonic()

    def tell(update: Update) -> None:
        record = update.record
        if update.step is None and record.outcome != "running":
            counts = study.counts()
            minutes = (time.monotonic() - began) / 60
            words = f"{name} {counts.get('done', 0)}/{len(study.records)}, {minutes:.1f} min: {record.trial}"
            print(f"{words}: {record.outcome} {record.reason}", file=sys.stderr)

    with open_study(plan, folder, name=name.replace(" ", "-")) as study:
        if study.mixed:
            print(f"{study.mixed} lives of {name} are of other source code; see --fresh", file=sys.stderr)
        study.run(jobs=jobs, listeners=(tell,))
    return study


def write_docs(made: list[Table], studies: dict[str, Study]) -> None:
    """Put the tables between the marks in docs/studies.md, and the figures into docs/images."""
    page = DOCS / "studies.md"
    pictures = [
        f"![{study.plan.kind}: {name}](images/study-{name.replace(' ', '-')}.svg)\n"
        for name, study in studies.items()
    ]
    text = "\n".join([*(table.markdown() for table in made), *pictures])
    marked = re.compile(r"(<!-- results -->\n).*(<!-- end of results -->)", re.DOTALL)
    page.write_text(marked.sub(lambda found: f"{found[1]}\n{text}\n{found[2]}", page.read_text()))
    for name, study in studies.items():
        figure = study.folder / f"{study.plan.kind}.svg"
        shutil.copy(figure, DOCS / "images" / f"study-{name.replace(' ', '-')}.svg")


def main() -> None:
    """Live the studies and tell what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument(
        "--rehearse",
        metavar="N",
        type=int,
        choices=range(1, 6),
        help="seeds 1 to N, recipes of scramble seed 3",
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--fresh", action="store_true", help="forget what was lived before")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/studies.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        kept = HERE / "results" / (f"rehearsal-{arguments.rehearse}" if arguments.rehearse else "studies")
        folder = Path(scratch) if arguments.quick else kept
        if arguments.fresh:
            shutil.rmtree(folder, ignore_errors=True)
        try:
            studies = {
                name: live(plan, name, folder, arguments.jobs) for name, plan in plans(arguments).items()
            }
        except StudyError as error:
            sys.exit(f"error: {error}; --fresh forgets what was lived")
        for study in studies.values():
            write_results(study)
        *lives, new_world = studies.values()
        made = [
            targets_table(lives[0], new_world),
            lives_table(lives),
            pairs_table(lives[0]),
            goals_table(new_world),
        ]
        if arguments.write_docs:
            write_docs(made, studies)
    records = [record for study in studies.values() for record in study.records]
    result = {
        "lives": len(records),
        "minutes_of_lives": round(sum(record.spent.seconds for record in records) / 60, 1),
        "not_done": [str(record.trial) for record in records if record.outcome != "done"],
        "tables": [{"title": table.title, "columns": table.columns, "rows": table.rows} for table in made],
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
