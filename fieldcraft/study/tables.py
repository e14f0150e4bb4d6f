"""The results of a study as tables: the same rows for the terminal, Markdown and JSON."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fieldcraft.study.design import Trial
from fieldcraft.study.study import Record, Study

TIERS = ("wooden tools", "stone tools", "iron tools", "diamond tools")
"""Grid world milestones that a tech tree table always shows; others are shown if they were reached."""


@dataclass
class Table:
    """A table of text cells; the first `names` columns name the row, the others are figures."""

    title: str
    columns: list[str]
    names: int
    rows: list[list[str]] = field(default_factory=list)
    note: str = ""

    def markdown(self) -> str:
        """The table in GitHub Markdown with its title and note; only these two if it has no rows."""
        marks = ["---"] * self.names + ["---:"] * (len(self.columns) - self.names)
        lines = [
            "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
            for row in (self.columns, marks, *self.rows)
        ]
        note = ["", self.note] if self.note else []
        return "\n".join([f"### {self.title}", *(["", *lines] if self.rows else []), *note]) + "\n"


@dataclass(frozen=True)
class Group:
    """The trials of one method in one world, one for each seed."""

    world: str
    method: str
    records: list[Record[Trial]]

    @property
    def done(self) -> list[Record[Trial]]:
        """The finished trials."""
        return [record for record in self.records if record.measured is not None]


def tables(study: Study) -> list[Table]:
    """Every table of a study."""
    made = {"items": [_items], "techtree": [_tech_tree], "newworld": [_new_world]}[study.plan.kind]
    found = [make(study) for make in made]
    missing = troubles(study.records)
    return [*found, _costs(study), *([missing] if missing.rows else [])]


def groups(records: Iterable[Record[Trial]]) -> list[Group]:
    """The trials by world and method, in the order in which these first come."""
    found: dict[tuple[str, str], Group] = {}
    for record in records:
        key = record.trial.world.name, record.trial.method
        found.setdefault(key, Group(*key, [])).records.append(record)
    return list(found.values())


def spread(values: Sequence[float], unit: str = "") -> str:
    """Format values as `17 (12-21)`: median, minimum and maximum."""
    if not values:
        return "-"
    low, high = min(values), max(values)
    around = "" if low == high else f" ({low:,.0f}-{high:,.0f})"
    return f"{statistics.median(values):,.0f}{around}{unit}"


def reached(values: Sequence[int | None]) -> str:
    """Format as `17 (12-21), 4/5`: the iterations in which a target was reached, and how often it was."""
    if not values:
        return "-"
    known = [value for value in values if value is not None]
    return f"{spread(known) if known else 'never'}, {len(known)}/{len(values)}"


def milestones(study: Study) -> list[str]:
    """The grid world's tiers, and all other milestones that some trial reached."""
    found = [name for record in study.records if record.measured for name in record.measured.milestones]
    known = TIERS if set(TIERS) & set(found) or not found else ()
    return list(dict.fromkeys([*known, *sorted(set(found) - set(known))]))


def _items(study: Study) -> Table:
    table = Table(
        f"Distinct items in {study.plan.iterations} iterations",
        ["world", "method", "seeds", "items", "of the first", "first ahead", "tasks done", "distance"],
        names=2,
        note="Items and distance: median (minimum-maximum) over seeds. `of the first`: median items as a "
        "share of those of the first method. `first ahead`: on how many seeds the first method had more.",
    )
    best: dict[str, Group] = {}
    for group in groups(study.records):
        first = best.setdefault(group.world, group)
        done = group.done
        items = [len(record.measured.items) for record in done if record.measured]
        table.rows.append(
            [
                group.world,
                group.method,
                f"{len(done)}/{len(group.records)}",
                spread(items),
                _share(items, [len(record.measured.items) for record in first.done if record.measured]),
                "" if group is first else _ahead(first, group),
                spread([record.measured.tasks_done for record in done if record.measured]),
                spread([record.measured.distance for record in done if record.measured]),
            ]
        )
    return table


def _share(items: Sequence[int], of: Sequence[int]) -> str:
    if not items or not of or not statistics.median(of):
        return "-"
    return f"{100 * statistics.median(items) / statistics.median(of):.0f} %"


def _ahead(first: Group, other: Group) -> str:
    mine = {record.trial.seed: len(record.measured.items) for record in first.done if record.measured}
    pairs = [
        (mine[record.trial.seed], len(record.measured.items))
        for record in other.done
        if record.measured and record.trial.seed in mine
    ]
    return f"{sum(a > b for a, b in pairs)}/{len(pairs)}" if pairs else "-"


