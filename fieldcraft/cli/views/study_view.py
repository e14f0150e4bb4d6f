"""Tell a study: its first line, and how its trials ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fieldcraft.cli.views import figures
from fieldcraft.cli.views.trials_view import Wording, ended_line, opening_lines

if TYPE_CHECKING:
    from rich.text import Text

    from fieldcraft.study.design import Trial
    from fieldcraft.study.study import Record, Study, Update


def wording(study: Study) -> Wording:
    """How a study is told."""
    return Wording(lambda: opening(study), lambda record: ended(study, record), _items, "trials")


def opening(study: Study) -> Text:
    """The first line: which study runs, and how many of its trials are already done."""
    counts = study.counts()
    known = f", {counts['done']} of them already done" if counts.get("done") else ""
    return opening_lines(
        study,
        f"study {study.plan.kind}: {len(study.records)} trials{known}, model {study.plan.settings.model}, "
        f"in {study.folder}",
    )


def ended(study: Study, record: Record[Trial]) -> Text:
    """How a trial ended, in a line."""
    found = record.measured
    if found is None:
        return ended_line(study, record, "")
    goal = ""
    if record.trial.goal:
        reached = f"reached in iteration {found.goal_at}" if found.goal_at is not None else "not reached"
        goal = f"goal {reached}, "
    return ended_line(
        study,
        record,
        f"{goal}{len(found.items)} items, {found.spent.iterations} iterations, "
        f"{found.spent.tokens:,} tokens, {figures.money(found.spent)}",
    )


def _items(update: Update) -> str:
    return f"{update.step.items if update.step else 0} items"
