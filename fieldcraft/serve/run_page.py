"""What the page of one run shows, section by section."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from fieldcraft.agent.journal.course.news import without_news
from fieldcraft.agent.redact import clean
from fieldcraft.report.highlighting import highlighted
from fieldcraft.report.templating import cut, templates
from fieldcraft.serve.drawings import Point, items_curve, joined, walked_map
from fieldcraft.serve.history import History
from fieldcraft.serve.land import Land
from fieldcraft.serve.waiting import waiting_notes
from fieldcraft.serve.watched import Describe, Watched

FOLDER = Path(__file__).parent / "templates"
LONG = 400_000
"""Bytes of a segment that are read before a page is shown."""
FIRST_VIEW = 0.4
"""Seconds after which a page that was made for the first time is on screen."""
SOURCE_SHOWN = 20_000
LOG_SHOWN = 4_000
SKILLS_SHOWN = 60
TASKS_SHOWN = 30
ITEMS_SHOWN = 60
NAMES = (
    "status",
    "tiles",
    "approvals",
    "now",
    "feed",
    "curve",
    "map",
    "world",
    "tasks",
    "skills",
    "facts",
    "cost",
    "iterations",
)
"""The sections of the page, each with a template of its own."""


class RunPage:
    """The page of the run in `folder`; a source of a `Channel`."""

    def __init__(
        self, folder: Path, describe: Describe, land: Land, background: Executor, *, read_only: bool
    ) -> None:
        self.watched = Watched(folder, describe)
        self.history = History(folder)
        self._land = land
        self._read_only = read_only
        self._background = background
        self._past: Future[list[Point]] | None = None
        self._looked_back = False
        self._notes = 0
        self._first_made = 0.0

    @property
    def behind(self) -> bool:
        """Whether a good part of the journal waits to be read."""
        return self.watched.unread > 0

    @property
    def is_long_and_unread(self) -> bool:
        """Whether nothing was read yet of a journal whose last segment takes more than a moment."""
        return self.watched.begins_with > LONG

    def step(self) -> bool:
        """Read on; once all is read and on screen, look at what lies further back and at the land."""
        changed = self.watched.advance()
        if not self.behind and self._is_on_screen():
            changed = self._look_back() or changed
            state, settings = self.watched.overview.state, self.watched.overview.settings
            changed = self._land.look(self.watched.folder, state.snapshot, settings.environment) or changed
        notes = waiting_notes(self.watched.folder)
        changed, self._notes = changed or notes != self._notes, notes
        return changed

    def sections(self) -> Mapping[str, str]:
        """Every section as HTML."""
        values = self._values()
        made = {
            name: templates(FOLDER).get_template(f"sections/{name}.html").render(values) for name in NAMES
        }
        self._first_made = self._first_made or time.monotonic()
        return made

    def _is_on_screen(self) -> bool:
        """Whether the first view had time to be painted, which other work would hold up."""
        return bool(self._first_made) and time.monotonic() - self._first_made >= FIRST_VIEW

    def _look_back(self) -> bool:
        """Have the curve of earlier segments read, once; returns whether that was just done."""
        if self._past is None:
            self._past = self._background.submit(self.history.curve)
        done = self._past.done()
        new, self._looked_back = done and not self._looked_back, done
        return new

    def _past_curve(self) -> list[Point]:
        if self._past is None or not self._past.done() or self._past.cancelled() or self._past.exception():
            return []
        return self._past.result()

    def _values(self) -> dict[str, Any]:
        watched = self.watched
        overview, state = watched.overview, watched.overview.state
        curve = joined(self._past_curve(), watched.points, [(state.spent.iterations, len(state.found()))])
        return {
            "run": overview,
            "state": state,
            "nouns": cut(state.nouns, 40),
            "settings": overview.settings,
            "watched": watched,
            "read_only": self._read_only,
            "reading": watched.unread,
            "notes_waiting": self._notes,
            "activity": overview.activity(time.time()) if watched.open else "",
            "without_news": without_news(state),
            "program": _program(overview.source[: 2 * SOURCE_SHOWN]),
            "log_shown": LOG_SHOWN,
            "curve": items_curve([curve], _reached(state.reached, curve)),
            "map": self._map(),
            "tasks": list(overview.recent)[: -TASKS_SHOWN - 1 : -1],
            "skills": _latest(state.kept, SKILLS_SHOWN),
            "newest_items": _latest(state.found(), ITEMS_SHOWN),
            "iterations": watched.iterations[::-1],
            "parked": watched.parked,
        }

    def _map(self) -> Markup:
        chart = self._land.chart_of(self.watched.folder)
        walk = self.watched.walk
        if chart is None:
            return walked_map(self.watched.overview.state.trodden, walk)
        return walked_map(
            self.watched.overview.state.trodden, walk, chart.chart, f"land.png?{quote(chart.name)}"
        )


@lru_cache(maxsize=32)
def _program(source: str) -> Markup:
    return highlighted(clean(source)[:SOURCE_SHOWN]) if source else Markup()


def _latest(named: Mapping[str, Any], most: int) -> list[str]:
    return list(named)[: -most - 1 : -1]


def _reached(milestones: Mapping[str, int], curve: list[Point]) -> list[Point]:
    """The iteration of each milestone and the items held then, guessed before the known part of the curve."""
    first, held = curve[0]
    return [
        (
            iteration,
            max((count for at, count in curve if at <= iteration), default=held * iteration / max(first, 1)),
        )
        for iteration in milestones.values()
    ]
