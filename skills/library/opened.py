"""An open library folder: its content is read by descriptor, and no link in it is followed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fieldcraft.common.files import Folder, UnsafeFile
from fieldcraft.common.text import visible_line
from fieldcraft.skills.formats.agent_skills import DOCUMENT, SCRIPTS, Stored, read_edited, read_skill
from fieldcraft.skills.library.bookkeeping import (
    PRIVATE,
    WORK,
    WRITER,
    is_digest,
    is_skill_folder,
    marked_version,
    marker,
)
from fieldcraft.skills.library.errors import BrokenSkill, LibraryError, LibraryNotWritable, UnsafeLibrary
from fieldcraft.skills.library.skill import Skill

Signature = tuple[tuple[int, int, int], ...]
"""Detects changes of a skill's files: modification time (ns), size (bytes) and inode of each."""

VERSIONS = "versions"
_READ_TRIES = 5
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class OpenLibrary:
    """Reads one open folder; a missing folder counts as empty."""

    def __init__(self, path: Path, root: Folder | None, work: Folder | None) -> None:
        self._path = path
        self._root = root
        self._work = work

    @classmethod
    def open(cls, path: Path) -> OpenLibrary:
        """Open the library's folder.

        Raises:
            LibraryError: it cannot be read.
        """
        try:
            root = Folder.open(path)
        except FileNotFoundError:
            return cls(path, None, None)
        except OSError as error:
            raise _unreadable(path, error) from error
        with suppress(OSError), root.inside(PRIVATE) as private:
            return cls(path, root, private.folder(WORK))
        return cls(path, root, None)

    def close(self) -> None:
        """Close the folders."""
        for folder in (self._root, self._work):
            if folder is not None:
                folder.close()

    def stamp(self) -> tuple[int, ...]:
        """Changes with every write by a library, and with every folder added or removed by hand."""
        if self._root is None:
            return ()
        root = self._root.state()
        writer = None
        with suppress(OSError), self._root.inside(PRIVATE) as private:
            writer = private.status(WRITER)
        return root.st_dev, root.st_ino, root.st_mtime_ns, writer.st_mtime_ns if writer else 0

    def names(self) -> list[str]:
        """The names of all skill folders, sorted, valid or not; also links with such a name."""
        if self._root is None:
            return []
        try:
            folders = (name for name in self._root.names("folder") if not name.startswith("."))
            links = (name for name in self._root.names("link") if is_skill_folder(name))
            return sorted((*folders, *links))
        except OSError as error:
            raise _unreadable(self._path, error) from error

    def signature(self, name: str) -> Signature | None:
        """The state of a skill's files, equal as long as they do not change; `None` if there are none."""
        status = self._root.status(name) if self._root is not None else None
        if status is None or not (stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode)):
            return None
        states = [self._work.status(marker(name)) if self._work is not None else None]
        try:
            with self.skill(name) as folder:
                states += [folder.status(DOCUMENT), folder.status(VERSIONS)]
                with folder.folder(_SCRIPT_FOLDER) as scripts:
                    states += [scripts.status(script.name) for script in SCRIPTS.values()]
        except OSError:
            states.append(status)
        return tuple((each.st_mtime_ns, each.st_size, each.st_ino) for each in states if each is not None)

    @contextmanager
    def skill(self, name: str) -> Iterator[Folder]:
        """Open the folder of a skill. Raises `OSError` if there is no real folder."""
        if self._root is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        with self._root.folder(name) as folder:
            yield folder

    def read(self, name: str, before: Signature | None = None) -> Stored:
        """Read the current version of a skill.

        Args:
            name: the name of its folder.
            before: its signature, if it was just taken.

        Raises:
            BrokenSkill: it cannot be loaded, or does not match its digest.
        """
        before = before or self.signature(name)
        for attempt in range(_READ_TRIES):
            try:
                with self._reported(name), self.skill(name) as folder:
                    return self._current(folder, name)
            except BrokenSkill:
                now = self.signature(name)
                if now == before or attempt == _READ_TRIES - 1:
                    raise
                before = now
        raise AssertionError("the last try returns or raises")

    def read_edited(self, name: str) -> Skill:
        """Read a skill without checking its digest. Raises `BrokenSkill`."""
        with self._reported(name), self.skill(name) as folder:
            return read_edited(folder, name)

    def read_version(self, name: str, digest: str) -> Stored:
        """One version of a skill. Raises `BrokenSkill` as `read` does."""
        with self._reported(name), self.skill(name) as folder, folder.inside(VERSIONS, digest) as version:
            stored = read_skill(version, name)
        if stored.digest != digest:
            raise BrokenSkill(
                name, f"has another version under versions/{digest[:12]}", "restore it from git"
            )
        return stored

    def has_version(self, name: str, digest: str) -> bool:
        """Whether that version of a skill is kept."""
        if not is_digest(digest):
            return False
        with suppress(OSError), self.skill(name) as folder, folder.inside(VERSIONS, digest) as version:
            return version.kind(DOCUMENT) == "file"
        return False

    def version_names(self, name: str) -> list[str]:
        """The digests of a skill's version folders, sorted, valid or not."""
        with suppress(OSError), self.skill(name) as folder, folder.folder(VERSIONS) as versions:
            return [digest for digest in versions.names("folder") if is_digest(digest)]
        return []

    def strange_versions(self, name: str) -> list[str]:
        """Entries among a skill's versions that are not version folders."""
        with suppress(OSError), self.skill(name) as folder, folder.folder(VERSIONS) as versions:
            return [
                entry
                for entry in versions.names()
                if not is_digest(entry) or versions.kind(entry) != "folder"
            ]
        return []

    def foreign_files(self, name: str) -> list[str]:
        """The other files in a skill's folder, as sorted paths inside it.

        For other folders their entries are listed; empty ones are omitted.

        Raises:
            BrokenSkill: the folder cannot be read.
        """
        found: list[str] = []
        nothing = suppress(FileNotFoundError, UnsafeFile)
        with self._reported(name), nothing, self.skill(name) as folder:
            found += _foreign(folder)
            with folder.folder(VERSIONS) as versions:
                for entry in versions.names():
                    if is_digest(entry) and versions.kind(entry) == "folder":
                        with versions.folder(entry) as version:
                            found += [f"{VERSIONS}/{entry}/{path}" for path in _foreign(version)]
                    else:
                        found += _listed(versions, entry, f"{VERSIONS}/{entry}")
                found += _unprintable(versions, f"{VERSIONS}/")
        return sorted(found)

    def _current(self, folder: Folder, name: str) -> Stored:
        folder.require(VERSIONS, "folder")
        marked = marked_version(self._work, name) if self._work is not None else None
        if marked is None or not self.has_version(name, marked):
            return read_skill(folder, name)
        with folder.inside(VERSIONS, marked) as version:
            return read_skill(version, name)

    @contextmanager
    def _reported(self, name: str) -> Iterator[None]:
        """Convert errors of a skill's files to `BrokenSkill`."""
        try:
            with unsafe_reported(self._path, name):
                yield
        except OSError as error:
            raise BrokenSkill(
                name, f"cannot be read: {error.strerror}", "check its permissions, or restore it from git"
            ) from error


