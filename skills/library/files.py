"""Create folders atomically: written to a temporary name, synced, and renamed into place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from fieldcraft.common.files import Folder

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


def create_tree(
    target: Folder,
    name: str,
    files: Mapping[Path, str],
    *,
    work: Folder,
    aside: str,
    mode: int = 0o666,
) -> None:
    """Create the folder `name`, which must not exist, in `target` with all `files` in one step.

    Args:
        target: the parent folder.
        name: the name of the new folder.
        files: texts by path inside it.
        work: a folder on the same file system.
        aside: a free name in `work` for the incomplete folder.
        mode: the mode of the files, to which the process's umask applies.
    """
    work.make_folder(aside)
    try:
        with work.folder(aside) as top:
            _fill(top, {path.parts: text for path, text in files.items()}, mode)
        work.rename(aside, name, into=target)
    except BaseException:
        with suppress(OSError):
            work.remove_tree(aside)
        raise


def _fill(folder: Folder, files: Mapping[tuple[str, ...], str], mode: int) -> None:
    inside: dict[str, dict[tuple[str, ...], str]] = {}
    for (first, *rest), text in files.items():
        if rest:
            inside.setdefault(first, {})[tuple(rest)] = text
        else:
            _create(folder, first, text, mode)
    for first, inner in inside.items():
        with folder.folder(first, create=True) as place:
            _fill(place, inner, mode)
    folder.sync()


def _create(folder: Folder, name: str, text: str, mode: int) -> None:
    with os.fdopen(folder.open_file(name, _NEW, mode=mode), "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
