"""The append-only record of a run: JSON lines in numbered segments, synced before anything relies on them."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fieldcraft.agent import events as e
from fieldcraft.agent.secret_free import line_without_secrets
from fieldcraft.envs.suggest import reason

SEGMENT_BYTES = 4_000_000
"""A segment that has grown beyond this is followed by a new one at the next task's end."""

Migration = Callable[[dict[str, Any]], dict[str, Any]]
MIGRATIONS: dict[int, Migration] = {}
"""From each older format to the next: a function that turns one event's data into the newer form."""


class JournalError(RuntimeError):
    """The journal cannot be read or written; the message names the file and what to do."""


class Journal:
    """Appends events to `folder` and reads them back.

    Opening drops a torn last line (a crash in mid-write: it was never acknowledged). Any other damage
    is a `JournalError`, since something acknowledged would be lost.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: FileIO | None = None
        self._next = 1

    def segments(self) -> list[Path]:
        """The segment files, oldest first."""
        return sorted(self.folder.glob("journal-*.jsonl"))

    def read(self, *, last_segment: bool = False) -> list[e.Event]:
        """Every event, or those of the last segment, oldest first.

        Raises:
            JournalError: there is no journal, a line is damaged, or the format is not known.
        """
        segments = self.segments()
        if not segments:
            raise JournalError(
                f"{self.folder} holds no journal; `fieldcraft runs list` shows the runs there are"
            )
        chosen = segments[-1:] if last_segment else segments
        return [
            event for segment in chosen for event in read_segment(segment, torn_ok=segment == segments[-1])
        ]

    def open(self, next_number: int) -> None:
        """Get ready to append; `next_number` is the number of the next event. Drops a torn last line."""
        self._next = next_number
        segments = self.segments()
        path = segments[-1] if segments else self._segment(1)
        with _writable(path):
            if path.exists():
                _drop_torn_line(path)
            self._file = path.open("ab", buffering=0)
            if not segments:
                _sync_folder(self.folder)

    def append(self, event: e.Event, *, sync: bool) -> None:
        """Number, stamp and write one event; with `sync` it is on disk when this returns.

        After a failed write the journal is closed, so that nothing follows a line that may be torn.
        """
        if self._file is None:
            raise JournalError(f"the journal in {self.folder} is not open for writing")
        event.number, event.time = self._next, time.time()
        line = line_without_secrets(event)
        try:
            with _writable(Path(str(self._file.name))):
                _write_all(self._file, line)
                if sync:
                    os.fsync(self._file.fileno())
        except BaseException:
            self.close()
            raise
        self._next += 1

    def rotate_if_large(self, checkpoint: Callable[[], e.Checkpoint], *, limit: int = SEGMENT_BYTES) -> None:
        """Begin a new segment with a checkpoint where the current one has outgrown `limit` bytes."""
        if self._file is None or self._file.tell() < limit:
            return
        event = checkpoint()
        event.number, event.time = self._next, time.time()
        path = self._segment(len(self.segments()) + 1)
        with _writable(path):
            os.fsync(self._file.fileno())
            write_atomically(path, line_without_secrets(event))
            self._file.close()
            self._file = path.open("ab", buffering=0)
        self._next += 1

    def close(self) -> None:
        """Sync and close the file. Safe to call twice."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._file.fileno())
            self._file.close()
            self._file = None

    def _segment(self, number: int) -> Path:
        return self.folder / f"journal-{number:06d}.jsonl"


def read_segment(path: Path, *, torn_ok: bool = True) -> Iterator[e.Event]:
    """The events of one segment file; a torn last line is left out where `torn_ok`."""
    migrations: list[Migration] = []
    with path.open("rb") as file:
        for row, line in enumerate(file, 1):
            if not line.endswith(b"\n") and torn_ok:
                return
            if row == 1:
                migrations = _migrations(path, line)
            try:
                if migrations:
                    yield e.EVENT.validate_python(_migrate(json.loads(line), migrations))
                else:
                    yield e.EVENT.validate_json(line)
            except (ValidationError, ValueError) as error:
                raise JournalError(
                    f"{path} is damaged at line {row}: {_reason(error)}. "
                    "Restore the file from a copy, or cut it before that line and lose what came after."
                ) from error


def _write_all(file: FileIO, content: bytes) -> None:
    """Unbuffered, so that nothing is left over to be written after a failure."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def _migrations(path: Path, first_line: bytes) -> list[Migration]:
    try:
        version = json.loads(first_line).get("format")
    except (ValueError, AttributeError):
        return []
    if version == e.FORMAT:
        return []
    if not isinstance(version, int) or version > e.FORMAT:
        raise JournalError(
            f"{path} has journal format {version}, this version of Fieldcraft knows up to {e.FORMAT}; "
            "upgrade with `pip install -U fieldcraft`"
        )
    steps = range(version, e.FORMAT)
    if any(step not in MIGRATIONS for step in steps):
        raise JournalError(
            f"{path} has journal format {version}, which this version cannot migrate to {e.FORMAT}"
        )
    return [MIGRATIONS[step] for step in steps]


def _reason(error: ValueError) -> str:
    """What is wrong with a line, without the names of all events there are."""
    if not isinstance(error, ValidationError):
        return f"not valid JSON ({error})"
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return (
        "not valid JSON"
        if first["type"] == "json_invalid"
        else f"{place or 'event'}: {reason(first['msg'])}"[:300]
    )


def _migrate(data: dict[str, Any], migrations: list[Migration]) -> dict[str, Any]:
    for migration in migrations:
        data = migration(data)
    return data


def _drop_torn_line(path: Path) -> None:
    with path.open("rb+") as file:
        content = file.read()
        if content and not content.endswith(b"\n"):
            file.truncate(content.rfind(b"\n") + 1)
            os.fsync(file.fileno())


def write_atomically(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Write a whole file or nothing: temporary file, rename; with `sync`, on disk when this returns."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        if sync:
            os.fsync(file.fileno())
    temporary.replace(path)
    if sync:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _writable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise JournalError(
            f"{path} cannot be written ({error.strerror}); nothing acknowledged is lost. "
            "Free space or fix the permissions, then resume the run."
        ) from error
