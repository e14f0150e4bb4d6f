"""Open the untrusted folders of runs and studies by descriptor; none of them may be a link."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fieldcraft.common.files import Folder, UnsafeFile


@contextmanager
def inside(path: Path, *names: str, create: bool = False) -> Iterator[Folder]:
    """Open the folder at `path`, or a folder inside it, without links. The parents of `path` may be links.

    Args:
        path: the path of a folder, such as a run's.
        names: the names of nested folders inside it.
        create: create missing folders.

    Raises:
        UnsafeFile: one of them is a link, or not a folder.
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
    """Write a file atomically, by a rename; with `sync` it is on disk when this returns.

    Raises:
        UnsafeFile: there is a link, pipe, device or folder of this name.
        OSError: it cannot be written.
    """
    with Folder.open(path.parent) as folder:
        folder.write(path.name, content, sync=sync)


def forget(path: Path) -> None:
    """Delete a folder with its content, if it exists; links in it are not followed.

    Raises:
        UnsafeFile: it is a link, or not a folder.
        OSError: a part of it cannot be deleted.
    """
    with suppress(FileNotFoundError), Folder.open(path.parent) as above:
        if above.kind(path.name) is not None:
            above.remove_tree(path.name)


def why(error: OSError) -> str:
    """The reason of an error as text, with the remedy for an entry of a wrong kind."""
    if isinstance(error, UnsafeFile):
        return f"{error}; take it away, or get the folder from somebody you trust"
    return error.strerror or type(error).__name__
