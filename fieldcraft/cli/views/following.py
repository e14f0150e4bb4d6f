"""Read the journal of another process's run, now and as it grows."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.folders import inside, why
from fieldcraft.agent.journal.lines import LINE_LIMIT, read_line
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.journal.run import LOCK, begun_at
from fieldcraft.agent.journal.store import Journal, JournalError
from fieldcraft.common.data import DataError
from fieldcraft.common.locks import is_held
from fieldcraft.common.text import visible_line

POLL_SECONDS = 0.3
PIECE = 1 << 20
"""How many bytes of a journal are read at a time."""


def read_overview(folder: Path) -> Overview:
    """The overview of a run from its journal so far.

    Raises:
        JournalError: the journal is damaged or of an unknown format.
    """
    overview = Overview(run=folder.name, began=begun_at(folder) or 0.0)
    for event in Journal(folder).events(last_segment=True):
        overview.take(event)
    return overview


def is_open(folder: Path) -> bool:
    """Whether a process has the run open now. A lock that is not a regular file does not count."""
    try:
        with inside(folder) as place:
            return is_held(place, LOCK)
    except OSError:
        return False


def standing(folder: Path, overview: Overview) -> str:
    """The status of the run in words: running, finished, paused with the reason, or interrupted."""
    if is_open(folder):
        return f"running, paused by {visible_line(overview.held_by, 100)}" if overview.held_by else "running"
    if overview.state.finished:
        return f"finished: {overview.outcome}"
    return f"paused: {overview.outcome}" if overview.outcome else "interrupted; it can be resumed"


def follow(folder: Path, overview: Overview) -> Iterator[e.Event]:
    """Yield the run's events as they are written, from the first that `overview` has not taken.

    Ends when no process has the run open and all written events were yielded.

    Raises:
        JournalError: a segment is not a regular file, or a line of it is damaged.
    """
    journal = Journal(folder)
    segment = journal.segments()[-1]
    while True:
        with _opened(segment) as descriptor:
            later = yield from _follow_segment(journal, segment, descriptor, overview)
        if later is None:
            return
        segment = later


def _follow_segment(
    journal: Journal, segment: Path, descriptor: int, overview: Overview
) -> Generator[e.Event, None, Path | None]:
    """Yield the events of a segment as it grows; returns the next segment, or `None` at the run's end."""
    pending = bytearray()
    while True:
        running = is_open(journal.folder)
        later = [path for path in journal.segments() if path.name > segment.name]
        piece = os.read(descriptor, PIECE)
        pending += piece
        yield from _taken(segment, pending, overview)
        if piece:
            continue
        if later or not running:
            return later[0] if later else None
        time.sleep(POLL_SECONDS)


def _taken(segment: Path, pending: bytearray, overview: Overview) -> Iterator[e.Event]:
    """Yield the events of the complete lines in `pending`, and remove those lines."""
    begin = 0
    try:
        while (end := pending.find(b"\n", begin)) >= 0:
            event = read_line(bytes(pending[begin:end]))
            begin = end + 1
            if event.number > overview.state.events:
                yield event
        if len(pending) - begin > LINE_LIMIT:
            raise DataError(f"a line is longer than {LINE_LIMIT:,} bytes")
    except DataError as error:
        raise JournalError(f"{segment} is damaged: {error}; see `fieldcraft runs show`") from error
    del pending[:begin]


@contextmanager
def _opened(segment: Path) -> Iterator[int]:
    try:
        with inside(segment.parent) as folder:
            descriptor = folder.open_file(segment.name)
    except OSError as error:
        raise JournalError(f"{segment} cannot be read: {why(error)}") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)
