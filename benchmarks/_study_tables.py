"""The tables that `benchmarks/studies.py` makes of its studies: targets, lives, pairs, goals."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from fieldcraft.study import Study, Table, tables
from fieldcraft.study.study import Record
from fieldcraft.study.tables import done_before, reached, spread

BUILDING, UNSEEN = tuple(range(1, 6)), tuple(range(11001, 11006))
ABLATIONS = ("full", "without-library", "without-critic", "random-curriculum")
COMPARED = ("full", "autogpt", "reflexion", "react")
TIERS = ("wooden", "stone", "iron", "diamond")
ITEMS, MORE, APART, SEEDS, FASTER = 63, 1.2, 0.25, 0.8, 0.5
"""Targets: items at the median; times an ablation's; apart from another part; of the seeds; of iterations."""


@dataclass(frozen=True)
class Part:
    """The lives with the same recipes on the same kind of seeds: used while building, or unseen."""

    recipes: str
    seeds: str
    lives: list[Record]
    goals: list[Record]

    @property
    def name(self) -> str:
        """As it heads a column."""
        return f"{self.recipes}, {self.seeds}"

    def median(self, method: str = "full") -> float:
        """Distinct items at the median, 0 where no life was lived to its end."""
        return float(statistics.median(items_of(self.lives, method).values() or [0]))


def parts_of(lives: Study, new_world: Study) -> list[Part]:
    """Each part of the lives with its goals in new worlds."""
    goals = {(recipes, seeds): records for recipes, seeds, records in parts(new_world)}
    return [
        Part(recipes, seeds, records, [r for r in goals.get((recipes, seeds), []) if r.trial.goal])
        for recipes, seeds, records in parts(lives)
    ]


def targets_table(lives: Study, new_world: Study) -> Table:
    """What was to be reached, and in each part whether it was."""
    found = parts_of(lives, new_world)
    limit = lives.plan.iterations, new_world.plan.goal_iterations
    table = Table(
        "Targets",
        ["target", *(part.name for part in found)],
        names=1,
        note=f"`full` in {limit[0]} iterations; goals within {limit[1]} in a new world, with the library of "
        "the same seed. Pairs are trials on one seed, and the share is of medians. A goal is new if no "
        f"task of the library's trial had this goal; one that was never reached counts as {limit[1]}.",
    )
    for method in lives.plan.methods[1:]:
        row = [_ahead(part, method) for part in found]
        table.rows.append([f"ahead of {method} on 4 of 5 seeds, by 20 % at the median", *row])
    table.rows += [
        [f"{ITEMS} distinct items at the median", *(_many(part) for part in found)],
        ["items within 25 % of those of default, building", *(_near(part, found[0]) for part in found)],
        ["a diamond tool on 4 of 5 seeds", *(_diamonds(part) for part in found)],
        ["all goals with the library, on every seed", *(_goals_reached(part, new_world) for part in found)],
        ["of them new goals, reached", *(_new_goals(part, new_world) for part in found)],
        ["iterations to all goals: half of those without", *(_faster(part, limit[1]) for part in found)],
    ]  # fmt: skip
    return table


def _mark(met: bool, words: str) -> str:
    return f"{words} {'✓' if met else '✗'}"


def _ahead(part: Part, method: str) -> str:
    full, other = items_of(part.lives, "full"), items_of(part.lives, method)
    pairs = [(full[seed], other[seed]) for seed in full if seed in other]
    if not pairs:
        return "-"
    ahead = sum(mine > theirs for mine, theirs in pairs)
    more = part.median() / max(1.0, part.median(method))
    met = ahead >= SEEDS * len(pairs) and more >= MORE
    return _mark(met, f"{ahead}/{len(pairs)}, {100 * (more - 1):+.0f} %")


def _many(part: Part) -> str:
    return _mark(part.median() >= ITEMS, f"{part.median():.0f}")


def _near(part: Part, first: Part) -> str:
    if part is first or not first.median():
        return "-"
    apart = part.median() / first.median() - 1
    return _mark(abs(apart) <= APART, f"{100 * apart:+.0f} %")


def _diamonds(part: Part) -> str:
    lives = [record.measured for record in part.lives if record.measured and record.trial.method == "full"]
    with_one = sum("diamond tools" in life.milestones for life in lives)
    return _mark(bool(lives) and with_one >= SEEDS * len(lives), f"{with_one}/{len(lives)}")


def _goals_reached(part: Part, study: Study) -> str:
    by_seed: dict[int, list[bool]] = {}
    for record in _arm(part, with_library=True):
        by_seed.setdefault(record.trial.seed, []).append(_at(record) is not None)
    whole = sum(all(reached) and len(reached) == len(study.plan.goals) for reached in by_seed.values())
    return _mark(bool(by_seed) and whole == len(by_seed), f"{whole}/{len(by_seed)}")


def _new_goals(part: Part, study: Study) -> str:
    cells = []
    for arm in (True, False):
        new = [record for record in _arm(part, with_library=arm) if not done_before(study, record)]
        cells.append(f"{sum(_at(record) is not None for record in new)}/{len(new)}")
    return f"{cells[0]} with, {cells[1]} without"


def _faster(part: Part, limit: int) -> str:
    medians = []
    for arm in (True, False):
        sums: dict[int, int] = {}
        for record in _arm(part, with_library=arm):
            at = _at(record)
            sums[record.trial.seed] = sums.get(record.trial.seed, 0) + (limit if at is None else at)
        medians.append(statistics.median(sums.values() or [0]))
    if not medians[1]:
        return "-"
    share = medians[0] / medians[1]
    return _mark(share <= FASTER, f"{medians[0]:.0f} to {medians[1]:.0f}: {100 * share:.0f} %")


def _arm(part: Part, *, with_library: bool) -> list[Record]:
    return [record for record in part.goals if record.measured and record.trial.with_library == with_library]


def _at(record: Record) -> int | None:
    return record.measured.goal_at if record.measured else None


def pairs_table(lives: Study) -> Table:
    """Distinct items of every life, a row for each seed."""
    methods = lives.plan.methods
    table = Table(
        "Distinct items, seed by seed",
        ["recipes", "seeds", "seed", *methods],
        names=3,
        note="Trials of one row use the same world.",
    )
    for recipes, seeds, records in parts(lives):
        counts = [items_of(records, method) for method in methods]
        for seed in sorted({record.trial.seed for record in records}):
            row = [str(count.get(seed, "-")) for count in counts]
            table.rows.append([recipes, seeds, str(seed), *row])
    return table


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
        f"Trials of {studies[0].plan.iterations} iterations",
        ["recipes", "seeds", "method", "items", "of full", "full ahead", *TIERS, "distance", "1,000 tokens"],
        names=3,
        note="Median (minimum-maximum) over the seeds; of the tools, the iteration of the first of each "
        "tier, over the seeds that made one, and how many did.",
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
        f"for all of them together; never counts as {limit}.",
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
