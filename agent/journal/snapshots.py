"""The snapshots of a run: files named after their SHA-256 in a separate folder."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from fieldcraft.agent.journal.folders import inside, why
from fieldcraft.agent.journal.store import JournalError
from fieldcraft.common.errors import DamagedRecord
from fieldcraft.common.files import Folder, UnsafeFile

RECENT_SNAPSHOTS = 8
"""How many snapshots are kept. If all are damaged, the world is rebuilt from the journal."""
SNAPSHOT_LIMIT = 256_000_000
"""The most bytes of a snapshot."""
STARTS_KEPT = 64
"""How many snapshots of segments' starts are kept. Beyond that every second one goes, but the newest."""
STARTS_BYTES = 1_000_000_000
"""The most bytes of them together, with the same consequence."""
FOLDER = "snapshots"
_OURS = re.compile(r"[0-9a-f]{64}\.bin")
_MARK = re.compile(r"[0-9a-f]{64}\.start")
_INCOMPLETE = re.compile(r"\.[0-9a-f]{64}\.bin\.[0-9a-f]{8}\.part")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class SnapshotDamaged(DamagedRecord, RuntimeError):
    """A snapshot file is missing, truncated or changed, or not a snapshot of its world."""


class SnapshotMissing(SnapshotDamaged):
    """A snapshot's file is not there: it was thinned out, or a fork begins where none was kept."""


class Snapshots:
    """The snapshots in the run folder `run`: only files named after a digest are read, written or removed."""

    def __init__(self, run: Path) -> None:
        self._run = run

    def save(self, snapshot: bytes) -> str:
        """Write a snapshot under its SHA-256 and return that name. Idempotent.

        It is not synced: a snapshot damaged by a power cut is rebuilt from the journal, which is synced.

        Raises:
            JournalError: it cannot be written, or is too large to be read back.
        """
        digest = hashlib.sha256(snapshot).hexdigest()
        if len(snapshot) > SNAPSHOT_LIMIT:
            raise JournalError(
                f"a snapshot of {len(snapshot):,} bytes is too large; at most {SNAPSHOT_LIMIT:,} are kept. "
                "Make the world's snapshots smaller, then resume the run."
            )
        try:
            with inside(self._run, FOLDER, create=True) as folder:
                if _content(folder, digest) is None:
                    folder.write(_name(digest), snapshot, sync=False)
        except OSError as error:
            raise JournalError(
                f"{self._path(digest)} cannot be written ({why(error)}); nothing acknowledged is lost. "
                "Free space or fix the permissions, then resume the run."
            ) from error
        return digest

    def load(self, digest: str) -> bytes:
        """The snapshot of this name.

        Raises:
            SnapshotDamaged: the file is missing, not a regular file, or does not match its name.
        """
        if not _DIGEST.fullmatch(digest):
            raise SnapshotDamaged(f"{digest[:80]!r} is no name of a snapshot")
        path = self._path(digest)
        try:
            with inside(self._run, FOLDER) as folder:
                content = _content(folder, digest)
                found = folder.kind(_name(digest)) is not None
        except FileNotFoundError:
            raise SnapshotMissing(f"{path} is missing") from None
        except UnsafeFile as error:
            raise SnapshotDamaged(str(error)) from error
        except OSError as error:
            raise SnapshotDamaged(f"{path} cannot be read ({why(error)})") from error
        if content is None and not found:
            raise SnapshotMissing(f"{path} is missing")
        if content is None:
            raise SnapshotDamaged(f"{path} is truncated or changed")
        return content

    def names(self) -> list[str]:
        """The digests by which snapshots lie here, valid or not.

        Raises:
            JournalError: the folder is a link, or cannot be read.
        """
        try:
            with inside(self._run, FOLDER) as folder:
                return [name.removesuffix(".bin") for name in folder.names("file") if _OURS.fullmatch(name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise JournalError(f"{self._run / FOLDER} cannot be read: {why(error)}") from error

    def keep_start(self, digest: str) -> None:
        """Keep a snapshot although newer ones come: a segment of the journal begins with it.

        A fork begins there, and runs the programs again from there.

        Raises:
            JournalError: the folder is a link, or cannot be written.
        """
        if not _DIGEST.fullmatch(digest):
            return
        try:
            with inside(self._run, FOLDER, create=True) as folder:
                folder.write(f"{digest}.start", b"", sync=False)
        except OSError as error:
            raise JournalError(
                f"{self._run / FOLDER} cannot be written ({why(error)}); nothing acknowledged is lost. "
                "Free space or fix the permissions, then resume the run."
            ) from error

    def starts(self) -> list[str]:
        """The digests of the snapshots that are kept for the start of a segment.

        Raises:
            JournalError: the folder is a link, or cannot be read.
        """
        try:
            with inside(self._run, FOLDER) as folder:
                marks = [name for name in folder.names("file") if _MARK.fullmatch(name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise JournalError(f"{self._run / FOLDER} cannot be read: {why(error)}") from error
        return [mark.removesuffix(".start") for mark in marks]

    def thin(self, latest: str) -> None:
        """Delete all but `latest`, the most recent ones, and those of segments' starts.

        What a crash left incomplete is deleted too.

        Raises:
            JournalError: the folder is a link, or cannot be written.
        """
        try:
            with inside(self._run, FOLDER) as folder:
                _thin(folder, latest)
        except FileNotFoundError:
            return
        except OSError as error:
            raise JournalError(
                f"{self._run / FOLDER} cannot be tidied ({why(error)}); nothing acknowledged is lost. "
                "Fix its permissions, then resume the run."
            ) from error

    def _path(self, digest: str) -> Path:
        return self._run / FOLDER / _name(digest)


def _thin(folder: Folder, latest: str) -> None:
    names = folder.names("file")
    status = {name: found for name in names if (found := folder.status(name)) is not None}
    newest = sorted(
        (name for name in status if _OURS.fullmatch(name)), key=lambda name: -status[name].st_mtime_ns
    )
    starts, dropped = _starts(status)
    kept = {_name(latest), *newest[:RECENT_SNAPSHOTS], *starts}
    gone = [*(name for name in newest if name not in kept), *dropped]
    for name in [*gone, *(name for name in names if _INCOMPLETE.fullmatch(name))]:
        with suppress(FileNotFoundError):
            folder.remove(name)


def _starts(status: Mapping[str, os.stat_result]) -> tuple[list[str], list[str]]:
    """The snapshots of segments' starts that are kept, and the marks of all others."""
    marks = sorted((n for n in status if _MARK.fullmatch(n)), key=lambda mark: status[mark].st_mtime_ns)
    of = {mark: mark.replace(".start", ".bin") for mark in marks}
    dropped = [mark for mark in marks if of[mark] not in status]
    left = [mark for mark in marks if of[mark] in status]
    while len(left) > 1 and (
        len(left) > STARTS_KEPT or sum(status[of[mark]].st_size for mark in left) > STARTS_BYTES
    ):
        dropped += left[-2::-2]
        left = left[::-2][::-1]
    return [of[mark] for mark in left], dropped


def _content(folder: Folder, digest: str) -> bytes | None:
    """The snapshot's bytes; `None` if they do not match its name."""
    if folder.kind(_name(digest)) is None:
        return None
    content = folder.read(_name(digest), limit=SNAPSHOT_LIMIT)
    return content if hashlib.sha256(content).hexdigest() == digest else None


def _name(digest: str) -> str:
    return f"{digest}.bin"
