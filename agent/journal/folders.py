"""Folders of runs and studies that others may have made: each must be real, and is reached by descriptor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fieldcraft.common.files import Folder, UnsafeFile


@contextmanager
def inside(path: Path, *names: str, create: bool = False) -> Iterator[Folder]:
    """The folder at `path`, or one in it: real folders all. Those above `path` are as the person named them.

    Args:
        path: of a folder of ours, such as a run's.
        names: of folders in it, one below the other.
        create: make what is missing.

    Raises:
        UnsafeFile: one of them is a link, or no folder.
        OSError: one is missing, or cannot be opened.
    """
    if path.name in {"", ".", ".."}:
        path = path.resolve()
    if not path.name:
        with Folder.open(path) as root, root.inside(*names, create=create) as found:
            yield found
        return
    with (
        Folder.open(path.parent, create=create) as above,
        above.inside(path.name, *names, create=create) as found,
    ):
        yield found


def write_file(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Write a whole file or nothing, by a rename; with `sync` it is on disk when this returns.

    Raises:
        UnsafeFile: a link, pipe, device or folder stands there.
        OSError: it cannot be written.
    """
    with Folder.open(path.parent) as folder:
        folder.write(path.name, content, sync=sync)


def forget(path: Path) -> None:
    """Delete a real folder of ours with all that is in it, where it is there; links in it are not followed.

    Raises:
        UnsafeFile: it is a link, or no folder.
        OSError: something of it cannot be deleted.
    """
    with suppress(FileNotFoundError), Folder.open(path.parent) as above:
        if above.kind(path.name) is not None:
            above.remove_tree(path.name)


def why(error: OSError) -> str:
    """The reason in words, with what to do where an entry is not what it must be."""
    if isinstance(error, UnsafeFile):
        return f"{error}; take it away, or get the folder from somebody you trust"
    return error.strerror or type(error).__name__
