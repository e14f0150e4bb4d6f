"""Files that are whole or absent after a crash: written aside, synced, renamed into place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path


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
