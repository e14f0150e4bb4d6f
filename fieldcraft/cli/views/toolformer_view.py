"""Show Toolformer's work: the progress of each stage, and tables of calls and of the comparison."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from fieldcraft.cli.running import Stopper
from fieldcraft.cli.views.console import console, one_line, say, table

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from fieldcraft.tools.toolformer.annotation.report import Report
    from fieldcraft.tools.toolformer.evaluation.evaluation import Comparison
    from fieldcraft.tools.toolformer.inference.decoding import MadeCall

STOPPING = "Stopping after this batch; Ctrl-C again stops at once. The same command resumes."
_LINES_A_STAGE = 5
"""Seconds between two progress lines if there is no terminal."""


class Following:
    """Shows progress, and handles Ctrl-C and SIGTERM: the first asks to stop after the current batch.

    Args:
        plain: print lines instead of bars.
        as_json: standard output is for JSON; show progress on standard error.
        at_once: the work keeps no checkpoint, so the first Ctrl-C ends it at once.

    Attributes:
        stopped: whether a person asked to stop.
    """

    def __init__(self, *, plain: bool, as_json: bool, at_once: bool = False) -> None:
        self.stopped = False
        self._screen = console(stderr=as_json)
        self._bars: Progress | None = None
        self._bar: TaskID | None = None
        self._name, self._told = "", 0
        self._stopper = None if at_once else Stopper(lambda: None)
        self._plain = plain or as_json or not self._screen.is_terminal or self._screen.is_dumb_terminal

    def __enter__(self) -> Self:
        if self._stopper is not None:
            self._stopper.__enter__()
            self._stopper.attend(self._stop)
        if not self._plain:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            self._bars = Progress(
                TextColumn("{task.description:<16}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[word]}"),
                console=self._screen,
            )
            self._bars.start()
        return self

    def __exit__(self, *raised: object) -> None:
        if self._bars is not None:
            self._bars.stop()
        if self._stopper is not None:
            self._stopper.__exit__(*raised)

    def stage(self, name: str) -> None:
        """Begin a stage."""
        self._name, self._told = name, 0
        if self._bars is not None:
            self._bar = self._bars.add_task(name, total=None, word="")
        else:
            self._screen.print(say(f"{name} ...", "head"))

    def step(self, done: int, total: int, word: str) -> None:
        """Show how far the stage is."""
        if self._bars is not None and self._bar is not None:
            self._bars.update(self._bar, completed=done, total=total, word=one_line(word, 60))
        elif done == total or done * _LINES_A_STAGE // max(1, total) > self._told:
            self._told = done * _LINES_A_STAGE // max(1, total)
            self._screen.print(say(f"  {self._name}: {done}/{total}  {word}", "quiet"), soft_wrap=True)

    def asked_to_stop(self) -> bool:
        """Whether a person asked to stop."""
        return self.stopped

    def _stop(self, _reason: str) -> None:
        """Announce the stop without buffering, since it is called from a signal handler."""
        self.stopped = True
        os.write(2, STOPPING.encode() + b"\n")


def print_report(report: Report) -> None:
    """Print calls by tool and threshold, samples, and warnings."""
    screen = console()
    columns = sorted({at for tool in report.tools for at in tool.kept})
    shown = table(
        "tool", "#sampled", "#failed", *(f"#kept at {at:g}" for at in columns), "#used at", whole=1,
        title=f"{report.with_calls} of {report.documents} documents keep a call",
    )  # fmt: skip
    for tool in report.tools:
        kept = [str(tool.kept.get(at, "")) for at in columns]
        shown.add_row(say(tool.name, "name"), str(tool.sampled), str(tool.failed), *kept, f"{tool.tau_f:g}")
    screen.print(shown)
    if report.samples:
        screen.print(say("The calls that help most:", "head"))
    for sample in report.samples:
        screen.print(say(f"  {one_line(sample, 300)}"), soft_wrap=True)
    for warning in report.warnings():
        console(stderr=True).print(say(warning, "warn"), soft_wrap=True)


def print_comparison(comparison: Comparison) -> None:
    """Print the paper's table: accuracy, the share of texts with a call in parentheses, and perplexity."""
    kinds = list(comparison.rows[0].cells)
    numbers = sorted({cell.tasks for cell in comparison.rows[0].cells.values()})
    number = " to ".join(map(str, dict.fromkeys([numbers[0], numbers[-1]])))
    shown = table(
        "model", "#k", *(f"#{kind}" for kind in kinds), "#perplexity", whole=1,
        title=f"right, % (texts with a call, %); {number} texts a column",
    )  # fmt: skip
    for row in comparison.rows:
        chosen = row.model == "enabled" and row.k == comparison.chosen_k
        cells = [
            f"{100 * row.cells[kind].accuracy:.1f}"
            + (f" ({100 * row.cells[kind].calls:.0f})" if row.model == "enabled" else "")
            for kind in kinds
        ]
        perplexity = "" if row.perplexity is None else f"{row.perplexity:.2f}"
        name = "calls enabled" if row.model == "enabled" else _NAMES.get(row.model, row.model)
        shown.add_row(say(name, "good" if chosen else ""), str(row.k), *cells, perplexity)
    console().print(shown)
    if comparison.chosen_k is not None:
        console().print(say(f"k = {comparison.chosen_k} was chosen on validation tasks", "quiet"))
    for warning in comparison.warnings:
        console(stderr=True).print(say(warning, "warn"), soft_wrap=True)


_NAMES = {"plain": "+ plain text", "disabled": "calls disabled"}


def print_failed(calls: Iterable[MadeCall]) -> None:
    """Print a line for each failed call, whose result in the text is empty."""
    for call in calls:
        if call.error is not None:
            message = f"{call.name}({call.arguments}) failed: {call.error}"
            console(stderr=True).print(say(one_line(message, 300), "warn"), soft_wrap=True)


def print_pieces(pieces: Iterable[str]) -> None:
    """Print pieces of text as they come, without control characters."""
    for piece in pieces:
        console().print(say(piece), end="", soft_wrap=True)
    console().print()
