"""The library's folder on disk: one writer at a time, any number of readers, whole after any crash.

    <name>/SKILL.md, scripts/skill.py      the current version
    <name>/versions/<digest>/...           every version, the current one too
    .fieldcraft/                           lock, its holder, work in progress (ignored by git)

A new skill appears by one rename. A new version is first complete under `versions/`; then a marker in
`.fieldcraft/work` names it while the two current files are exchanged. Readers use the marked version
meanwhile, and after a crash; the next writer completes the exchange.

A library is untrusted and may change meanwhile: everything is opened relative to the descriptor of one
folder, and no link in it is followed. A writer keeps that folder open, even if it is moved.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from fieldcraft.common.files import Folder, UnsafeFile
from fieldcraft.common.text import visible_line
from fieldcraft.skills.formats.agent_skills import Stored
from fieldcraft.skills.library.bookkeeping import PRIVATE, Bookkeeping, check_bookkeeping
from fieldcraft.skills.library.errors import BrokenSkill, LibraryLocked
from fieldcraft.skills.library.locking import LockTaken
from fieldcraft.skills.library.opened import OpenLibrary, Signature, translated, unsafe_reported
from fieldcraft.skills.library.owners import check_owner
from fieldcraft.skills.library.skill import Skill
from fieldcraft.skills.library.writing import SkillWriter

_VERSION_CURE = "remove it, or restore it from git"


def is_library(path: Path) -> bool:
    """Whether a library was made at `path`, or a skill lies there. A name that no file can have is none."""
    try:
        with os.scandir(path) as entries:
            return any(
                entry.name == PRIVATE or os.path.isfile(os.path.join(entry.path, "SKILL.md"))  # noqa: PTH113, PTH118
                for entry in entries
            )
    except (OSError, ValueError):
        return False


class SkillFolder:
    """Reads and writes the folder of a library. Writing methods need the lock: call them in `writing()`.

    Args:
        root: the folder, created on the first write.
        owners: other users and groups whose folders may be written, see `check_owner`.
    """

    def __init__(self, root: Path, owners: Collection[str] = ()) -> None:
        self.root = root
        self._owners = frozenset(owners)
        self._opened: OpenLibrary | None = None
        self._held: SkillWriter | None = None
        self._homes: dict[str, list[str]] = {}
        self._homes_stamp: tuple[int, ...] | None = None

    @contextmanager
    def writing(self, timeout: float) -> Iterator[None]:
        """Hold the one write lock; nests. `timeout` is how long to wait for it, in seconds.

        Raises:
            LibraryLocked: another process has it.
            UnsafeLibrary: an internal file or folder is a link or the like.
            ForeignLibrary: it belongs to another user.
            LibraryNotWritable: the folder cannot be written, now or on the way.
        """
        with ExitStack() as stack, translated(self.root):
            if self._held is None:
                self._hold(stack, timeout)
            yield

    @contextmanager
    def reading(self) -> Iterator[OpenLibrary]:
        """Open the folder once for all reads in the block, or use the one of a writer; nests.

        Raises:
            LibraryError: it cannot be read.
        """
        if self._opened is not None:
            yield self._opened
            return
        self._opened = OpenLibrary.open(self.root)
        try:
            yield self._opened
        finally:
            self._opened.close()
            self._opened = None

    def stamp(self) -> tuple[int, ...]:
        """Changes with every write by a library, and with every folder added or removed by hand."""
        with self.reading() as opened:
            return opened.stamp()

    def names(self) -> list[str]:
        """The names of all skill folders, sorted, valid or not."""
        with self.reading() as opened:
            return opened.names()

    def signature(self, name: str) -> Signature | None:
        """The state of a skill's files, equal as long as they do not change; `None` if there are none."""
        with self.reading() as opened:
            return opened.signature(name)

    def read(self, name: str, before: Signature | None = None) -> Stored:
        """Read the current version of a skill, whose signature was `before`. Raises `BrokenSkill`."""
        with self.reading() as opened:
            return opened.read(name, before)

    def read_edited(self, name: str) -> Skill:
        """Read a skill without checking its digest. Raises `BrokenSkill`."""
        with self.reading() as opened:
            return opened.read_edited(name)

    def read_version(self, name: str, digest: str) -> Stored:
        """One version of a skill. Raises `BrokenSkill`."""
        with self.reading() as opened:
            return opened.read_version(name, digest)

    def has_version(self, name: str, digest: str) -> bool:
        """Whether that version of a skill is kept."""
        with self.reading() as opened:
            return opened.has_version(name, digest)

    def versions(self, name: str) -> list[str]:
        """The digests of all valid versions of a skill, oldest first."""
        numbered = []
        with self.reading() as opened:
            for digest in opened.version_names(name):
                with suppress(BrokenSkill):
                    numbered.append((opened.read_version(name, digest).version, digest))
        return [digest for _, digest in sorted(numbered)]

    def find_version(self, digest: str) -> str | None:
        """The name of the skill that holds a valid version. Folders are searched once between changes."""
        with self.reading() as opened:
            stamp = opened.stamp()
            if stamp != self._homes_stamp:
                self._homes = {}
                for name in opened.names():
                    for version in opened.version_names(name):
                        self._homes.setdefault(version, []).append(name)
                self._homes_stamp = stamp
            for name in self._homes.get(digest, ()):
                with suppress(BrokenSkill):
                    opened.read_version(name, digest)
                    return name
        return None

    def oddities(self) -> list[tuple[str, str, str]]:
        """Unexpected entries in skill folders, with the reason and the remedy. Reads all folders."""
        self._homes_stamp = None
        found = []
        with self.reading() as opened:
            for name in opened.names():
                for entry in opened.strange_versions(name):
                    shown = visible_line(entry, 40)
                    found.append(
                        (name, f"has versions/{shown}, which is no folder of a version", _VERSION_CURE)
                    )
        try:
            with suppress(FileNotFoundError), Folder.open(self.root) as root:
                if number := root.unprintable("folder"):
                    skipped = f"skipped, because their names cannot be shown: {number}"
                    found.append(("folders", skipped, "rename them in letters, digits and hyphens"))
                check_bookkeeping(root)
        except UnsafeFile as error:
            found.append((PRIVATE, f"cannot be written to: {error}", "remove what you did not put there"))
        return found

    def write(self, skill: Skill, *, current: bool = True, older: Sequence[Skill] = ()) -> Stored:
        """Store a version of a skill, see `SkillWriter.write`.

        Raises:
            SkillRefused: it is too large to be read again.
            BrokenSkill: its existing folder is a link, or its frontmatter cannot be read.
        """
        writer = self._writer()
        with translated(self.root), unsafe_reported(self.root, skill.name), self._homes_kept(older, skill):
            return writer.write(skill, current=current, older=older)

    def update(self, skill: Skill, version: int) -> None:
        """Write the fields outside a skill's digest: verification, trust and provenance.

        Other content of SKILL.md is kept. Raises the errors of `write`.
        """
        writer = self._writer()
        with translated(self.root), unsafe_reported(self.root, skill.name), self._homes_kept((), skill):
            writer.update(skill, version)

    def remove(self, name: str) -> None:
        """Remove a skill with all its versions; of a link, only the link."""
        writer = self._writer()
        with translated(self.root):
            writer.remove(name)

    def foreign_files(self, name: str) -> list[str]:
        """The other files in a skill's folder, as sorted paths inside it."""
        with self.reading() as opened:
            return opened.foreign_files(name)

    @contextmanager
    def _homes_kept(self, older: Sequence[Skill], skill: Skill) -> Iterator[None]:
        """Keep the cache of versions up to date while the block writes versions of a skill."""
        is_known = self.stamp() == self._homes_stamp
        yield
        if is_known:
            for each in (*older, skill):
                names = self._homes.setdefault(each.digest, [])
                if each.name not in names:
                    names.append(each.name)
            self._homes_stamp = self.stamp()

    def _hold(self, stack: ExitStack, timeout: float) -> None:
        """Open the folder for writing, acquire the lock, and finish the change of a killed writer."""
        root = stack.enter_context(Folder.open(self.root, create=True))
        check_owner(root, self.root, self._owners)
        check_bookkeeping(root)
        with suppress(FileNotFoundError), root.folder(PRIVATE) as private:
            check_owner(private, self.root / PRIVATE, self._owners)
        books = Bookkeeping(root)
        stack.callback(books.close)
        try:
            books.claim(timeout)
        except LockTaken:
            raise LibraryLocked(
                f"{self.root} is being written by {books.holder()}; wait for it, or stop it, and try again"
            ) from None
        stack.callback(self._let_go, self._opened)
        self._opened = OpenLibrary(self.root, root, books.work)
        self._held = SkillWriter(root, books, self._opened)
        books.recover(self._held.complete)

    def _let_go(self, before: OpenLibrary | None) -> None:
        self._held, self._opened = None, before

    def _writer(self) -> SkillWriter:
        if self._held is None:
            raise RuntimeError("a library is written in a `writing()` block only")
        return self._held
