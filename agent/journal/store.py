"""The append-only record of a run: JSON lines in numbered segments, synced before anything relies on them.

A journal is untrusted, so it is read only from regular files, in chunks, and within limits. Written events
keep the same limits.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.folders import inside, why
from fieldcraft.agent.journal.lines import (
    LINE_LIMIT,
    Migration,
    UnknownFormat,
    line_of,
    migrations_of,
    read_line,
)
from fieldcraft.agent.journal.stored.segments import (
    compress,
    last_name,
    lines_of,
    number_of,
    plain_name,
    segment_names,
    unpack,
)
from fieldcraft.common.data import DataError
from fieldcraft.common.errors import DamagedRecord
from fieldcraft.common.files import Folder

SEGMENT_BYTES = 500_000
"""The size in bytes after which a new segment begins at the next task's end."""
STATES = 3
"""How often the state at its beginning goes into a segment at least: a run's state grows."""
PIECE = 1 << 20

MIGRATIONS: dict[int, Migration] = {}
"""From each older format to the next: a function that turns one event's data into the newer form."""


class JournalError(DamagedRecord, RuntimeError):
    """The journal cannot be read or written; the message names the file and what to do."""


class Journal:
    """Appends events to `folder` and reads them back.

    Opening drops a torn last line (a crash in mid-write: it was never acknowledged). Any other damage
    is a `JournalError`, since something acknowledged would be lost.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: FileIO | None = None
        self._path = folder
        self._next = 1
        self._state_bytes = 0

    def segments(self) -> list[Path]:
        """The segment files, oldest first; empty if there is no such folder.

        Raises:
            JournalError: the folder is a link, or cannot be read.
        """
        try:
            with _readable(self.folder), inside(self.folder) as folder:
                return [self.folder / name for name in segment_names(folder)]
        except FileNotFoundError:
            return []

    def last_segment(self) -> Path | None:
        """The file of the latest segment, without a look at the others; `None` if there is none.

        Raises:
            JournalError: the folder is a link, or cannot be read.
        """
        try:
            with _readable(self.folder), inside(self.folder) as folder:
                name = last_name(folder)
        except FileNotFoundError:
            return None
        return self.folder / name if name else None

    def events(self, *, last_segment: bool = False) -> Iterator[e.Event]:
        """Every event, or those of the last segment, oldest first, one at a time.

        Raises:
            JournalError: there is no journal, a line is damaged, or the format is unknown.
        """
        segments = self.segments()
        if not segments:
            raise JournalError(
                f"{self.folder} holds no journal; `fieldcraft runs list` shows the runs there are"
            )
        before = 0
        for segment in segments[-1:] if last_segment else segments:
            for event in read_segment(segment, torn_ok=segment == segments[-1], after=before):
                before = event.number
                yield event

    def read(self, *, last_segment: bool = False) -> list[e.Event]:
        """The same as a list."""
        return list(self.events(last_segment=last_segment))

    def copy_to(self, folder: Path, *, last: int) -> None:
        """Copy the events up to the number `last` into an empty folder, byte for byte, and on disk.

        Raises:
            JournalError: they cannot be read or written.
        """
        for segment in self.segments():
            lines, name = _lines(segment), plain_name(number_of(segment.name))
            with _writable(folder / name), inside(folder) as place:
                first, left = next(lines, b""), 0
                with contextlib.suppress(DataError):
                    left = last + 1 - read_line(first).number
                if left <= 0:
                    return
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
                with os.fdopen(place.open_file(name, flags), "wb", buffering=PIECE) as file:
                    file.write(first)
                    file.writelines(itertools.islice(lines, left - 1))
                    file.flush()
                    os.fsync(file.fileno())
                place.sync()

    def open(self, next_number: int) -> None:
        """Get ready to append; `next_number` is the number of the next event. Drops a torn last line."""
        self._next = next_number
        with _writable(self.folder), inside(self.folder) as folder:
            segments = segment_names(folder)
            name = self._unpacked(folder, segments[-1]) if segments else plain_name(1)
            self._file = _appending(folder, name)
            self._path = self.folder / name
            if not segments:
                folder.sync()

    def append(self, event: e.Event, *, sync: bool) -> e.Event:
        """Number, stamp and write one event; with `sync` it is on disk when this returns.

        After a failed write the journal is closed, so that nothing follows a line that may be torn.

        Returns:
            The event as it will be read back: an event that is too large is cut.
        """
        if self._file is None:
            raise JournalError(f"the journal in {self.folder} is not open for writing")
        event.number, event.time = self._next, time.time()
        try:
            line, event = self._line(event)
            with _writable(self._path):
                _write_all(self._file, line)
                if sync:
                    os.fsync(self._file.fileno())
        except BaseException:
            self.close()
            raise
        self._next += 1
        return event

    def rotate_if_large(self, checkpoint: Callable[[], e.Checkpoint], *, limit: int | None = None) -> None:
        """Begin a new segment with a checkpoint if the current one is larger than `limit` bytes.

        Where omitted, that is `SEGMENT_BYTES`, or more where the state at its beginning is large.
        Of those that ended, the latest stays as it is for readers who follow the run; the one before it is
        compressed. A state that is too large for one line is not cut: the segment continues instead.
        """
        if limit is None:
            limit = max(SEGMENT_BYTES, STATES * self._state_bytes)
        if self._file is None or self._file.tell() < limit:
            return
        event = checkpoint()
        event.number, event.time = self._next, time.time()
        try:
            line, _ = line_of(event)
        except DataError:
            return
        with _writable(self._path), inside(self.folder) as folder:
            os.fsync(self._file.fileno())
            *ended, latest = segment_names(folder)
            name = plain_name(number_of(latest) + 1)
            folder.write(name, line)
            self._file.close()
            self._file = _appending(folder, name)
            self._path, self._state_bytes = self.folder / name, len(line)
            if ended:
                with contextlib.suppress(OSError):  # as on a full disk: it is read as well as it is
                    compress(folder, ended[-1])
        self._next += 1

    def _unpacked(self, folder: Folder, name: str) -> str:
        """The segment to append to. A compressed one is the last where those after it were taken away."""
        try:
            return unpack(folder, name)
        except DataError as error:
            raise JournalError(f"{self.folder / name} is damaged: {error}; restore it from a copy") from error

    def _line(self, event: e.Event) -> tuple[bytes, e.Event]:
        try:
            return line_of(event)
        except DataError as error:
            raise JournalError(f"{self._path}: a {event.type} event cannot be written: {error}") from error

    def close(self) -> None:
        """Sync and close the file. Safe to call twice."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._file.fileno())
            self._file.close()
            self._file = None


