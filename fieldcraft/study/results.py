"""Write the results of a study into its folder: JSON, Markdown, figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fieldcraft.agent.journal.folders import write_file
from fieldcraft.common.fields import FOR_FILES
from fieldcraft.study.figures import write_figures
from fieldcraft.study.study import Study
from fieldcraft.study.tables import Table, tables


def as_data(study: Study) -> dict[str, Any]:
    """The data of a study for `--json` and `study.json`."""
    return {
        "study": study.folder.name,
        "folder": str(study.folder),
        "kind": study.plan.kind,
        "model": study.plan.settings.model,
        "outcomes": study.counts(),
        "stopped": study.stopped,
        "spent": study.spent.model_dump(),
        "plan": study.plan.model_dump(mode="json", context=FOR_FILES),
        "tables": [
            {"title": table.title, "columns": table.columns, "rows": table.rows, "note": table.note}
            for table in tables(study)
        ],
        "trials": [record.model_dump(mode="json") for record in study.records],
    }


def write_results(study: Study, *, figures: bool = True) -> list[Path]:
    """Write `study.json`, `table.md` and the figures into the study's folder.

    Raises:
        MissingExtra: `figures` is true and matplotlib is not installed; the other files are written.
        OSError: a file cannot be written.
    """
    data, page = study.folder / "study.json", study.folder / "table.md"
    write_file(data, (json.dumps(as_data(study), indent=1) + "\n").encode(), sync=False)
    write_file(page, markdown(study, tables(study)).encode(), sync=False)
    return [data, page, *(write_figures(study) if figures else [])]


def markdown(study: Study, made: list[Table]) -> str:
    """The tables as a Markdown page, with the study they belong to."""
    plan = study.plan
    seeds = ", ".join(str(seed) for seed in plan.seeds)
    head = (
        f"Study `{plan.kind}`: {plan.settings.environment}, model `{plan.settings.model}`, seeds {seeds}.\n"
    )
    return "\n".join([head, *(table.markdown() for table in made)])
