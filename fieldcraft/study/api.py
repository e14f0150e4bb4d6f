"""Run a study from Python in one call: `run_study`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.study.design import Kind, StudyPlan
from fieldcraft.study.study import Study, open_study


def run_study(
    kind: Kind,
    *,
    folder: Path | str = "studies",
    name: str | None = None,
    jobs: int = 1,
    budget: BudgetLimits | None = None,
    **plan: Any,
) -> Study:
    """Compare methods over many trials; the same call resumes a study that was stopped.

    Args:
        kind: `items`, `techtree` or `newworld`.
        folder: the folder of studies and their runs.
        name: the name of the study; made from the plan if omitted.
        jobs: how many trials run at a time, each in its own process.
        budget: limits on the whole study.
        plan: further fields of `StudyPlan`, such as `methods`, `seeds`, `iterations`, `settings`.

    Returns:
        The study, for `tables(study)` and `write_results(study)` of `fieldcraft.study`.
    """
    with open_study(StudyPlan(kind=kind, **plan), Path(folder), name=name) as study:
        study.run(jobs=jobs, budget=budget)
    return study