_SCRIPT_FOLDER = SCRIPTS["python"].parts[0]
_SCRIPT_NAMES = {path.name for path in SCRIPTS.values()}


def _foreign(folder: Folder) -> list[str]:
    """The other files in the folder of a skill or of a version, without those under `versions/`."""
    found = _unprintable(folder)
    for entry in folder.names():
        if entry == _SCRIPT_FOLDER and folder.kind(entry) == "folder":
            with folder.folder(entry) as scripts:
                for name in scripts.names():
                    if name not in _SCRIPT_NAMES:
                        found += _listed(scripts, name, f"{entry}/{name}")
                found += _unprintable(scripts, f"{entry}/")
        elif entry not in {DOCUMENT, VERSIONS, _SCRIPT_FOLDER}:
            found += _listed(folder, entry, entry)
    return found


def _listed(folder: Folder, entry: str, path: str) -> list[str]:
    """Another file; for a folder, its entries."""
    if folder.kind(entry) != "folder":
        return [path]
    try:
        with folder.folder(entry) as inner:
            return [f"{path}/{name}" for name in inner.names()] + _unprintable(inner, f"{path}/")
    except OSError:
        return [path]


def _unprintable(folder: Folder, within: str = "") -> list[str]:
    number = folder.unprintable()
    return [f"{within}(entries with names that cannot be shown: {number})"] if number else []


@contextmanager
def unsafe_reported(library: Path, name: str) -> Iterator[None]:
    """Convert links and the like in a skill's folder to `BrokenSkill`, which affects only that skill."""
    try:
        yield
    except UnsafeFile as error:
        if not error.path.is_relative_to(library / name):
            raise
        part = error.path.relative_to(library / name)
        reason = f"has {part}, which {error.problem}" if part.parts else error.problem
        raise BrokenSkill(name, reason, "put the real one there, or remove the skill") from error


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Convert errors while the library `path` is written to errors that name the remedy.

    Raises:
        UnsafeLibrary: an internal file is a link or the like.
        LibraryNotWritable: the system refuses.
    """
    try:
        yield
    except UnsafeFile as error:
        if not error.path.is_relative_to(path):
            raise
        words = visible_line(error, 400)
        raise UnsafeLibrary(f"{words}; if you did not put it there, remove it and try again") from error
    except ConnectionError:  # of no file: somebody else's, while the library was held for a whole run
        raise
    except OSError as error:
        if error.errno in _FULL:
            cure = "free some space and try again"
        elif error.errno == errno.ENOENT:
            cure = "it was moved or removed meanwhile, so try again"
        else:
            cure = "check its permissions, or work on a copy"
        raise LibraryNotWritable(f"cannot write to {path}: {error}; {cure}") from error


def _unreadable(path: Path, error: OSError) -> LibraryError:
    return LibraryError(
        f"cannot read the library {path}: {error.strerror}; check what it is and its permissions"
    )
