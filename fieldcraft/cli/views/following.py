"""Follow the run of another process in a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.journal.watching.growing import GrowingJournal, is_open, read_overview, standing

__all__ = ["follow", "is_open", "read_overview", "standing"]

POLL_SECONDS = 0.3


def follow(folder: Path, overview: Overview) -> Iterator[e.Event]:
    """Yield the run's events as they are written, from the first that `overview` has not taken.

    Ends when no process has the run open and all written events were yielded.

    Raises:
        JournalError: a segment is not a regular file, or a line of it is damaged.
    """
    journal = GrowingJournal(folder)
    while True:
        running = is_open(folder)
        events = journal.more()
        yield from (event for event in events if event.number > overview.state.events)
        if events:
            continue
        if not running:
            return
        time.sleep(POLL_SECONDS)
