"""The view for logs and pipes: one line for every event."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.cli.views import figures
from fieldcraft.cli.views.console import console, say
from fieldcraft.cli.views.lines import lines, opening_line

if TYPE_CHECKING:
    from rich.text import Text

STOPPING = "Stopping at the next event; Ctrl-C again stops at once. Either way the run can be resumed."


class PlainView:
    """Prints a line with its time for each event, and the spent budget after each task."""

    def __init__(self, overview: Overview, *, stderr: bool = False) -> None:
        self.overview = overview
        self._console = console(stderr=stderr)
        self.on_screen = stderr or self._console.is_terminal or not console(stderr=True).is_terminal

    def __enter__(self) -> Self:
        self._print(opening_line(self.overview), time.time())
        return self

    def __exit__(self, *_: object) -> None:
        return

    def take(self, event: e.Event) -> None:
        """Print one event of the run."""
        if not self.overview.take(event):
            return
        self.tell(event)
        if isinstance(event, e.TaskFinished):
            self._print(figures.spent_line(self.overview), event.time)

    def tell(self, event: e.Event) -> None:
        """Print the lines of an event."""
        for line in lines(event, self.overview):
            self._print(line.text(), event.time)

    def ask(self, question: str) -> str:
        """Ask the person; raises `EOFError` at the end of the input.

        The question is printed where the lines are, since standard output may be for JSON only.
        """
        with self.asking(question):
            self._console.print("> ", end="")
            return input()

    @contextmanager
    def asking(self, question: str) -> Iterator[None]:
        """Show a question whose answer is read in this block."""
        self._console.print(say(question, "head"))
        yield

    def stopping(self) -> None:
        """Announce the stop without buffering: a signal handler must not wait for a lock."""
        os.write(2, STOPPING.encode() + b"\n")

    def _print(self, text: Text, moment: float) -> None:
        from rich.text import Text

        clock = time.strftime("%H:%M:%S", time.localtime(moment))
        self._console.print(Text.assemble((clock, "quiet"), "  ", text), soft_wrap=True)
