"""Trees that somebody made to do harm, and a canary that tells whether they did."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fieldcraft.common.files import Folder

KINDS = (
    "link to a folder",
    "link to a file",
    "dangling link",
    "link to itself",
    "link to the parent",
    "hard link",
    "pipe",
    "socket",
    "empty file",
    "file",
    "huge file",
    "folder",
    "deep folder",
    "many entries",
    "odd names",
    "nothing",
)
"""What `plant` puts in a place."""

ODD_NAMES = ("line\nbreak", "\udcff\udcfe", "\x1b[2J", "e\u0301", "\u00e9", "Foo", "foo", "...", "a" * 200)


class Canary:
    """Folders and files outside of every library, which nothing may change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "thesis" / "versions").mkdir(parents=True)
        (folder / "thesis" / "chapter.tex").write_text("years of work")
        (folder / "thesis" / "versions" / "old.tex").write_text("more years")
        (folder / "key").write_text("secret")
        for name in (
            "mine-log.aside",
            ".SKILL.md.0123abcd.part",
            "mine-log.current",
            "SKILL.md",
            "writer",
            "lock",
        ):
            (folder / name).write_text("mine")
        for path in (folder, *folder.rglob("*")):
            os.utime(path, ns=(10**18, 10**18))
        self._before = self._state()

    def check(self) -> None:
        """Every name, content and time is as it was."""
        assert self._state() == self._before

    def _state(self) -> dict[str, tuple[int, int, bytes]]:
        return {
            str(path.relative_to(self.folder)): (
                path.lstat().st_mtime_ns,
                path.lstat().st_mode,
                path.read_bytes() if path.is_file() else b"",
            )
            for path in (self.folder, *sorted(self.folder.rglob("*")))
        }


def plant(root: Path, place: str, kind: str, canary: Path) -> None:
    """Put something of that kind at a `place` in `root`, in exchange for what stands there."""
    path = root / place
    if any(parent.is_symlink() for parent in path.parents if parent.is_relative_to(root)):
        return
    with suppress(OSError):
        clear(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        _MAKERS[kind](path, canary)


def clear(path: Path) -> None:
    """Remove a tree, however deep it is."""
    if path.is_dir() and not path.is_symlink():
        with Folder.open(path.parent) as folder:
            folder.remove_tree(path.name)
    else:
        path.unlink(missing_ok=True)


def _pipe(place: Path, _: Path) -> None:
    os.mkfifo(place)


def _socket(place: Path, _: Path) -> None:
    with _inside(place.parent), socket.socket(socket.AF_UNIX) as made:
        made.bind(place.name)


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _huge(place: Path, _: Path) -> None:
    with place.open("wb") as file:
        file.truncate(100_000_000)


def _deep(place: Path, _: Path) -> None:
    place.mkdir()
    with _inside(place):
        for _level in range(1500):
            Path("d").mkdir()
            os.chdir("d")


def _many(place: Path, canary: Path) -> None:
    place.mkdir()
    for number in range(2000):
        (place / f"entry-{number}").symlink_to(canary / "key")


def _odd_names(place: Path, canary: Path) -> None:
    place.mkdir()
    for name in ODD_NAMES:
        (place / name).mkdir()
        (place / f"{name}.current").symlink_to(canary)


_MAKERS: dict[str, Callable[[Path, Path], object]] = {
    "link to a folder": lambda place, canary: place.symlink_to(canary),
    "link to a file": lambda place, canary: place.symlink_to(canary / "key"),
    "dangling link": lambda place, canary: place.symlink_to(canary / "made-through-a-link"),
    "link to itself": lambda place, _: place.symlink_to(place.name),
    "link to the parent": lambda place, _: place.symlink_to(".."),
    "hard link": lambda place, canary: os.link(canary / "key", place),
    "pipe": _pipe,
    "socket": _socket,
    "empty file": lambda place, _: place.touch(),
    "file": lambda place, _: place.write_text("{]\x00---\n"),
    "huge file": _huge,
    "folder": lambda place, _: place.mkdir(),
    "deep folder": _deep,
    "many entries": _many,
    "odd names": _odd_names,
    "nothing": lambda _place, _canary: None,
}
