"""The view for a terminal: finished tasks scroll by, the current state stays below them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from fieldcraft.cli.views import figures
from fieldcraft.cli.views.console import console, one_line, say
from fieldcraft.cli.views.lines import BAD, GOOD, lines, opening_line
from fieldcraft.cli.views.plain import STOPPING
from fieldcraft.cli.views.suspension import Suspension
from fieldcraft.cli.views.tall import LEAST_ROWS, more_of
from fieldcraft.envs.observation import counts_text

if TYPE_CHECKING:
    from fieldcraft.agent.journal import events as e
    from fieldcraft.agent.journal.overview import Overview

REFRESHES = 8
"""Redraws a second."""

HINT = "Ctrl-C stops at the next event; the run can be resumed."
"""Shown below the panel, which also leaves room for the `^C` that a terminal prints."""
WATCHING = "Ctrl-C stops watching; the run continues."

LOG_ROWS = 8
"""Rows of a tall terminal that are left to the lines above the dashboard."""


class LiveView:
    """A dashboard at the bottom of the terminal, drawn from the overview by its own thread."""

    def __init__(self, overview: Overview, *, watching: bool = False) -> None:
        self.overview = overview
        self.on_screen = True
        self._hint = WATCHING if watching else HINT
        self._console = console()
        self._lock = threading.Lock()
        self._spinner = Spinner("dots", style="name")
        self._changed = time.monotonic()
        self._stopping = False
        self._suspension = Suspension(self._console)
        self._live = Live(
            console=self._console,
            get_renderable=self._draw,
            refresh_per_second=REFRESHES,
            transient=True,
            vertical_overflow="crop",
        )

    def __enter__(self) -> Self:
        self._console.print(opening_line(self.overview))
        self._suspension.begin()
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        self._suspension.end()

    def take(self, event: e.Event) -> None:
        """Show one event of the run; lasting lines are printed above the dashboard."""
        with self._lock:
            doing = self.overview.doing
            if not self.overview.take(event):
                return
            if self.overview.doing != doing:
                self._changed = time.monotonic()
            lines = self._lasting(event)
        for text in lines:
            self._console.print(text)

    def tell(self, event: e.Event) -> None:
        """Print what lasts of an event above the dashboard."""
        for text in self._lasting(event):
            self._console.print(text)

    def _lasting(self, event: e.Event) -> list[Text]:
        return [line.text() for line in lines(event, self.overview) if line.lasting]

    def ask(self, question: str) -> str:
        """Ask the person, with the dashboard hidden meanwhile."""
        with self.asking(question):
            return input("> ")

    @contextmanager
    def asking(self, question: str) -> Iterator[None]:
        """Show a question whose answer is read in this block, with the dashboard hidden meanwhile."""
        self._live.stop()
        try:
            self._console.print(say(question, "head"))
            yield
        finally:
            self._live.start()

    def stopping(self) -> None:
        """Announce the stop in the dashboard from the next redraw on."""
        self._stopping = True

    def _draw(self) -> RenderableType:
        self._suspension.clear_if_changed()
        rows = self._console.size.height - 1
        with self._lock:
            waited = time.monotonic() - self._changed
            panel = dashboard(self.overview, self._spinner, waited, rows=rows - LOG_ROWS, now=time.time())
        foot = Text(STOPPING, style="warn") if self._stopping else Text(self._hint, style="quiet")
        return Group(panel, foot)


def dashboard(
    overview: Overview, spinner: Spinner, waited: float, *, rows: int = 0, now: float | None = None
) -> Panel:
    """Render the state of a run in about a dozen lines, or in as many as there are.

    Args:
        overview: the overview of the run.
        spinner: the spinner that turns while the run is active.
        waited: seconds since the current activity began.
        rows: lines that may be filled; with more than the least, the latest tasks and the program follow.
        now: the time, in seconds since the epoch; that of the latest event where omitted.
    """
    settings = overview.settings
    title = Text.assemble(
        ("fieldcraft ", "head"),
        (one_line(overview.run, 40), "name"),
        f"  {one_line(settings.environment, 40)}  seed {settings.seed}  {one_line(settings.model, 40)}",
    )
    world = _world(overview, overview.latest if now is None else now)
    parts = [_task(overview), _doing(overview, spinner, waited), Text(), world, Text(), _bars(overview)]
    body = Group(*parts, *more_of(overview, rows - LEAST_ROWS))
    return Panel(body, title=title, title_align="left", border_style="quiet", padding=(0, 1))


def _task(overview: Overview) -> Text:
    task = overview.state.task
    if task is None:
        return Text("no task yet" if not overview.state.task_number else "between two tasks", style="quiet")
    return Text.assemble(
        (f"Task {overview.state.task_number}  ", "quiet"),
        (one_line(task.words, 120), "head"),
        (f"  goal: {one_line(task.goal, 80)}" if task.goal else "", "quiet"),
        no_wrap=True,
        overflow="ellipsis",
    )


def _doing(overview: Overview, spinner: Spinner, waited: float) -> Table:
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=1)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    of = f" of {overview.settings.attempts}" if overview.attempt else ""
    attempt = f"attempt {overview.attempt}{of}, " if overview.attempt else ""
    seconds = f"  {figures.duration(waited)}" if waited > 3 else ""
    grid.add_row(
        spinner, Text.assemble(attempt, one_line(overview.activity(time.time())), (seconds, "quiet"))
    )
    verdict = overview.verdict
    if verdict is None:
        grid.add_row("", Text("no verdict yet", style="quiet"))
    elif verdict.success:
        grid.add_row(Text(GOOD, style="good"), Text(one_line(verdict.reasoning or "done")))
    else:
        error = overview.execution.error_text() if overview.execution else None
        grid.add_row(Text(BAD, style="bad"), Text(one_line(error or verdict.critique)))
    return grid


def _world(overview: Overview, now: float) -> Table:
    state = overview.state
    seen = state.observation
    place = [seen.biome, seen.time, None if seen.position is None else f"at {seen.position}"]
    vitals = [
        None if seen.health is None else f"health {seen.health:g}",
        None if seen.hunger is None else f"hunger {seen.hunger:g}",
    ]
    rows = [
        ("World", ", ".join(part for part in (*place, *vitals) if part) or "not seen yet"),
        ("Holds", counts_text(seen.inventory)),
        (state.nouns.capitalize(), f"{len(state.found()):,} different so far"),
        ("New", figures.newest(overview)),
        ("Skills", _latest(f"{len(state.kept)} kept", list(state.kept))),
        *(
            [("Reached", ", ".join(state.reached) or "no milestone yet")]
            if state.reached or state.noun == "item"
            else []
        ),
        ("Course", f"{figures.deaths(overview)}, open for {figures.pace(overview, now)}"),
    ]
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(style="quiet", no_wrap=True)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for name, words in rows:
        grid.add_row(name, say(one_line(words, 300)))
    return grid


def _latest(words: str, names: list[str]) -> str:
    return f"{words}: {', '.join(reversed(names[-6:]))}" if names else words


def _bars(overview: Overview) -> RenderableType:
    spent, budget = overview.state.spent, overview.settings.budget
    money = figures.money(spent) + (f" of ${budget.money:g}" if budget.money is not None else "")
    limit = "" if budget.seconds is None else f" of {figures.duration(budget.seconds)}"
    columns = [
        _bar(
            f"iterations {figures.of_limit(spent.iterations, budget.iterations)}",
            spent.iterations,
            budget.iterations,
        ),
        _bar(f"tokens {figures.of_limit(spent.tokens, budget.tokens)}", spent.tokens, budget.tokens),
        _bar(money, spent.money, budget.money),
        _bar(figures.duration(spent.seconds) + limit, spent.seconds, budget.seconds),
    ]
    return Columns(columns, padding=(0, 3))


def _bar(words: str, used: float, limit: float | None) -> RenderableType:
    text = Text(words, style="quiet")
    if not limit:
        return text
    grid = Table.grid(padding=(0, 1))
    grid.add_row(text, ProgressBar(total=limit, completed=min(used, limit), width=16))
    return grid
