"""Progress of a run that was started from Python: in a notebook's cell, or as lines in a terminal."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.result import figures
from fieldcraft.common.text import visible_line

if TYPE_CHECKING:
    from fieldcraft.agent.session import Session

logger = logging.getLogger(__name__)

BETWEEN_UPDATES = 0.2
"""Seconds between two changes of what a notebook shows."""


class Display(Protocol):
    """Shows how far a run has come."""

    def show(self, overview: Overview, event: e.Event | None) -> None:
        """Show the run after `event`, or at its beginning and end, where there is none."""


class Warnings:
    """Logs the warnings of a run that is open, where no screen of ours shows them."""

    def __init__(self) -> None:
        self._open = False

    def begin(self) -> None:
        """The run is open. Earlier warnings were logged when they were made."""
        self._open = True

    def take(self, event: e.Event) -> None:
        """Log a warning."""
        if self._open and isinstance(event, e.Warned):
            logger.warning("%s", event.text)


class Progress:
    """Follows a run by its events and has a display show it."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._overview = Overview()
        self._open = False

    def begin(self, session: Session) -> None:
        """Read what the run's journal holds already, and show it."""
        self._overview.run = session.run.id
        for event in session.run.journal.events(last_segment=True):
            self._overview.take(event)
        self._open = True
        self._display.show(self._overview, None)

    def take(self, event: e.Event) -> None:
        """Follow the run by one event."""
        if self._open and self._overview.take(event):
            self._display.show(self._overview, event)

    def end(self) -> None:
        """Show where the run stands at its end."""
        if self._open:
            self._display.show(self._overview, None)


def progress_of(wanted: bool | None) -> Progress | None:
    """What shows the progress of a run.

    Args:
        wanted: `None` shows it in a notebook only, `True` elsewhere too: as lines on standard error.
    """
    if wanted is False:
        return None
    if in_notebook():
        return Progress(NotebookDisplay())
    return Progress(LineDisplay()) if wanted else None


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this process. Imports nothing."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return any(kind.__name__ == "ZMQInteractiveShell" for kind in type(shell).__mro__)


class NotebookDisplay:
    """One output of a notebook's cell, replaced as the run goes on."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._shown = 0.0

    def show(self, overview: Overview, event: e.Event | None) -> None:
        """Replace what stands there, a few times a second at most."""
        now = time.monotonic()
        if event is not None and now - self._shown < BETWEEN_UPDATES:
            return
        self._shown = now
        display: Callable[..., Any] = import_module("IPython.display").display
        shown = {"text/html": progress_html(overview), "text/plain": progress_line(overview)}
        if self._handle is None:
            self._handle = display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)


class LineDisplay:
    """A line on standard error at the beginning, after each task, where the run is paused, and at the end."""

    def show(self, overview: Overview, event: e.Event | None) -> None:
        """Write a line where something has come to an end."""
        if event is None or isinstance(event, e.TaskFinished | e.Held):
            sys.stderr.write(progress_line(overview) + "\n")
            sys.stderr.flush()


def progress_line(overview: Overview) -> str:
    """A run in one line of at most a few hundred characters."""
    parts = [_title(overview), _figures(overview), _doing(overview)]
    return "; ".join(part for part in parts if part)


def progress_html(overview: Overview) -> str:
    """The same for a notebook, with a bar. Names come from worlds and models, so all of it is escaped."""
    done, limit = overview.state.spent.iterations, overview.settings.budget.iterations
    bar = f'<progress value="{min(done, limit)}" max="{limit}"></progress> ' if limit else ""
    return (
        f"<div><b>{escape(_title(overview))}</b><br>{bar}{escape(_figures(overview))}<br>"
        f"{escape(_doing(overview))}</div>"
    )


def _title(overview: Overview) -> str:
    settings = overview.settings
    words = f"{overview.run}: {settings.environment}, seed {settings.seed}, {settings.model}"
    return visible_line(words, 200)


def _figures(overview: Overview) -> str:
    return figures(overview.state, overview.settings.budget.iterations)


def _doing(overview: Overview) -> str:
    if overview.outcome:
        return visible_line(overview.outcome, 300)
    task = overview.state.task
    words = "" if task is None else f"task {overview.state.task_number}: {visible_line(task.words, 120)}, "
    return words + visible_line(overview.doing, 120)
