"""Files in folders that others may have made: reached by descriptor, never through a link, of bounded size.

A `Folder` is an open directory. Its methods take the name of one entry, never a path, and act relative to the
directory itself, so that nobody can exchange a folder for a link between a check and its use. Symbolic links,
pipes, sockets and devices are refused by name. What is written appears whole, by a rename, so that a file
with a second name elsewhere (a hard link) is never written through.

Where the system has no calls relative to a descriptor (Windows), entries are reached by their path, after the
same checks; an exchange between a check and the use is noticed for an entry that is opened, and not for the
folders above it.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from fieldcraft.common.entries import Kind, check_name, is_shown, kind_of, kind_of_entry, possible_path
from fieldcraft.common.errors import FieldcraftError

SIZE_LIMIT = 16_000_000
"""Bytes that are read of a file where no other limit is given."""

_DESCRIPTORS = os.open in os.supports_dir_fd and os.scandir in os.supports_fd
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_CLOSED = getattr(os, "O_CLOEXEC", 0)


class UnsafeFile(FieldcraftError, OSError):
    """An entry is not what it must be (a link, a pipe, a device, too large). Nothing was done to it."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(errno.ELOOP, f"{path} {problem}")
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path} {self.problem}"


class Folder:
    """An open directory; use it as a context manager. `path` is for messages only.

    Every method raises `UnsafeFile` for an entry that is no plain file or folder, `FileNotFoundError` for one
    that is missing, and `OSError` for whatever else the system refuses.
    """

    def __init__(self, descriptor: int, path: Path, inside: tuple[str, ...] = ()) -> None:
        self._descriptor = descriptor
        self._base = path
        self._inside = inside

    @property
    def path(self) -> Path:
        """Where it was when it was opened."""
        return self._base.joinpath(*self._inside)

    @classmethod
    def open(cls, path: Path | str, *, create: bool = False) -> Folder:
        """The directory that a person named: links in its own path are followed, as that person meant.

        Args:
            path: of the directory.
            create: make it, with its parents, where it is missing.
        """
        path = possible_path(path)
        if create:
            try:
                path.mkdir(parents=True, exist_ok=True)
            except FileExistsError:
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from None
        if not _DESCRIPTORS:
            if not path.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, "is no folder", str(path))
            return cls(-1, path)
        return cls(os.open(path, os.O_RDONLY | _DIRECTORY | _CLOSED), path)

    @property
    def inode(self) -> int:
        """Identifies this folder on its file system, by whatever name it is reached."""
        return (os.fstat(self._descriptor) if _DESCRIPTORS else self.path.stat()).st_ino

    def folder(self, name: str, *, create: bool = False) -> Folder:
        """A folder inside this one, which must be real."""
        check_name(name)
        if create:
            with suppress(FileExistsError):
                os.mkdir(*self._at(name), **self._here)  # noqa: PTH102 - by descriptor
        if not _DESCRIPTORS:
            if self.kind(name) != "folder":
                raise self._not("folder", name)
            return Folder(-1, self._base, (*self._inside, name))
        try:
            flags = os.O_RDONLY | _DIRECTORY | _NO_FOLLOW | _CLOSED
            descriptor = os.open(name, flags, dir_fd=self._descriptor)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOTDIR, errno.EMLINK}:
                raise self._not("folder", name) from None
            raise
        return Folder(descriptor, self._base, (*self._inside, name))

    @contextmanager
    def inside(self, *names: str, create: bool = False) -> Iterator[Folder]:
        """A folder some levels down, each of which must be real; closed at the end of the block."""
        opened: list[Folder] = []
        try:
            current = self
            for name in names:
                current = current.folder(name, create=create)
                opened.append(current)
            yield current
        finally:
            for folder in reversed(opened):
                folder.close()

    def kind(self, name: str) -> Kind | None:
        """What an entry is, itself and not what it points at; `None` where there is none."""
        status = self.status(name)
        if status is None:
            return None
        return kind_of(status)

    def require(self, name: str, kind: Literal["file", "folder"]) -> None:
        """Raise `UnsafeFile` unless an entry is of this kind, or missing."""
        if self.kind(name) not in {kind, None}:
            raise self._not("plain file" if kind == "file" else kind, name)

    def status(self, name: str) -> os.stat_result | None:
        """The `lstat` of an entry; `None` where there is none."""
        check_name(name)
        try:
            return os.stat(*self._at(name), **self._here, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def names(self, kind: Kind | None = None) -> list[str]:
        """The entries, or those of one kind, sorted. Names that are no valid text are left out."""
        source = self._descriptor if _DESCRIPTORS else self.path
        with os.scandir(source) as entries:
            found = [
                str(entry.name)
                for entry in entries
                if kind is None or kind_of_entry(entry, cheaply=_DESCRIPTORS) == kind
            ]
        return sorted(filter(is_shown, found))

    def unprintable(self, kind: Kind | None = None) -> int:
        """How many entries, or those of one kind, have names that `names` leaves out."""
        with os.scandir(self._descriptor if _DESCRIPTORS else self.path) as entries:
            return sum(
                not is_shown(entry.name)
                for entry in entries
                if kind is None or kind_of_entry(entry, cheaply=_DESCRIPTORS) == kind
            )

    def is_empty(self) -> bool:
        """Whether there is nothing in it, hidden entries and odd names included."""
        with os.scandir(self._descriptor if _DESCRIPTORS else self.path) as entries:
            return next(entries, None) is None

    def read(self, name: str, *, limit: int = SIZE_LIMIT) -> bytes:
        """The content of a plain file of at most `limit` bytes."""
        with self.opened(name) as descriptor:
            size = os.fstat(descriptor).st_size
            if size > limit:
                raise UnsafeFile(self.path / name, f"has {size:,} bytes; at most {limit:,} are read")
            content = bytearray()
            while part := os.read(descriptor, min(limit + 1 - len(content), 1 << 20)):
                content += part
                if len(content) > limit:
                    raise UnsafeFile(self.path / name, f"has more than {limit:,} bytes")
            return bytes(content)

    def read_text(self, name: str, *, limit: int = SIZE_LIMIT) -> str:
        """The same as text; raises `UnicodeDecodeError` where it is no UTF-8."""
        return self.read(name, limit=limit).decode("utf-8")

    @contextmanager
    def opened(self, name: str, flags: int = os.O_RDONLY) -> Iterator[int]:
        """A descriptor of a plain file, opened without following a link and without waiting."""
        descriptor = self.open_file(name, flags)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def open_file(self, name: str, flags: int = os.O_RDONLY, *, mode: int = 0o666, own: bool = False) -> int:
        """The same; the caller closes it.

        Args:
            name: of the entry.
            flags: as `os.open` takes them.
            mode: of a file that is made (`os.O_CREAT`).
            own: refuse a file that has a second name elsewhere (a hard link): for what is written in place.
        """
        check_name(name)
        if self.kind(name) not in {"file", None}:
            raise self._not("plain file", name)
        try:
            more = _NO_FOLLOW | _NO_WAIT | _CLOSED | _BINARY if _DESCRIPTORS else _BINARY
            descriptor = os.open(*self._at(name), flags | more, mode, **self._here)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.EMLINK, errno.EISDIR, errno.ENXIO}:
                raise self._not("plain file", name) from None
            raise
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not (_DESCRIPTORS or self._is_still(name, status)):
            os.close(descriptor)
            raise self._not("plain file", name)
        if own and status.st_nlink > 1:
            os.close(descriptor)
            raise UnsafeFile(
                self.path / name, "has a second name elsewhere (a hard link), so it is not written"
            )
        return descriptor

    def write(
        self,
        name: str,
        content: bytes,
        *,
        sync: bool = True,
        temporary: Folder | None = None,
        keep_mode: bool = False,
    ) -> None:
        """Put `content` at `name` in one step: whole or not at all, and with `sync` on disk at the return.

        Args:
            name: of the entry; a plain file, or missing.
            content: all of it.
            sync: wait until it is on disk.
            temporary: where the file is while it is incomplete, on the same file system; here where omitted.
            keep_mode: who may read and write it stays as it is for the file that is replaced.
        """
        if self.kind(name) not in {"file", None}:
            raise self._not("plain file", name)
        before = self.status(name) if keep_mode else None
        aside = temporary or self
        part = f".{name[:80]}.{secrets.token_hex(4)}.part"
        descriptor = aside.open_file(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            with os.fdopen(descriptor, "wb") as file:
                if before is not None and _DESCRIPTORS:
                    os.fchmod(descriptor, stat.S_IMODE(before.st_mode) & 0o777)
                file.write(content)
                file.flush()
                if sync:
                    os.fsync(file.fileno())
            aside.rename(part, name, into=self, sync=sync)
        except BaseException:
            with suppress(OSError):
                aside.remove(part)
            raise

    def rename(self, name: str, new: str, *, into: Folder | None = None, sync: bool = True) -> None:
        """Move an entry within this folder, or into another; a plain file that stands there is replaced."""
        check_name(name)
        check_name(new)
        target = into or self
        if _DESCRIPTORS:
            os.replace(name, new, src_dir_fd=self._descriptor, dst_dir_fd=target._descriptor)
        else:
            (self.path / name).replace(target.path / new)
        if sync:
            target.sync()

    def make_folder(self, name: str) -> None:
        """Make an empty folder, which must not exist."""
        check_name(name)
        os.mkdir(*self._at(name), **self._here)  # noqa: PTH102 - by descriptor

    def remove(self, name: str) -> None:
        """Take away a file or a link, never what the link points at."""
        check_name(name)
        os.unlink(*self._at(name), **self._here)

    def remove_tree(self, name: str) -> None:
        """Take away a real folder with all that is in it; links in it are taken away and not followed.

        However deep it is: folders in it are moved up before they are emptied (`.<hex>.gone`).
        """
        if self.kind(name) != "folder":
            raise self._not("folder", name)
        if not _DESCRIPTORS:
            shutil.rmtree(self.path / name)
            return
        waiting = [name]
        while waiting:
            current = waiting.pop()
            if self.kind(current) != "folder":
                self.remove(current)
                continue
            with self.folder(current) as folder:
                waiting += folder._empty_into(self)
            os.rmdir(current, **self._here)

    def _empty_into(self, other: Folder) -> list[str]:
        """Remove what is no folder, move the folders into `other`, and return their names there."""
        with os.scandir(self._descriptor) as entries:
            found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        moved = []
        for name, is_folder in found:
            if not is_folder:
                os.unlink(name, dir_fd=self._descriptor)
                continue
            aside = f".{secrets.token_hex(8)}.gone"
            os.replace(name, aside, src_dir_fd=self._descriptor, dst_dir_fd=other._descriptor)
            moved.append(aside)
        return moved

    def touch(self, name: str, *, times: tuple[int, int] | None = None) -> None:
        """Set the times (ns) of an entry, now where omitted."""
        check_name(name)
        now = time.time_ns()
        if _DESCRIPTORS:
            os.utime(name, ns=times or (now, now), dir_fd=self._descriptor, follow_symlinks=False)
        elif self.kind(name) in {"file", "folder"}:
            os.utime(self.path / name, ns=times or (now, now))

    def sync(self) -> None:
        """Make the entries of this folder durable, where the system and the file system can."""
        if not _DESCRIPTORS:
            return
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}:
                raise

    def state(self) -> os.stat_result:
        """The state of this folder itself."""
        return os.fstat(self._descriptor) if _DESCRIPTORS else self.path.stat()

    def close(self) -> None:
        """Let go of the descriptor. Safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _at(self, name: str) -> tuple[str | Path]:
        return (name if _DESCRIPTORS else self.path / name,)

    @property
    def _here(self) -> dict[str, Any]:
        return {"dir_fd": self._descriptor} if _DESCRIPTORS else {}

    def _is_still(self, name: str, opened: os.stat_result) -> bool:
        """Whether the name stands for the file that was opened, and not for a link to it."""
        status = self.status(name)
        return status is not None and kind_of(status) == "file" and os.path.samestat(status, opened)

    def _not(self, wanted: str, name: str) -> OSError:
        kind = self.kind(name)
        if kind is None:
            return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path / name))
        found = {
            "link": "a symbolic link",
            "file": "a file",
            "folder": "a folder",
            "other": "a pipe, socket or device",
        }
        return UnsafeFile(self.path / name, f"is {found[kind]}, not a {wanted}; it was not touched")


def read_file(path: Path | str, *, limit: int = SIZE_LIMIT) -> bytes:
    """The content of a plain file that a person named, `limit` bytes at most; links are followed.

    Raises:
        UnsafeFile: it is a folder, a pipe or a device, or too large.
        OSError: it cannot be read.
    """
    path = possible_path(path)
    descriptor = os.open(path, os.O_RDONLY | _NO_WAIT | _BINARY)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise UnsafeFile(path, "is a folder, not a file")
        if not stat.S_ISREG(mode):
            raise UnsafeFile(path, "is a pipe, socket or device, not a plain file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(limit + 1)
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise UnsafeFile(path, f"has more than {limit:,} bytes")
    return content
