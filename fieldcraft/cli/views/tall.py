"""What a dashboard shows where the terminal has more rows than it needs: the latest tasks and the program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from fieldcraft.agent.redact import clean
from fieldcraft.cli.views.console import one_line
from fieldcraft.cli.views.lines import BAD, GOOD

if TYPE_CHECKING:
    from fieldcraft.agent.journal.overview import Overview, TaskEnd

LEAST_ROWS = 18
"""Rows of a dashboard that shows nothing more, its border included."""

FEWEST = 4
"""Rows for which it pays to show more: a heading, and three lines."""


def more_of(overview: Overview, rows: int) -> list[RenderableType]:
    """The latest tasks in half of these rows, and the code of the latest program in the rest."""
    if rows < FEWEST:
        return []
    tasks = list(overview.recent)[-((rows - 2) // 2) :]
    found: list[RenderableType] = [Rule("Latest tasks", style="quiet", align="left"), _tasks(tasks)]
    left = rows - 2 - max(1, len(tasks))
    if left >= FEWEST - 1 and overview.source:
        found += [Rule("Program", style="quiet", align="left"), *_code(overview.source, left)]
    return found


def _tasks(tasks: Sequence[TaskEnd]) -> RenderableType:
    if not tasks:
        return Text("none ended since this view began", style="quiet")
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for task in reversed(tasks):
        mark = Text(GOOD, style="good") if task.success else Text(BAD, style="bad")
        came_to = (f"  {one_line(task.came_to)}", "quiet") if task.came_to else ""
        grid.add_row(mark, Text.assemble(f"{task.number}: {one_line(task.words, 120)}", came_to))
    return grid


def _code(source: str, rows: int) -> list[RenderableType]:
    """The end of a program, where its entry stands."""
    lines = [line for line in clean(source).splitlines() if line.strip()][-rows:]
    return [Text(line, style="quiet", no_wrap=True, overflow="ellipsis") for line in lines]
