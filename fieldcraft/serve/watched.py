"""One run as a page shows it: read from the last segment of its journal, and on as that grows."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.journal.store import Journal, JournalError
from fieldcraft.agent.journal.watching.growing import GrowingJournal, JournalCut, is_open, stands
from fieldcraft.agent.memory.facts import Fact
from fieldcraft.report.reading import Teller
from fieldcraft.report.story import Iteration, Story
from fieldcraft.serve.drawings import Point
from fieldcraft.serve.parked import Parked, asked_at_terminal, parked_calls

FEED = 100
"""Lines of what happened lately that are kept."""
IN_FULL = 40
"""Iterations that are kept with program and log; older ones are read from the journal when asked for."""
WALK = 120
"""Places of the latest programs that the map joins."""
FACTS = 40
LOOK_SECONDS = 1.0
"""How often it is looked whether a process has the run open."""


class Described(Protocol):
    """What an event means to a person, on one line."""

    @property
    def mark(self) -> str:
        """A sign before the words."""

    @property
    def style(self) -> str:
        """`good`, `bad`, `warn`, `head`, `quiet` or empty."""

    @property
    def words(self) -> str:
        """What happened."""

    @property
    def detail(self) -> str:
        """More about it."""

    @property
    def indent(self) -> int:
        """How deep it stands."""


Describe = Callable[[e.Event, Overview], Iterable[Described]]
"""Says what an event that an overview has just taken means to a person."""


@dataclass(frozen=True)
class Line:
    """A line of what happened lately."""

    time: float
    mark: str
    style: str
    words: str
    detail: str
    indent: int


class Watched:
    """A run as it is now.

    Attributes:
        overview: the state and what goes on.
        feed: what happened lately, the oldest first.
        facts: what it learned lately, the oldest first.
        points: iterations and distinct items since the segment's beginning, for the curve.
        stands: running, finished, paused or interrupted, in words.
        open: whether a process runs it.
        problem: why its journal cannot be read on; empty where it can.
    """

    def __init__(self, folder: Path, describe: Describe) -> None:
        self.folder = folder
        self._describe = describe
        self._looked = 0.0
        self._begin()

    def _begin(self) -> None:
        self.overview = Overview(run=self.folder.name)
        self._teller = Teller(Story(self.overview))
        self.feed: deque[Line] = deque(maxlen=FEED)
        self._asked: Parked | None = None
        self.facts: deque[Fact] = deque(maxlen=FACTS)
        self.points: list[Point] = []
        self.stands, self.open, self.problem = "", False, ""
        self._journal: GrowingJournal | None = None

    @property
    def iterations(self) -> list[Iteration]:
        """The latest iterations in full, the oldest first."""
        return self._teller.story.iterations

    @property
    def walk(self) -> list[Point]:
        """Where the latest programs ended, the newest last."""
        return [(position.x, position.z) for _, position in self._teller.story.walked]

    @property
    def parked(self) -> list[Parked]:
        """Calls of tools that wait for a person."""
        return [*parked_calls(self.overview.state), *([self._asked] if self._asked and self.open else [])]

    @property
    def unread(self) -> int:
        """Bytes of the journal that wait to be read."""
        return self._journal.unread if self._journal and not self.problem else 0

    @property
    def begins_with(self) -> int:
        """Bytes of the segment of which nothing was read yet; 0 once reading has begun."""
        if self._journal is not None:
            return 0
        with suppress(JournalError, OSError):
            segment = Journal(self.folder).last_segment()
            return segment.lstat().st_size if segment else 0
        return 0

    def advance(self) -> bool:
        """Take the next piece of what was written; returns whether anything is different now."""
        before = self.stands, self.problem, self.overview.state.events
        try:
            self._journal = self._journal or GrowingJournal(self.folder)
            for event in self._journal.more():
                self._take(event)
            self.problem = ""
        except JournalCut:
            self._begin()
            return True
        except JournalError as error:
            self.problem = str(error)
        self._look()
        return before != (self.stands, self.problem, self.overview.state.events)

    def _look(self) -> None:
        now = time.monotonic()
        if not self.stands or now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self.open = is_open(self.folder)
        self.stands = stands(self.overview, is_open=self.open)

    def _take(self, event: e.Event) -> None:
        if not self.overview.take(event):
            return
        self._teller.take(event)
        story = self._teller.story
        del story.iterations[:-IN_FULL], story.walked[:-WALK]
        state = self.overview.state
        if self.overview.new_items or not self.points:
            self.points.append((state.spent.iterations, len(state.found())))
        if isinstance(event, e.FactsLearned):
            self.facts.extend(event.facts[-FACTS:])
        self._asked = asked_at_terminal(self._asked, event)
        for line in self._describe(event, self.overview):
            self.feed.append(Line(event.time, line.mark, line.style, line.words, line.detail, line.indent))
