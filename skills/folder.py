"""The library's folder on disk: one writer at a time, any number of readers, whole after any crash.

    <name>/SKILL.md, scripts/skill.py      the current version
    <name>/versions/<digest>/...           every version, the current one too
    .fieldcraft/                           lock, who holds it, work in progress (ignored by git)

A new skill appears by one rename. A new version is first complete under `versions/`; then a marker in
`.fieldcraft/work` names it while the two current files are exchanged. Whoever reads meanwhile, or after a
crash, takes the marked version; the next writer completes the exchange.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from fieldcraft.skills.errors import BrokenSkill, LibraryLocked, LibraryNotWritable
from fieldcraft.skills.files import create_tree, read_plain, replace_file, sync_directory
from fieldcraft.skills.formats.agent_skills import DOCUMENT, SCRIPTS, Stored, read_skill, render
from fieldcraft.skills.skill import Skill

Signature = tuple[tuple[int, int, int], ...]
"""What tells that a skill's files changed: modification time (ns), size (bytes) and inode of each."""

_READ_TRIES = 5


class SkillFolder:
    """Reads and writes the folder of a library. Writing methods need the lock: call them in `writing()`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._private = root / ".fieldcraft"
        self._work = self._private / "work"
        self._writer = self._private / "writer"
        self._lock = FileLock(self._private / "lock", thread_local=False, fallback_to_soft=False)

    @contextmanager
    def writing(self, timeout: float) -> Iterator[None]:
        """Hold the one write lock; nests. `timeout` is how long to wait for it, in seconds.

        Raises:
            LibraryLocked: another process has it.
            LibraryNotWritable: the folder cannot be written, now or on the way.
        """
        outermost = not self._lock.is_locked
        try:
            with self._translated():
                if outermost:
                    self._work.mkdir(parents=True, exist_ok=True)
                self._lock.acquire(timeout=timeout)
        except Timeout:
            raise LibraryLocked(
                f"{self.root} is being written by {self._holder()}; wait for it, or stop it, and try again"
            ) from None
        try:
            with self._translated():
                if outermost:
                    self._claim()
                    self._recover()
                yield
        finally:
            self._lock.release()

    def stamp(self) -> tuple[int, ...]:
        """Changes with every write by a library, and with every folder added or removed by hand."""
        return tuple(_modified(path) for path in (self.root, self._writer))

    def names(self) -> list[str]:
        """The skill folders, sorted, sound or not."""
        try:
            with os.scandir(self.root) as entries:
                return sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir())
        except FileNotFoundError:
            return []

    def signature(self, name: str) -> Signature:
        """The state of a skill's files; equal as long as nobody writes them."""
        paths = (self.root / name / DOCUMENT, *(self.root / name / script for script in SCRIPTS.values()))
        return tuple(state for path in (*paths, self._marker(name)) if (state := _state(path)))

    def read(self, name: str) -> Stored:
        """The current version of a skill.

        Raises:
            BrokenSkill: it cannot be loaded, or is not what its digest says.
        """
        for attempt in range(_READ_TRIES):
            before = self.signature(name)
            try:
                marked = self._marked(name)
                return read_skill(self._version(name, marked) if marked else self.root / name, name)
            except BrokenSkill:
                if self.signature(name) == before or attempt == _READ_TRIES - 1:
                    raise
        raise AssertionError("the last try returns or raises")

    def read_version(self, name: str, digest: str) -> Stored:
        """One version of a skill. Raises `BrokenSkill` as `read` does."""
        stored = read_skill(self._version(name, digest), name)
        if stored.digest != digest:
            raise BrokenSkill(
                name, f"has another version under versions/{digest[:12]}", "restore it from git"
            )
        return stored

    def has_version(self, name: str, digest: str) -> bool:
        """Whether that version of a skill is kept."""
        return (self._version(name, digest) / DOCUMENT).is_file()

    def versions(self, name: str) -> list[str]:
        """The digests of every sound version of a skill, oldest first."""
        numbered = []
        for digest in self._version_names(name):
            try:
                numbered.append((self.read_version(name, digest).version, digest))
            except BrokenSkill:
                continue
        return [digest for _, digest in sorted(numbered)]

    def homes(self) -> dict[str, str]:
        """Which skill holds each version, by digest; the first by name where several do."""
        return {digest: name for name in reversed(self.names()) for digest in self._version_names(name)}

    def write(self, skill: Skill, *, current: bool = True) -> Stored:
        """Keep a version of a skill, and make it the current one unless told otherwise."""
        with self._translated():
            folder = self.root / skill.name
            known = self._version_names(skill.name)
            if skill.digest in known:
                number = self.read_version(skill.name, skill.digest).version
            else:
                number = len(known) + 1
            files = render(skill, number)
            version = Path("versions", skill.digest)
            if not folder.exists():
                tree = {**files, **{version / path: text for path, text in files.items()}}
                create_tree(folder, tree, aside=self._aside(skill.name))
            else:
                if skill.digest not in known:
                    create_tree(folder / version, files, aside=self._aside(skill.digest))
                if current:
                    self._exchange(skill.name, skill.digest)
            self._touch()
        return self.read(skill.name)

    def update(self, skill: Skill, version: int) -> None:
        """Write what is not part of a skill's digest: how far it is verified and trusted, its provenance."""
        text = render(skill, version)[Path(DOCUMENT)]
        with self._translated():
            for folder in (self._version(skill.name, skill.digest), self.root / skill.name):
                replace_file(folder / DOCUMENT, text, aside=self._aside(skill.name))
            self._touch()

    def remove(self, name: str) -> None:
        """Take a skill away, with all its versions."""
        with self._translated():
            aside = self._aside(name)
            (self.root / name).rename(aside)
            sync_directory(self.root)
            shutil.rmtree(aside)
            self._touch()

    def _exchange(self, name: str, digest: str) -> None:
        """Make a kept version the current one, in steps that `_recover` can finish."""
        replace_file(self._marker(name), digest, aside=self._aside(name))
        self._copy_current(name, digest)

    def _copy_current(self, name: str, digest: str) -> None:
        folder = self.root / name
        stored = self.read_version(name, digest)
        files = render(stored.skill, stored.version)
        for path in (*(script for script in SCRIPTS.values() if script in files), Path(DOCUMENT)):
            (folder / path).parent.mkdir(exist_ok=True)
            replace_file(folder / path, files[path], aside=self._aside(name))
        for script in SCRIPTS.values():
            if script not in files:
                (folder / script).unlink(missing_ok=True)
        self._marker(name).unlink()

    def _recover(self) -> None:
        """Finish or clear away what a killed writer left."""
        left = sorted(self._work.iterdir())
        for path in left:
            if path.is_dir():
                shutil.rmtree(path)
            elif path.suffix != ".current":
                path.unlink()
        for marker in (path for path in left if path.suffix == ".current"):
            digest = marker.read_text(encoding="utf-8")
            if self.has_version(marker.stem, digest):
                self._copy_current(marker.stem, digest)
            else:
                marker.unlink()

    def _claim(self) -> None:
        ignore = self._private / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        holder = {"pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        if self._writer.exists():
            modified = self._writer.stat().st_mtime_ns
            self._writer.write_text(json.dumps(holder), encoding="utf-8")
            os.utime(self._writer, ns=(modified, modified))
        else:
            self._writer.write_text(json.dumps(holder), encoding="utf-8")

    def _holder(self) -> str:
        try:
            holder = json.loads(read_plain(self._writer))
            return f"process {holder['pid']} since {holder['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"

    def _touch(self) -> None:
        """Tell readers that something changed."""
        os.utime(self._writer)

    def _marker(self, name: str) -> Path:
        return self._work / f"{name}.current"

    def _marked(self, name: str) -> str | None:
        try:
            digest = read_plain(self._marker(name))
        except (OSError, UnicodeDecodeError):
            return None
        return digest if self.has_version(name, digest) else None

    def _version(self, name: str, digest: str) -> Path:
        return self.root / name / "versions" / digest

    def _version_names(self, name: str) -> list[str]:
        try:
            return sorted(path.name for path in (self.root / name / "versions").iterdir() if path.is_dir())
        except FileNotFoundError:
            return []

    def _aside(self, name: str) -> Path:
        return self._work / f"{name}.aside"

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if isinstance(error, Timeout):
                raise
            cure = (
                "free some space and try again"
                if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
                else "check its permissions, or work on a copy"
            )
            raise LibraryNotWritable(f"cannot write to {self.root}: {error}; {cure}") from error


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino
