"""Files that are whole or absent after a crash: written aside, synced, renamed into place."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path


class NoPlainFile(OSError):
    """What should be read is a pipe, a socket or a device, which may never end or never begin."""


def read_plain(path: Path) -> str:
    """The text of a plain file; nothing else is waited for.

    Raises:
        NoPlainFile: it is none.
        OSError, UnicodeDecodeError: it cannot be read, or is no UTF-8.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NoPlainFile("it is no plain file")
    with os.fdopen(descriptor, "rb") as file:
        return file.read().decode("utf-8")


def replace_file(path: Path, text: str, *, aside: Path) -> None:
    """Put `text` at `path` in one step; `aside` is a free path on the same file system."""
    try:
        _write(aside, text)
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def create_tree(path: Path, files: Mapping[Path, str], *, aside: Path) -> None:
    """Make the folder `path`, which must not exist, with all `files` in one step."""
    try:
        for name, text in files.items():
            (aside / name).parent.mkdir(parents=True, exist_ok=True)
            _write(aside / name, text)
        for folder in {aside, *((aside / name).parent for name in files)}:
            sync_directory(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.rename(path)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the entries of a directory durable, where the system can (not on Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
