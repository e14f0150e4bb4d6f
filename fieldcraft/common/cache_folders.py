"""Folders of the cache that are certainly ours: real, owned by this user, and so is all that is in them."""

from __future__ import annotations

import os
from pathlib import Path

from fieldcraft.common.cache import cache_folder
from fieldcraft.common.files import Folder, UnsafeFile

_DEEPEST = 16


def open_cache(*names: str) -> Folder:
    """A folder of the cache, made where it is missing. The caller closes it.

    Raises:
        UnsafeFile: it, or one on the way to it, is a link or belongs to another user.
        OSError: it cannot be made.
    """
    current = Folder.open(cache_folder(), create=True)
    try:
        _check_owner(current.path, current.state())
        for name in names:
            inner = current.folder(name, create=True)
            current.close()
            current = inner
            _check_owner(current.path, current.state())
    except BaseException:
        current.close()
        raise
    return current


def check_ours(folder: Folder, name: str, *, depth: int = 0) -> None:
    """Raise `UnsafeFile` unless an entry is missing, or a real file or folder of ours, and all in it is."""
    status = folder.status(name)
    if status is None:
        return
    _check_owner(folder.path / name, status)
    if folder.kind(name) != "folder":
        os.close(folder.open_file(name, own=True))
        return
    if depth == _DEEPEST:
        raise UnsafeFile(folder.path / name, "is nested too deep to be ours")
    with folder.folder(name) as inner:
        for entry in inner.names():
            check_ours(inner, entry, depth=depth + 1)


def _check_owner(path: Path, status: os.stat_result) -> None:
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        raise UnsafeFile(path, "belongs to another user, so it is not used")
