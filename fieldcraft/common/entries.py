"""What can stand in a folder: the kinds of entries, and the names that they may have."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Literal

Kind = Literal["file", "folder", "link", "other"]

_MOUNT_POINT = 0xA0000003
"""IO_REPARSE_TAG_MOUNT_POINT, which Python knows on Windows only."""
_SEPARATORS = frozenset("/\0" if os.sep == "/" else "/\0\\:")
"""On Windows a colon names a drive, or a second content of a file."""


def kind_of(status: os.stat_result) -> Kind:
    """The kind of an entry with this status, which is its own and not that of a link's target."""
    if stat.S_ISLNK(status.st_mode) or _is_junction(status):
        return "link"
    if stat.S_ISDIR(status.st_mode):
        return "folder"
    return "file" if stat.S_ISREG(status.st_mode) else "other"


def _is_junction(status: os.stat_result) -> bool:
    """Whether it is what Windows calls a junction: a folder that stands for another one."""
    return getattr(status, "st_reparse_tag", 0) == _MOUNT_POINT


def kind_of_entry(entry: os.DirEntry[str], *, cheaply: bool) -> Kind:
    """The kind of an entry of a listing, `cheaply` from the listing itself, where there are no junctions."""
    if not cheaply:
        return kind_of(entry.stat(follow_symlinks=False))
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "other"


def check_name(name: str) -> None:
    """Raise `ValueError` unless `name` is that of one entry, and no path."""
    if not name or name in {".", ".."} or not _SEPARATORS.isdisjoint(name):
        raise ValueError(f"{name!r} is no name of an entry")


def is_shown(name: str) -> bool:
    """Whether a name is valid text of visible characters; half a character (a surrogate) is not."""
    return name.isprintable()


def possible_path(path: Path | str) -> Path:
    """The path. Raises `OSError`, as for all that cannot be opened, where no file can have this name."""
    try:
        if b"\0" not in os.fsencode(path):
            return Path(path)
    except UnicodeEncodeError:
        pass
    raise OSError(errno.EINVAL, "no file can have this name", str(path))
