"""A library's internal folder, `.fieldcraft`: the lock, its holder, and work in progress.

    lock, writer, .gitignore
    work/<name>.current       the version that a skill is being changed to
    work/<name>.aside/        a folder that is not complete yet, or being removed
    work/.<file>.<hex>.part   a file that is not complete yet; .<hex>.gone/: a folder being removed

None of these may be a link, since a library may come from others. Only entries with one of these names,
inside the real folder, are removed; all others are kept.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress

from fieldcraft.common.data import DataError, read_json
from fieldcraft.common.files import Folder
from fieldcraft.common.text import visible_line
from fieldcraft.skills.library.locking import FolderLock

PRIVATE, WORK, LOCK, WRITER, IGNORE = ".fieldcraft", "work", "lock", "writer", ".gitignore"

_LOGGER = logging.getLogger(__name__)
_SMALL = 10_000
"""The most bytes that are read of a marker, or of the lock holder's entry."""
_NAME = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_MARKER = re.compile(rf"({_NAME})\.current")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ASIDE = re.compile(rf"{_NAME}\.aside")
_GONE = re.compile(r"\.[0-9a-f]{16}\.gone")
_PART = re.compile(
    rf"\.(?:SKILL\.md|skill\.py|skill\.js|writer|\.gitignore|{_NAME}\.current)\.[0-9a-f]{{8}}\.part"
)
_NAMES_SHOWN = 5


def is_skill_folder(name: str) -> bool:
    """Whether this is a valid skill name: lower-case ASCII letters and digits, with hyphens between them."""
    return len(name) <= 64 and re.fullmatch(_NAME, name) is not None


def is_digest(text: str) -> bool:
    """Whether this is a digest, and so the name of a version's folder."""
    return _DIGEST.fullmatch(text) is not None


def check_bookkeeping(root: Folder) -> None:
    """Raise `UnsafeFile` for the first internal file of a library that is a link or of a wrong kind.

    Nothing is created or changed.
    """
    root.require(PRIVATE, "folder")
    with suppress(FileNotFoundError), root.folder(PRIVATE) as private:
        for name in (LOCK, WRITER, IGNORE):
            private.require(name, "file")
        private.require(WORK, "folder")
        with private.folder(WORK) as work:
            for name in work.names():
                if _MARKER.fullmatch(name) or _PART.fullmatch(name):
                    work.require(name, "file")
                elif _GONE.fullmatch(name) or (_ASIDE.fullmatch(name) and work.kind(name) != "file"):
                    work.require(name, "folder")


def marked_version(work: Folder, name: str) -> str | None:
    """The digest that a skill is being changed to, if it is."""
    try:
        if work.kind(marker(name)) is None:
            return None
        digest = work.read_text(marker(name), limit=_SMALL)
    except (OSError, UnicodeDecodeError):
        return None
    return digest if is_digest(digest) else None


def marker(name: str) -> str:
    """The name of the marker file in the work folder for a skill that is being changed."""
    return f"{name}.current"


def aside(name: str) -> str:
    """A name in the work folder for an incomplete folder."""
    return f"{name}.aside"


def gone() -> str:
    """A name in the work folder for a folder that is being removed."""
    return f".{secrets.token_hex(8)}.gone"


class Bookkeeping:
    """The open internal folder of a library that is being written; it is created if missing.

    Raises `UnsafeFile` if an entry is of a wrong kind, and `OSError` if it cannot be created.
    """

    def __init__(self, root: Folder) -> None:
        check_bookkeeping(root)
        self._lock = FolderLock()
        self.private = root.folder(PRIVATE, create=True)
        try:
            self.work = self.private.folder(WORK, create=True)
        except OSError:
            self.private.close()
            raise

    def claim(self, timeout: float) -> None:
        """Acquire the lock, and record its holder.

        Raises:
            LockTaken: another process held it for `timeout` seconds.
        """
        self._lock.acquire(self.private, LOCK, timeout)
        if self.private.kind(IGNORE) is None:
            self.private.write(IGNORE, b"*\n", sync=False, temporary=self.work)
        before = self.private.status(WRITER)
        self._sign()
        if before is not None:
            self.private.touch(WRITER, times=(before.st_mtime_ns, before.st_mtime_ns))

    def holder(self) -> str:
        """The recorded holder of the lock, if it can be read."""
        try:
            holder = read_json(self.private.read(WRITER, limit=_SMALL))
            return visible_line(f"process {holder['pid']} since {holder['since']}", 80)
        except (OSError, DataError, KeyError, TypeError):
            return "another process"

    def recover(self, finish: Callable[[str, str], bool]) -> None:
        """Remove what a killed writer left.

        Args:
            finish: called with the name of a skill whose change is incomplete and the digest of its new
                version; returns whether the change is complete now.
        """
        strange = []
        for name in self.work.names():
            found = _MARKER.fullmatch(name)
            if found:
                self._finish(found[1], finish)
            elif _ASIDE.fullmatch(name) or _GONE.fullmatch(name) or _PART.fullmatch(name):
                self.clear(name)
            else:
                strange.append(name)
        if strange:
            shown = visible_line(", ".join(strange[:_NAMES_SHOWN]))
            _LOGGER.warning(
                "%s holds %d entries that are not Fieldcraft's (%s); they were left alone",
                self.work.path,
                len(strange),
                shown,
            )

    def clear(self, name: str) -> None:
        """Remove an entry from the work folder."""
        if self.work.kind(name) == "folder":
            self.work.remove_tree(name)
        else:
            self.work.remove(name)

    def touch(self) -> None:
        """Tell readers that something changed."""
        self.private.touch(WRITER)

    def close(self) -> None:
        """Release the lock and close the folders."""
        self._lock.release()
        self.work.close()
        self.private.close()

    def _sign(self) -> None:
        """Record the holder of the lock in place, which is safe in a file without hard links."""
        holder = {"pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        flags = os.O_WRONLY | os.O_CREAT
        with os.fdopen(self.private.open_file(WRITER, flags, own=True), "wb") as file:
            file.truncate()
            file.write(json.dumps(holder).encode())

    def _finish(self, name: str, finish: Callable[[str, str], bool]) -> None:
        digest = marked_version(self.work, name)
        if digest is not None and not finish(name, digest):
            return
        with suppress(FileNotFoundError):
            self.work.remove(marker(name))
