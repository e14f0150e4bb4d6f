"""Folders of the cache that are certainly ours: real, owned by this user, and so is all that is in them."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from fieldcraft.common.cache import cache_folder
from fieldcraft.common.files import Folder, UnsafeFile
from fieldcraft.common.text import visible_line

_DEEPEST = 16
_said: set[Path] = set()
"""The cache folders of which this process said that they cannot be used."""

logger = logging.getLogger(__name__)


def work_in_memory(error: Exception) -> None:
    """Say once for each cache folder that what is derived is kept in memory, and why."""
    folder = cache_folder()
    level = logging.DEBUG if folder in _said else logging.WARNING
    _said.add(folder)
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    logger.log(
        level,
        "the cache %s cannot be used (%s); working in memory. Free space, or set FIELDCRAFT_CACHE to another "
        "folder",
        folder,
        visible_line(reason, 300),
    )


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