def _tech_tree(study: Study) -> Table:
    rungs = milestones(study)
    table = Table(
        f"Iterations to each milestone, of at most {study.plan.iterations}",
        ["world", "method", *rungs],
        names=2,
        note="Median (minimum-maximum) over the seeds that reached it, and how many did.",
    )
    for group in groups(study.records):
        found = [record.measured.milestones for record in group.done if record.measured]
        cells = [reached([trial.get(rung) for trial in found]) for rung in rungs]
        table.rows.append([group.world, group.method, *cells])
    return table


def _new_world(study: Study) -> Table:
    limit = study.plan.goal_iterations
    table = Table(
        f"Iterations to a goal in a new world, of at most {limit}",
        ["world", "method", "goal", "", "with the library", "without it", "ratio"],
        names=4,
        note="`new`: no task completed while the library was filled had this goal; `done before`: one had. "
        "Median (minimum-maximum) over the seeds that reached it, and how many did. `ratio`: the median "
        f"with the library divided by the median without; never counts as {limit}.",
    )
    goals = [record for record in study.records if record.trial.goal]
    for group in groups(goals):
        for goal in study.plan.goals:
            for old in (False, True):
                chosen = [
                    record
                    for record in group.records
                    if record.trial.asked == goal and done_before(study, record) == old
                ]
                with_it, without = (_goal_at(chosen, with_library=arm) for arm in (True, False))
                if with_it or without:
                    table.rows.append(
                        [
                            group.world,
                            group.method,
                            goal,
                            "done before" if old else "new",
                            reached(with_it),
                            reached(without),
                            _ratio(with_it, without, limit),
                        ]
                    )
    if not table.rows:
        table.note = "Nothing to show yet: no trial with a goal is done."
    return table


def done_before(study: Study, record: Record[Trial]) -> bool:
    """Whether the trial that filled this seed's library completed a task with the same goal."""
    trial = record.trial
    for other in study.records:
        seed = other.trial.seed + study.plan.shift
        if not other.trial.goal and (other.trial.world.name, seed) == (trial.world.name, trial.seed):
            return other.measured is not None and trial.goal in other.measured.goals_done
    return trial.goal in study.library_goals()


def _goal_at(records: Sequence[Record[Trial]], *, with_library: bool) -> list[int | None]:
    return [
        record.measured.goal_at
        for record in records
        if record.measured is not None and record.trial.with_library == with_library
    ]


def _ratio(with_it: Sequence[int | None], without: Sequence[int | None], limit: int) -> str:
    if not with_it or not without:
        return "-"
    medians = [
        statistics.median([limit if value is None else value for value in values])
        for values in (with_it, without)
    ]
    return f"{medians[0] / max(1, medians[1]):.2f}"


def _costs(study: Study) -> Table:
    table = Table("Cost of a trial", ["world", "method", "", *COSTS], names=3, note=cost_note(study.records))
    kinds = ("", "with the library", "without it")
    for kind in kinds:
        for group in groups(record for record in study.records if _arm(record) == kind):
            table.rows.append([group.world, group.method, kind or "exploration", *cost_cells(group.records)])
    return table


COSTS = ("trials", "iterations", "tokens", "USD", "USD in all", "minutes in all")
"""The columns of `cost_cells`."""


def cost_cells(records: Sequence[Record[Any]]) -> list[str]:
    """What trials cost: of a finished one median, minimum and maximum, and of all in all."""
    done = [record.spent for record in records if record.measured is not None]
    every = [record.spent for record in records]
    return [
        str(len(done)),
        spread([spent.iterations for spent in done]),
        spread([spent.tokens for spent in done]),
        f"{sum(spent.money for spent in done) / len(done):.4f}" if done else "-",
        f"{sum(spent.money for spent in every):.2f}",
        f"{sum(spent.seconds for spent in every) / 60:.1f}",
    ]


def cost_note(records: Sequence[Record[Any]]) -> str:
    """The note under such a table."""
    unpriced = any(record.spent.unpriced for record in records)
    return "Median (minimum-maximum) over the finished trials; in all: including unfinished ones." + (
        " The price of some answers is unknown." if unpriced else ""
    )


def _arm(record: Record[Trial]) -> str:
    if not record.trial.goal:
        return ""
    return "with the library" if record.trial.with_library else "without it"


def troubles(records: Sequence[Record[Any]]) -> Table:
    """The trials that are missing from the other tables, and why."""
    table = Table("Missing", ["trial", "outcome", "reason"], names=3)
    for record in records:
        if record.outcome != "done":
            table.rows.append([str(record.trial), record.outcome, " ".join(record.reason.split())[:300]])
    return table
