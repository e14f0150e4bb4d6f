"""Read the journal of a run that another process writes, now and as it grows, and say how the run stands."""

from __future__ import annotations

import os
from pathlib import Path

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.folders import inside, why
from fieldcraft.agent.journal.lines import LINE_LIMIT, read_line
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.journal.run import LOCK, begun_at
from fieldcraft.agent.journal.store import Journal, JournalError
from fieldcraft.agent.journal.stored.segments import lines_of, number_of, packed_name, plain_name
from fieldcraft.common.data import DataError
from fieldcraft.common.files import Folder
from fieldcraft.common.locks import is_held
from fieldcraft.common.text import visible_line

PIECE = 1 << 18
"""How many bytes of a journal are read at a time, where its lines are not longer."""


class JournalCut(JournalError):
    """The journal is shorter than what was read of it: it was cut, or another one stands in its place."""


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
    """The status of the run in words: running, finished, paused with the reason, or interrupted.

    It begins with the calls that wait for a person, where there are any.
    """
    return stands(overview, is_open=is_open(folder))


def stands(overview: Overview, *, is_open: bool) -> str:
    """The same where it is known whether a process has the run open."""
    waiting = sum(not call.answer for call in overview.state.parked.values())
    stands = _stands(overview, is_open=is_open)
    return (
        f"{stands}; {waiting} {'call waits' if waiting == 1 else 'calls wait'} for approval"
        if waiting
        else stands
    )


def _stands(overview: Overview, *, is_open: bool) -> str:
    if is_open:
        return f"running, paused by {visible_line(overview.held_by, 100)}" if overview.held_by else "running"
    if overview.state.finished:
        return f"finished: {overview.outcome}"
    return f"paused: {overview.outcome}" if overview.outcome else "interrupted; it can be resumed"


class GrowingJournal:
    """Reads a run's events from the beginning of its last segment on, as they are written.

    Nothing is kept open between two calls, and an incomplete last line is read again later: a process that
    resumes the run drops the line that a crash tore.

    Attributes:
        unread: bytes of the current segment beyond what was read, as of the last call.
    """

    def __init__(self, folder: Path) -> None:
        segment = Journal(folder).last_segment()
        if segment is None:
            raise JournalError(f"{folder} holds no journal; `fieldcraft runs list` shows the runs there are")
        self.folder = folder
        self.unread = 0
        self._segment = segment
        self._offset = 0

    def more(self) -> list[e.Event]:
        """The next events that are complete by now, about `PIECE` bytes of them; empty if there is none.

        Raises:
            JournalCut: the segment is shorter than it was.
            JournalError: a segment is not a regular file, or a line of it is damaged.
        """
        while True:
            later = self._next_segment()
            lines = self._lines()
            if lines:
                return self._events(lines)
            if later is None:
                return []
            self._segment, self._offset = later, 0

    def _next_segment(self) -> Path | None:
        """The segment after this one, once it has begun; segments are numbered one by one."""
        number = number_of(self._segment.name) + 1
        try:
            with inside(self.folder) as folder:
                names = [name for name in (plain_name(number), packed_name(number)) if folder.kind(name)]
        except OSError as error:
            raise JournalError(f"{self.folder} cannot be read: {why(error)}") from error
        return self.folder / names[0] if names else None

    def _lines(self) -> bytes:
        """The complete lines that come next."""
        wanted = PIECE
        while True:
            piece = self._read(wanted)
            end = piece.rfind(b"\n") + 1
            if end or len(piece) < wanted:
                return piece[:end]
            if wanted > LINE_LIMIT:
                raise JournalError(
                    f"{self._segment} is damaged: a line is longer than {LINE_LIMIT:,} bytes; "
                    "see `fieldcraft runs show`"
                )
            wanted *= 2

    def _read(self, wanted: int) -> bytes:
        try:
            with inside(self.folder) as folder:
                plain = plain_name(number_of(self._segment.name))
                if folder.kind(plain) is None:
                    return self._unpacked(folder, wanted)
                with folder.opened(plain) as descriptor:
                    self._measure(os.fstat(descriptor).st_size)
                    os.lseek(descriptor, self._offset, os.SEEK_SET)
                    return os.read(descriptor, wanted)
        except OSError as error:
            raise JournalError(f"{self._segment} cannot be read: {why(error)}") from error

    def _unpacked(self, folder: Folder, wanted: int) -> bytes:
        """The same of a segment that was compressed meanwhile: those of a run that goes on are small."""
        name = packed_name(number_of(self._segment.name))
        content = b"".join(lines_of(folder, name, LINE_LIMIT))
        self._measure(len(content))
        return content[self._offset : self._offset + wanted]

    def _measure(self, size: int) -> None:
        if size < self._offset:
            raise JournalCut(f"{self._segment} was cut while it was read; look at the run again")
        self.unread = size - self._offset

    def _events(self, lines: bytes) -> list[e.Event]:
        try:
            events = [read_line(line) for line in lines.split(b"\n")[:-1]]
        except DataError as error:
            raise JournalError(f"{self._segment} is damaged: {error}; see `fieldcraft runs show`") from error
        self._offset += len(lines)
        self.unread -= len(lines)
        return events
