"""Show a study: finished trials, those in progress below them, and the tables at the end."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from fieldcraft.cli.views import figures
from fieldcraft.cli.views.console import console, one_line, say, table
from fieldcraft.cli.views.lines import BAD, GOOD

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from fieldcraft.study.study import Record, Study, Update

STOPPING = "Stopping every trial at its next event; Ctrl-C again stops at once. The same command resumes."
REFRESHES = 4


class View(Protocol):
    """Shows the progress of a study."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def take(self, update: Update) -> None:
        """Show one update of the study."""

    def stopping(self) -> None:
        """Announce the stop. Called from a signal handler."""


def choose_view(study: Study, *, plain: bool, as_json: bool) -> View:
    """The dashboard on a terminal, lines elsewhere; with JSON on standard output, lines on standard error."""
    screen = console(stderr=as_json)
    if as_json or plain or not screen.is_terminal or screen.is_dumb_terminal:
        return PlainView(study, stderr=as_json)
    return LiveView(study)


class PlainView:
    """Prints one line for each trial that begins or ends."""

    def __init__(self, study: Study, *, stderr: bool) -> None:
        self._study = study
        self._console = console(stderr=stderr)

    def __enter__(self) -> Self:
        self._console.print(opening(self._study), soft_wrap=True)
        return self

    def __exit__(self, *_: object) -> None:
        return

    def take(self, update: Update) -> None:
        """Print which trial began or ended."""
        if update.step is not None:
            return
        if update.record.outcome == "running":
            self._console.print(say(f"  begun: {update.record.trial}", "quiet"), soft_wrap=True)
        else:
            self._console.print(ended(self._study, update.record), soft_wrap=True)

    def stopping(self) -> None:
        """Announce the stop without buffering: a signal handler must not wait for a lock."""
        os.write(2, STOPPING.encode() + b"\n")


class LiveView:
    """Finished trials scroll by; those in progress and the totals stay below them."""

    def __init__(self, study: Study) -> None:
        from rich.live import Live

        self._study = study
        self._console = console()
        self._lock = threading.Lock()
        self._steps: dict[str, Update] = {}
        self._stopping = False
        self._live = Live(
            console=self._console,
            get_renderable=self._draw,
            refresh_per_second=REFRESHES,
            transient=True,
            vertical_overflow="crop",
        )

    def __enter__(self) -> Self:
        self._console.print(opening(self._study))
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def take(self, update: Update) -> None:
        """Show one update of the study."""
        with self._lock:
            if update.step is not None or update.record.outcome == "running":
                self._steps[update.record.name] = update
                return
            self._steps.pop(update.record.name, None)
        self._console.print(ended(self._study, update.record))

    def stopping(self) -> None:
        """Announce the stop from the next redraw on."""
        self._stopping = True

    def _draw(self) -> RenderableType:
        from rich.console import Group
        from rich.panel import Panel
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2), expand=True)
        grid.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        for justify in ("left", "right", "right"):
            grid.add_column(justify=justify, no_wrap=True)
        with self._lock:
            for update in self._steps.values():
                trial, step = update.record.trial, update.step
                used = step.spent.iterations if step else 0
                grid.add_row(
                    say(one_line(trial, 100), "name"),
                    ProgressBar(total=trial.iterations, completed=used, width=16),
                    f"{used}/{trial.iterations}",
                    f"{step.items if step else 0} items",
                )
            counts = self._study.counts()
        done, total = counts.get("done", 0), len(self._study.records)
        grid.add_row(say(_spent(self._study), "quiet"), ProgressBar(total=total, completed=done, width=16),
                     f"{done}/{total}", "lives")  # fmt: skip
        foot = (
            Text(STOPPING, style="warn")
            if self._stopping
            else Text("Ctrl-C stops after the current events; the same command resumes.", style="quiet")
        )
        return Group(Panel(grid, border_style="quiet", title=say(self._study.folder.name, "name"),
                           title_align="left"), foot)  # fmt: skip


def opening(study: Study) -> Text:
    """The first line: which study runs, and how many of its trials are already done."""
    from rich.text import Text

    counts = study.counts()
    known = f", {counts['done']} of them already done" if counts.get("done") else ""
    words = (
        f"study {study.plan.kind}: {len(study.records)} trials{known}, model {study.plan.settings.model}, "
        f"in {study.folder}"
    )
    lines = [say(words, "head")]
    if study.mixed:
        lines.append(
            say(
                f"! {study.mixed} of these results come from other source code; --fresh reruns all",
                "warn",
            )
        )
    return Text("\n").join(lines)


def ended(study: Study, record: Record) -> Text:
    """How a trial ended, in a line."""
    from rich.text import Text

    done, total = study.counts().get("done", 0), len(study.records)
    if record.measured is None:
        style = "bad" if record.outcome == "failed" else "warn"
        what = f"{record.outcome}: {one_line(record.reason, 300)}"
        return Text.assemble((f"{BAD} ", style), f"[{done}/{total}] {record.trial}  ", (what, style))
    found = record.measured
    goal = ""
    if record.trial.goal:
        goal = (
            f"goal reached in iteration {found.goal_at}, "
            if found.goal_at is not None
            else "goal not reached, "
        )
    what = (
        f"{goal}{len(found.items)} items, {found.spent.iterations} iterations, "
        f"{found.spent.tokens:,} tokens, {figures.money(found.spent)}"
    )
    return Text.assemble((f"{GOOD} ", "good"), f"[{done}/{total}] {record.trial}  ", (what, "quiet"))


def print_results(study: Study, files: Sequence[Path]) -> None:
    """Print the tables, and where they and the figures are kept."""
    from fieldcraft.study import tables

    for made in tables(study):
        if not made.rows:
            console().print(say(f"{made.title}: {made.note}"), soft_wrap=True)
            continue
        columns = [name if number < made.names else f"#{name}" for number, name in enumerate(made.columns)]
        shown = table(*columns, title=made.title, whole=2)
        for row in made.rows:
            shown.add_row(*(say(one_line(cell, 300)) for cell in row))
        console().print(shown)
        if made.note:
            console().print(say(made.note, "quiet"))
    if study.stopped:
        console().print(say(f"stopped: {study.stopped}; the same command resumes", "warn"), soft_wrap=True)
    console().print(say("Written: " + ", ".join(str(file) for file in files), "quiet"), soft_wrap=True)


def _spent(study: Study) -> str:
    spent = study.spent
    return f"{spent.tokens:,} tokens, {figures.money(spent)}, {figures.duration(spent.seconds)} of work"
