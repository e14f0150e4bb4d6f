"""Write the skills of an open and locked library in steps that survive a kill.

Other content of a SKILL.md, and other files in a skill's folder, are kept by every write.
"""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from fieldcraft.common.files import Folder, UnsafeFile
from fieldcraft.common.text import visible_line
from fieldcraft.skills.formats.agent_skills import DOCUMENT, SCRIPTS, Stored, read_skill, render
from fieldcraft.skills.formats.limits import DOCUMENT_LIMIT, SCRIPT_LIMIT, check_readable
from fieldcraft.skills.library.bookkeeping import Bookkeeping, aside, gone, marker
from fieldcraft.skills.library.errors import BrokenSkill
from fieldcraft.skills.library.files import create_tree
from fieldcraft.skills.library.opened import VERSIONS, OpenLibrary
from fieldcraft.skills.library.skill import Skill

_LOGGER = logging.getLogger(__name__)
_NEW_FILE = 0o666


class SkillWriter:
    """Writes the skills of one library.

    Args:
        root: the library's folder.
        books: its open internal folder, with the lock.
        opened: a reader of the same folder.
    """

    def __init__(self, root: Folder, books: Bookkeeping, opened: OpenLibrary) -> None:
        self._root = root
        self._books = books
        self._opened = opened

    def write(self, skill: Skill, *, current: bool, older: Sequence[Skill] = ()) -> Stored:
        """Store a version of a skill, and make it the current one if `current` is true.

        A new skill appears in one step, with its `older` versions, oldest first.

        Raises:
            SkillRefused: it is too large to be read again.
            BrokenSkill: its existing folder is a link, or its frontmatter cannot be read.
        """
        if self._root.kind(skill.name) is None:
            self._create([*older, skill])
        else:
            self._add(skill, current=current)
        self._books.touch()
        return self._opened.read(skill.name)

    def update(self, skill: Skill, version: int) -> None:
        """Write the fields outside a skill's digest into its current files and its stored version."""
        self._keep_current(skill.name)
        with self._root.folder(skill.name) as folder:
            with suppress(FileNotFoundError, UnsafeFile), folder.inside(VERSIONS, skill.digest) as kept:
                self._rewrite(kept, skill, version)
            self._rewrite(folder, skill, version)
        self._books.touch()

    def remove(self, name: str) -> None:
        """Remove a skill with all its versions; of a link, only the link."""
        if self._root.kind(name) == "folder":
            place = gone()
            self._root.rename(name, place, into=self._books.work)
            self._root.sync()
            self._books.clear(place)
        else:
            self._root.remove(name)
        with suppress(FileNotFoundError):
            self._books.work.remove(marker(name))
        self._books.touch()

    def complete(self, name: str, digest: str) -> bool:
        """Finish an interrupted change; `False` if that is impossible, which affects only that skill."""
        if not self._opened.has_version(name, digest):
            return True
        try:
            self._copy_current(name, digest)
        except (BrokenSkill, UnsafeFile) as error:
            _LOGGER.warning("the change of a skill could not be completed: %s", visible_line(error, 400))
            return False
        return True

    def _create(self, versions: Sequence[Skill]) -> None:
        name = versions[-1].name
        tree: dict[Path, str] = {}
        for number, skill in enumerate(versions, start=1):
            files = render(skill, number)
            check_readable(skill, files)
            tree |= {Path(VERSIONS, skill.digest, path): text for path, text in files.items()}
        tree |= files
        create_tree(self._root, name, tree, work=self._books.work, aside=aside(name))

    def _add(self, skill: Skill, *, current: bool) -> None:
        name, digest = skill.name, skill.digest
        if current:
            self._keep_current(name)
        known = self._opened.version_names(name)
        with self._root.folder(name) as folder:
            written = _document(folder) if current else None
            if digest not in known:
                earlier = self._earlier(name, known)
                files = render(skill, len(known) + 1, written=written, earlier=earlier)
                self._keep(folder, skill, files)
            elif written is not None:
                stored = self._opened.read_version(name, digest)
                with folder.inside(VERSIONS, digest) as version:
                    self._rewrite(version, stored.skill, stored.version, written, self._earlier(name, known))
        if current:
            self._exchange(name, digest)

    def _keep(self, folder: Folder, skill: Skill, files: dict[Path, str]) -> None:
        """Create the folder of a version, with the permissions of the SKILL.md that its text comes from."""
        check_readable(skill, files)
        with folder.folder(VERSIONS, create=True) as versions:
            create_tree(
                versions,
                skill.digest,
                files,
                work=self._books.work,
                aside=aside(skill.digest),
                mode=_mode(folder),
            )

    def _rewrite(
        self,
        folder: Folder,
        skill: Skill,
        version: int,
        written: str | None = None,
        earlier: Iterable[Skill] = (),
    ) -> None:
        """Rewrite a SKILL.md, keeping the other content of `written`, or by default of itself."""
        files = render(skill, version, written=written or _document(folder), earlier=earlier)
        check_readable(skill, files)
        content = files[Path(DOCUMENT)].encode()
        folder.write(DOCUMENT, content, temporary=self._books.work, keep_mode=True)

    def _exchange(self, name: str, digest: str) -> None:
        """Make a stored version the current one, in steps that `complete` can finish."""
        work = self._books.work
        work.write(marker(name), digest.encode())
        self._copy_current(name, digest)
        work.remove(marker(name))

    def _copy_current(self, name: str, digest: str) -> None:
        """Copy the two files of a version unchanged. Other files in the skill's folder are kept."""
        script = SCRIPTS[self._opened.read_version(name, digest).skill.language]
        with self._root.folder(name) as folder, folder.inside(VERSIONS, digest) as version:
            for path, limit in ((script, SCRIPT_LIMIT), (Path(DOCUMENT), DOCUMENT_LIMIT)):
                within = path.parts[:-1]
                with version.inside(*within) as source, folder.inside(*within, create=True) as place:
                    content = source.read(path.name, limit=limit)
                    place.write(path.name, content, temporary=self._books.work, keep_mode=True)

    def _keep_current(self, name: str) -> None:
        """Restore the current version under `versions/` if it was removed."""
        if self._root.kind(name) != "folder":
            return
        with self._root.folder(name) as folder:
            try:
                stored = read_skill(folder, name)
            except (BrokenSkill, OSError):
                return
            with folder.folder(VERSIONS, create=True) as versions:
                if versions.kind(stored.digest) is not None:
                    return
            self._keep(folder, stored.skill, render(stored.skill, stored.version, written=_document(folder)))

    def _earlier(self, name: str, digests: list[str]) -> Iterator[Skill]:
        """Yield the valid ones of these versions lazily, the current one first."""
        with suppress(BrokenSkill):
            yield self._opened.read(name).skill
        for digest in digests:
            with suppress(BrokenSkill):
                yield self._opened.read_version(name, digest).skill


def _document(folder: Folder) -> str | None:
    """The text of a SKILL.md, if it can be read."""
    try:
        return folder.read_text(DOCUMENT, limit=DOCUMENT_LIMIT)
    except (OSError, UnicodeDecodeError):
        return None


def _mode(folder: Folder) -> int:
    """The permissions of a folder's SKILL.md."""
    status = folder.status(DOCUMENT)
    return _NEW_FILE if status is None else stat.S_IMODE(status.st_mode) & _NEW_FILE