def read_segment(path: Path, *, torn_ok: bool = True, after: int = 0) -> Iterator[e.Event]:
    """The events of one segment file; with `torn_ok` a torn last line is left out.

    Args:
        path: the path of the file in a run's folder.
        torn_ok: whether an incomplete last line is left out instead of being an error.
        after: the number of the event before the first; 0 if it is unknown.

    Raises:
        JournalError: it is not a regular file, a line is damaged, or the format is unknown.
    """
    migrations: list[Migration] = []
    lines, row = _lines(path), 0
    while True:
        row += 1
        try:
            line = next(lines, b"")
            if not line or (torn_ok and not line.endswith(b"\n") and len(line) <= LINE_LIMIT):
                return
            if row == 1:
                migrations = migrations_of(line, MIGRATIONS)
            event = read_line(line, migrations)
            _check_number(event, after)
        except UnknownFormat as error:
            raise JournalError(f"{path} {error}") from error
        except DataError as error:
            raise JournalError(
                f"{path} is damaged at line {row}: {error}. "
                "Restore the file from a copy, or cut it before that line and lose what came after."
            ) from error
        after = event.number
        yield event


def _check_number(event: e.Event, after: int) -> None:
    if event.number < 1 or (after and event.number != after + 1):
        expected = f"event {after + 1}" if after else "a number from 1"
        raise DataError(f"event {event.number} stands where {expected} was expected")


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a segment, each with its end; one beyond the limit is given up to there."""
    with _readable(path), inside(path.parent) as folder:
        yield from lines_of(folder, path.name, LINE_LIMIT)


def _appending(folder: Folder, name: str) -> FileIO:
    """Open a segment without its torn last line; unbuffered, so that a failure leaves no pending data."""
    descriptor = folder.open_file(name, os.O_RDWR | os.O_APPEND | os.O_CREAT, own=True)
    try:
        _drop_torn_line(descriptor)
        return FileIO(descriptor, "ab")
    except BaseException:
        os.close(descriptor)
        raise


def _write_all(file: FileIO, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def _drop_torn_line(descriptor: int) -> None:
    """Cut the file after its last line feed, searching from the end."""
    size = end = os.fstat(descriptor).st_size
    while end:
        begin = max(0, end - PIECE)
        os.lseek(descriptor, begin, os.SEEK_SET)
        found = os.read(descriptor, end - begin).rfind(b"\n")
        if found >= 0:
            end = begin + found + 1
            break
        end = begin
    if end < size:
        os.ftruncate(descriptor, end)
        os.fsync(descriptor)


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {why(error)}") from error


@contextlib.contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise JournalError(
            f"{path} cannot be written ({why(error)}); nothing acknowledged is lost. "
            "Free space or fix the permissions, then resume the run."
        ) from error
