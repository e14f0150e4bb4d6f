"""Tables of finished trials: medians, spreads, pairs, and goals that were never reached."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fieldcraft.agent.journal.state import Spent
from fieldcraft.study import Study, StudyPlan, tables, write_results
from fieldcraft.study.design import Store, Trial, name_of
from fieldcraft.study.study import Record
from fieldcraft.study.tables import reached, spread
from fieldcraft.study.trials import Measured


def lived(plan: StudyPlan, folder: Path, measure: Any) -> Study:
    """A study whose trials measured what `measure(trial)` returns; `None` is a failed trial."""
    records = []
    for trial in plan.trials():
        found = measure(trial)
        records.append(
            Record[Trial](
                name=name_of(plan, trial),
                trial=trial,
                outcome="done" if found else "failed",
                reason="" if found else "the disk | is full",
                measured=found,
                spent=found.spent if found else Spent(),
            )
        )
    folder.mkdir(exist_ok=True)
    return Study(plan, folder, Store(folder), records)


def measured(items: int, **changes: Any) -> Measured:
    spent = Spent(iterations=160, input_tokens=1000, output_tokens=500, money=0.25, seconds=60)
    return Measured(spent=spent, items={f"item_{n}": 2 * n for n in range(items)}, **changes)


@pytest.fixture
def items_study(tmp_path: Path) -> Study:
    """Two methods over three seeds: full holds 40, 50, 60; without-library 30, 50 and failed once."""
    plan = StudyPlan(kind="items", methods=("full", "without-library"), seeds=(1, 2, 3))

    def measure(trial: Any) -> Measured | None:
        if trial.method == "full":
            return measured(30 + 10 * trial.seed, distance=100.0 * trial.seed, tasks_done=9)
        return {1: measured(30), 2: measured(50), 3: None}[trial.seed]

    return lived(plan, tmp_path / "study", measure)


def test_items_are_told_with_their_spread_and_in_pairs(items_study: Study) -> None:
    items, costs, missing = tables(items_study)
    assert items.rows == [
        ["default", "full", "3/3", "50 (40-60)", "100 %", "", "9", "200 (100-300)"],
        ["default", "without-library", "2/3", "40 (30-50)", "80 %", "1/2", "0", "0"],
    ]
    assert costs.rows[0][3:] == ["3", "160", "1,500", "0.2500", "0.75", "3.0"]
    assert missing.rows == [["without-library, default, seed 3", "failed", "the disk | is full"]]


def test_milestones_are_told_with_how_many_reached_them(tmp_path: Path) -> None:
    plan = StudyPlan(kind="techtree", methods=("full",), seeds=(1, 2, 3))

    def measure(trial: Any) -> Measured:
        deep = {"diamond tools": 90} if trial.seed == 1 else {}
        return measured(9, milestones={"wooden tools": 4 + trial.seed, "golden tools": 70, **deep})

    tree = tables(lived(plan, tmp_path / "study", measure))[0]
    assert tree.columns[2:] == ["wooden tools", "stone tools", "iron tools", "diamond tools", "golden tools"]
    assert tree.rows == [
        ["default", "full", "6 (5-7), 3/3", "never, 0/3", "never, 0/3", "90, 1/3", "70, 3/3"]
    ]


def test_goals_done_while_the_library_was_filled_are_told_apart(tmp_path: Path) -> None:
    plan = StudyPlan(kind="newworld", methods=("full",), seeds=(1, 2), goals=("compass",))

    def measure(trial: Any) -> Measured:
        if not trial.goal:
            return measured(9, goals_done=["compass"] if trial.seed == 1 else [])
        return measured(9, goal_at=5 if trial.with_library else None if trial.seed == 1002 else 20)

    found = tables(lived(plan, tmp_path / "study", measure))[0]
    assert found.rows == [
        ["default", "full", "compass", "new", "5, 1/1", "never, 0/1", "0.10"],
        ["default", "full", "compass", "done before", "5, 1/1", "20, 1/1", "0.25"],
    ]


def test_medians_say_who_never_got_there() -> None:
    assert reached([3, None, 9]) == "6 (3-9), 2/3"
    assert (reached([None]), reached([]), spread([]), spread([7])) == ("never, 0/1", "-", "-", "7")


def test_a_table_in_markdown_keeps_its_cells(items_study: Study) -> None:
    missing = tables(items_study)[-1].markdown()
    assert missing.splitlines()[-1] == (
        "| without-library, default, seed 3 | failed | the disk \\| is full |"
    )


@pytest.mark.parametrize("kind", ["items", "techtree", "newworld"])
def test_figures_are_drawn_for_light_and_dark_pages(tmp_path: Path, kind: Any) -> None:
    plan = StudyPlan(kind=kind, methods=("full",), seeds=(1, 2), goals=("compass",))
    goal_at = {"goal_at": 4} if kind == "newworld" else {}
    study = lived(
        plan, tmp_path / "study", lambda trial: measured(9, milestones={"iron tools": 5}, **goal_at)
    )
    names = [path.name for path in write_results(study)]
    assert names == ["study.json", "table.md", f"{kind}.png", f"{kind}-dark.png", f"{kind}.svg"]
    light, dark = (Image.open(study.folder / name).convert("L").getpixel((2, 2)) for name in names[2:4])
    assert light > 240 and dark < 30  # type: ignore[operator]
    drawn = (study.folder / f"{kind}.svg").read_text()
    assert "prefers-color-scheme:dark" in drawn and not re.search(r"(?:fill|stroke): ?#(?!fff)", drawn)


def test_a_study_without_a_life_has_tables_and_no_figures(tmp_path: Path) -> None:
    study = lived(StudyPlan(kind="items", seeds=(1,)), tmp_path / "study", lambda _trial: None)
    assert [path.name for path in write_results(study)] == ["study.json", "table.md"]
    assert "| full | 0/1 | - | - |" in (study.folder / "table.md").read_text()


def test_a_new_world_without_a_life_for_a_goal_has_nothing_to_show(tmp_path: Path) -> None:
    plan = StudyPlan(kind="newworld", methods=("full",), seeds=(1,), goals=("compass",))
    study = lived(plan, tmp_path / "study", lambda trial: None if trial.goal else measured(9))
    assert [path.name for path in write_results(study)] == ["study.json", "table.md"]
    page = (study.folder / "table.md").read_text()
    assert "Nothing to show yet: no trial with a goal is done." in page
    assert "| ratio |" not in page
