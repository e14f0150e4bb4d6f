"""Show trials that run: finished ones, those in progress below them, and the tables at the end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from fieldcraft.cli.views import figures
from fieldcraft.cli.views.console import console, one_line, say, table
from fieldcraft.cli.views.lines import BAD, GOOD

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from fieldcraft.study.batch import Batch
    from fieldcraft.study.records import Record, Update
    from fieldcraft.study.tables import Table

STOPPING = "Stopping every trial at its next event; Ctrl-C again stops at once. The same command resumes."
REFRESHES = 4


class View(Protocol):
    """Shows the progress of trials."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def take(self, update: Update) -> None:
        """Show one update."""

    def stopping(self) -> None:
        """Announce the stop. Called from a signal handler."""


@dataclass(frozen=True)
class Wording:
    """How trials are told.

    Attributes:
        opening: the first lines.
        ended: how a trial ended, in a line.
        progress: how far one in progress is, in a few words.
        nouns: what the trials are called.
    """

    opening: Callable[[], Text]
    ended: Callable[[Record[Any]], Text]
    progress: Callable[[Update], str]
    nouns: str


def choose_view(batch: Batch[Any], wording: Wording, *, plain: bool, as_json: bool) -> View:
    """The dashboard on a terminal, lines elsewhere; with JSON on standard output, lines on standard error."""
    screen = console(stderr=as_json)
    if as_json or plain or not screen.is_terminal or screen.is_dumb_terminal:
        return PlainView(wording, stderr=as_json)
    return LiveView(batch, wording)


class PlainView:
    """Prints one line for each trial that begins or ends."""

    def __init__(self, wording: Wording, *, stderr: bool) -> None:
        self._wording = wording
        self._console = console(stderr=stderr)

    def __enter__(self) -> Self:
        self._console.print(self._wording.opening(), soft_wrap=True)
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
            self._console.print(self._wording.ended(update.record), soft_wrap=True)

    def stopping(self) -> None:
        """Announce the stop without buffering: a signal handler must not wait for a lock."""
        os.write(2, STOPPING.encode() + b"\n")


class LiveView:
    """Finished trials scroll by; those in progress and the totals stay below them."""

    def __init__(self, batch: Batch[Any], wording: Wording) -> None:
        from rich.live import Live

        self._batch = batch
        self._wording = wording
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
        self._console.print(self._wording.opening())
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def take(self, update: Update) -> None:
        """Show one update."""
        with self._lock:
            if update.step is not None or update.record.outcome == "running":
                self._steps[update.record.name] = update
                return
            self._steps.pop(update.record.name, None)
        self._console.print(self._wording.ended(update.record))

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
                    self._wording.progress(update),
                )
            counts = self._batch.counts()
        done, total = counts.get("done", 0), len(self._batch.records)
        grid.add_row(
            say(spent_in_words(self._batch), "quiet"),
            ProgressBar(total=total, completed=done, width=16),
            f"{done}/{total}",
            self._wording.nouns,
        )
        foot = (
            Text(STOPPING, style="warn")
            if self._stopping
            else Text("Ctrl-C stops after the current events; the same command resumes.", style="quiet")
        )
        return Group(Panel(grid, border_style="quiet", title=say(self._batch.folder.name, "name"),
                           title_align="left"), foot)  # fmt: skip


def ended_line(batch: Batch[Any], record: Record[Any], what: str) -> Text:
    """How a trial ended, in a line: by `what` it found, or by why it found nothing."""
    from rich.text import Text

    done, total = batch.counts().get("done", 0), len(batch.records)
    if record.measured is None:
        style = "bad" if record.outcome == "failed" else "warn"
        why = f"{record.outcome}: {one_line(record.reason, 300)}"
        return Text.assemble((f"{BAD} ", style), f"[{done}/{total}] {record.trial}  ", (why, style))
    return Text.assemble((f"{GOOD} ", "good"), f"[{done}/{total}] {record.trial}  ", (what, "quiet"))


def opening_lines(batch: Batch[Any], words: str) -> Text:
    """The first line, and one more where results of other source code are among those that are known."""
    from rich.text import Text

    lines = [say(words, "head")]
    if batch.mixed:
        lines.append(
            say(f"! {batch.mixed} of these results come from other source code; --fresh reruns all", "warn")
        )
    return Text("\n").join(lines)


def print_tables(batch: Batch[Any], tables: Sequence[Table], files: Sequence[Path]) -> None:
    """Print the tables, and where they and the figures are kept."""
    for made in tables:
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
    if batch.stopped:
        console().print(say(f"stopped: {batch.stopped}; the same command resumes", "warn"), soft_wrap=True)
    console().print(say("Written: " + ", ".join(str(file) for file in files), "quiet"), soft_wrap=True)


def spent_in_words(batch: Batch[Any]) -> str:
    """Tokens, money and time of all trials."""
    spent = batch.spent
    return f"{spent.tokens:,} tokens, {figures.money(spent)}, {figures.duration(spent.seconds)} of work"
