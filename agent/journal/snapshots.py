"""The snapshots of a run: files named after their SHA-256 in a separate folder."""

from __future__ import annotations

import hashlib
import re
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
FOLDER = "snapshots"
_OURS = re.compile(r"[0-9a-f]{64}\.bin")
_INCOMPLETE = re.compile(r"\.[0-9a-f]{64}\.bin\.[0-9a-f]{8}\.part")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class SnapshotDamaged(DamagedRecord, RuntimeError):
    """A snapshot file is missing, truncated or changed, or not a snapshot of its world."""


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
            raise SnapshotDamaged(f"{path} is missing") from None
        except UnsafeFile as error:
            raise SnapshotDamaged(str(error)) from error
        except OSError as error:
            raise SnapshotDamaged(f"{path} cannot be read ({why(error)})") from error
        if content is None:
            raise SnapshotDamaged(f"{path} is {'truncated or changed' if found else 'missing'}")
        return content

    def thin(self, latest: str) -> None:
        """Delete all but `latest` and the most recently written snapshots, and what a crash left incomplete.

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
    written = {name: status.st_mtime_ns for name in names if (status := folder.status(name)) is not None}
    kept = sorted((name for name in written if _OURS.fullmatch(name)), key=lambda name: -written[name])
    gone = [name for name in kept[RECENT_SNAPSHOTS:] if name != _name(latest)]
    for name in [*gone, *(name for name in names if _INCOMPLETE.fullmatch(name))]:
        with suppress(FileNotFoundError):
            folder.remove(name)


def _content(folder: Folder, digest: str) -> bytes | None:
    """The snapshot's bytes; `None` if they do not match its name."""
    if folder.kind(_name(digest)) is None:
        return None
    content = folder.read(_name(digest), limit=SNAPSHOT_LIMIT)
    return content if hashlib.sha256(content).hexdigest() == digest else None


def _name(digest: str) -> str:
    return f"{digest}.bin"
