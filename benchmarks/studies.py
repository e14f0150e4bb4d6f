"""Voyager's three studies on the grid world with the `offline` model. Prints JSON.

python benchmarks/studies.py --write-docs    the tables of docs/studies.md; goes on where it was stopped
python benchmarks/studies.py --rehearse      without the seeds and recipes that are kept unseen
python benchmarks/studies.py --quick         one seed, a few iterations

Unseen are seeds 2001 to 2005 and the recipes of scramble seed 2001: nothing is tuned on them, and they
are lived for the tables alone.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fieldcraft.agent.study import Study, StudyPlan, StudyWorld, Table, open_study, tables, write_results
from fieldcraft.agent.study.study import Record, Update
from fieldcraft.agent.study.tables import reached, spread

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
BUILDING, UNSEEN = tuple(range(1, 6)), tuple(range(2001, 2006))
ABLATIONS = ("full", "without-library", "without-critic", "random-curriculum")
COMPARED = ("full", "autogpt", "reflexion", "react")
TIERS = ("wooden", "stone", "iron", "diamond")


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
    seeds = BUILDING if rehearsed else (*BUILDING, *UNSEEN)
    worlds = (StudyWorld(), StudyWorld(name="permuted", scramble=3 if rehearsed else UNSEEN[0]))
    return {
        "ablations": StudyPlan(kind="items", methods=ABLATIONS, seeds=seeds, worlds=worlds),
        "compared": StudyPlan(kind="items", methods=COMPARED, seeds=seeds),
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


def parts(study: Study) -> Iterator[tuple[str, str, list[Record]]]:
    """The lives by recipes and by kind of seeds."""
    found: dict[tuple[str, str], list[Record]] = {}
    for record in study.records:
        seed = record.trial.seed - (study.plan.shift if record.trial.goal else 0)
        key = record.trial.world.name, "unseen" if seed in UNSEEN else "building"
        found.setdefault(key, []).append(record)
    for (world, seeds), records in found.items():
        yield world, seeds, records


def lives_table(studies: list[Study]) -> Table:
    """Items, tiers of tools, distance, tokens: a row for each method in each part."""
    table = Table(
        f"Lives of {studies[0].plan.iterations} iterations",
        ["recipes", "seeds", "method", "items", "of full", "full ahead", *TIERS, "distance", "1,000 tokens"],
        names=3,
        note="Median (least-greatest) over the seeds; of the tools, the iteration of the first of each tier, "
        "over the seeds that made one, and how many did.",
    )
    rows: dict[tuple[str, str, str], list[str]] = {}
    for study in studies:
        for world, seeds, records in parts(study):
            full = items_of(records, "full")
            for method in study.plan.methods:
                rows.setdefault((world, seeds, method), _life_row(records, method, full))
    order = [*ABLATIONS, *COMPARED]
    for key in sorted(rows, key=lambda key: (key[0], key[1], order.index(key[2]))):
        table.rows.append([*key, *rows[key]])
    return table


def items_of(records: list[Record], method: str) -> dict[int, int]:
    """Distinct items of a method's lives by seed."""
    return {
        record.trial.seed: len(record.measured.items)
        for record in records
        if record.measured and record.trial.method == method
    }


def _life_row(records: list[Record], method: str, full: dict[int, int]) -> list[str]:
    done = [record.measured for record in records if record.measured and record.trial.method == method]
    items = items_of(records, method)
    pairs = [(full[seed], count) for seed, count in items.items() if seed in full]
    tools = [reached([life.milestones.get(f"{tier} tools") for life in done]) for tier in TIERS]
    share = 100 * statistics.median(items.values()) / statistics.median(full.values()) if pairs else 0
    return [
        spread(list(items.values())),
        f"{share:.0f} %",
        "" if method == "full" else f"{sum(a > b for a, b in pairs)}/{len(pairs)}",
        *tools,
        spread([life.distance for life in done]),
        spread([life.spent.tokens / 1000 for life in done]),
    ]


def goals_table(study: Study) -> Table:
    """Iterations to each goal in a new world, with the library and without, in each part."""
    limit = study.plan.goal_iterations
    table = Table(
        f"Goals in a new world, within {limit} iterations",
        ["recipes", "seeds", *tables(study)[0].columns[1:]],
        names=5,
        note=f"{tables(study)[0].note} `all goals`: seeds on which each goal was reached, and the iterations "
        f"for all of them together, where never counts as {limit}.",
    )
    for world, seeds, records in parts(study):
        part = Study(study.plan, study.folder, study.store, records)
        table.rows += [[world, seeds, *row[1:]] for row in tables(part)[0].rows]
        table.rows.append([world, seeds, *study.plan.methods, "all goals", "", *all_goals(part, limit)])
    return table


def all_goals(part: Study, limit: int) -> list[str]:
    """With the library and without: on how many seeds all goals were reached, and iterations in all."""
    cells, medians = [], []
    for arm in (True, False):
        by_seed: dict[int, list[int | None]] = {}
        for record in part.records:
            if record.trial.goal and record.measured and record.trial.with_library == arm:
                by_seed.setdefault(record.trial.seed, []).append(record.measured.goal_at)
        sums = [sum(limit if at is None else at for at in goals) for goals in by_seed.values()]
        whole = sum(len(goals) == len(part.plan.goals) and None not in goals for goals in by_seed.values())
        medians.append(statistics.median(sums) if sums else 0)
        cells.append(f"{spread(sums)}, {whole}/{len(by_seed)}")
    return [*cells, f"{medians[0] / medians[1]:.2f}" if medians[1] else "-"]


def write_docs(made: list[Table], studies: dict[str, Study]) -> None:
    """Put the tables between the marks in docs/studies.md, and the figures into docs/images."""
    page = DOCS / "studies.md"
    text = "\n".join(table.markdown() for table in made)
    marked = re.compile(r"(<!-- results -->\n).*(<!-- end of results -->)", re.DOTALL)
    page.write_text(marked.sub(lambda found: f"{found[1]}\n{text}\n{found[2]}", page.read_text()))
    for name, study in studies.items():
        figure = study.folder / f"{study.plan.kind}.svg"
        shutil.copy(figure, DOCS / "images" / f"study-{name.replace(' ', '-')}.svg")


def main() -> None:
    """Live the studies and tell what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rehearse", action="store_true", help="seeds 1-5 and recipes of scramble seed 3")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--fresh", action="store_true", help="forget what was lived before")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/studies.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        kept = HERE / "results" / ("rehearsal" if arguments.rehearse else "studies")
        folder = Path(scratch) if arguments.quick else kept
        if arguments.fresh:
            shutil.rmtree(folder, ignore_errors=True)
        studies = {name: live(plan, name, folder, arguments.jobs) for name, plan in plans(arguments).items()}
        for study in studies.values():
            write_results(study)
        *lives, new_world = studies.values()
        made = [lives_table(lives), goals_table(new_world)]
        if arguments.write_docs:
            write_docs(made, studies)
    records = [record for study in studies.values() for record in study.records]
    result = {
        "lives": len(records),
        "not_done": [str(record.trial) for record in records if record.outcome != "done"],
        "tables": [{"title": table.title, "columns": table.columns, "rows": table.rows} for table in made],
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
