"""A published Voyager library on disk: `skills.json`, `code/*.js`, `description/*.txt`.

Voyager (MIT, 2023) writes each new version of a skill to `code/<name>V<n>.js`, where the function keeps its
name, and overwrites its entry in `skills.json`, which so holds the latest. The vector database beside it is
not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fieldcraft.skills.errors import LibraryError
from fieldcraft.skills.formats.voyager_cleaning import clean, description_text
from fieldcraft.skills.javascript import Script
from fieldcraft.skills.program import MissingParser, ProgramError

JSON, CODE, DESCRIPTION = "skills.json", "code", "description"
SIZE_LIMIT = 1 << 20
_VERSIONED = re.compile(r"(?P<name>.+?)V(?P<number>[0-9]+)$")


class NoVoyagerLibrary(LibraryError):
    """The folder holds no library in Voyager's format; the message says what was looked for."""


@dataclass(frozen=True)
class Piece:
    """One version of a skill as published: `place` says where it stands, `entry` is its function."""

    place: str
    entry: str
    script: Script
    description: str


@dataclass
class Published:
    """What a folder holds: the versions of each skill by entry function, oldest first, and what was wrong."""

    families: dict[str, list[Piece]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)

    def note(self, place: str, words: str) -> None:
        """Remember something that a person should know of."""
        self.notes.setdefault(place, []).append(words)


def read_published(folder: Path) -> Published:
    """Read a library. What is broken is refused by name; the rest is read.

    Raises:
        NoVoyagerLibrary: there is none in this folder.
        LibraryError: JavaScript cannot be read on this machine; the message names the extra.
    """
    root = _root(folder)
    published = Published()
    listed = list(_listed(root, published))
    sources = [*_files(root, published), *listed]
    found = [(piece, source) for source in sources if (piece := _piece(source, published)) is not None]
    order = {source.key: number for number, source in enumerate(listed)}
    found.sort(key=lambda pair: (order.get(pair[0].entry, len(order)), pair[1].rank))
    families: dict[str, dict[str, Piece]] = {}
    for piece, source in found:
        _file_under(piece, source, published, families)
    published.families = {entry: list(family.values()) for entry, family in families.items()}
    return published


@dataclass(frozen=True)
class _Source:
    """Text with the name it is published under. `rank` orders versions; that of `skills.json` comes last."""

    key: str
    place: str
    rank: tuple[int, int]
    code: str
    description: str


def _root(folder: Path) -> Path:
    for candidate in (folder / "skill", folder):
        if (candidate / JSON).is_file() or (candidate / CODE).is_dir():
            return candidate
    inner = sorted(path.parent.parent.name for path in folder.glob(f"*/skill/{JSON}"))
    if inner:
        raise NoVoyagerLibrary(f"{folder} holds several libraries; name one of them: {', '.join(inner)}")
    raise NoVoyagerLibrary(
        f"{folder} holds no Voyager library: no {JSON} and no {CODE}/, neither there nor under skill/"
    )


def _files(root: Path, published: Published) -> Iterator[_Source]:
    """Each file of `code/`, with the description of the same name."""
    for path in sorted((root / CODE).glob("*.js")):
        place = f"{CODE}/{path.name}"
        found = _VERSIONED.fullmatch(path.stem)
        number = int(found["number"]) if found else 1
        try:
            code = _text(path)
        except ValueError as problem:
            published.refused[place] = str(problem)
            continue
        described = (path.stem, found["name"]) if found else (path.stem,)
        description = next((text for name in described if (text := _description(root, name))), "")
        yield _Source(path.stem, place, (0, number), code, description)


def _listed(root: Path, published: Published) -> Iterator[_Source]:
    """Each entry of `skills.json`, in its order; an entry that comes twice is two versions."""
    path = root / JSON
    if not path.is_file():
        return
    try:
        entries = _entries(json.loads(path.read_bytes(), object_pairs_hook=_Pairs))
    except (ValueError, RecursionError) as error:
        published.refused[JSON] = f"it cannot be read ({error}); what stands in {CODE}/ is taken alone"
        return
    seen: dict[str, int] = {}
    for key, value in entries:
        seen[key] = seen.get(key, 0) + 1
        place = f"{JSON}: {key}" + (f" ({seen[key]})" if seen[key] > 1 else "")
        if seen[key] > 1:
            published.note(place, "the name comes again; each is kept as a version, the last is current")
        entry = value if isinstance(value, dict) else {"code": value}
        code, description = entry.get("code"), entry.get("description")
        if not isinstance(code, str):
            published.refused[place] = "it holds no code"
            continue
        text = description if isinstance(description, str) else ""
        yield _Source(key, place, (1, seen[key]), code, text or _description(root, key))


class _Pairs(dict[str, Any]):
    """A JSON object that remembers the members whose name came again."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def _entries(data: object) -> list[tuple[str, Any]]:
    if isinstance(data, _Pairs):
        return data.pairs
    if isinstance(data, list) and all(isinstance(entry, dict) and "name" in entry for entry in data):
        return [(str(entry["name"]), entry) for entry in data]
    raise ValueError("it is no object of skills")


def _piece(source: _Source, published: Published) -> Piece | None:
    """The source, read; `None`, and refused by name, where that cannot be done."""
    try:
        script, changes = clean(source.code)
    except MissingParser as error:
        raise LibraryError(str(error)) from None
    except ProgramError as error:
        published.refused[source.place] = str(error)
        return None
    for words in changes:
        published.note(source.place, words)
    entry = _entry(source, script, published)
    if entry is None:
        published.refused[source.place] = "it defines no function at top level"
        return None
    description = description_text(source.description)
    if not description:
        description = description_text(script.functions[entry].docstring) or _words(entry)
        published.note(source.place, f"it has no description; taken instead: {description[:60]!r}")
    return Piece(source.place, entry, script, description)


def _entry(source: _Source, script: Script, published: Published) -> str | None:
    found = _VERSIONED.fullmatch(source.key)
    for name in (source.key, found["name"] if found else source.key):
        if name in script.functions:
            return name
    if script.entry is not None:
        published.note(source.place, f"its function is called {script.entry.name}, and so is the skill")
        return script.entry.name
    return None


def _file_under(
    piece: Piece, source: _Source, published: Published, families: dict[str, dict[str, Piece]]
) -> None:
    """Add a version to its family, by its code; one that is there only moves to where it is newest."""
    family = families.setdefault(piece.entry, {})
    code = " ".join(piece.script.source.split())
    if family.pop(code, None) is None and family and source.rank[0] and source.key != piece.entry:
        published.note(source.place, f"it is a version of {piece.entry}, whose function it has")
    family[code] = piece


def _text(path: Path) -> str:
    if path.stat().st_size > SIZE_LIMIT:
        raise ValueError(f"it is larger than {SIZE_LIMIT >> 20} MiB")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"it cannot be read: {error}") from None


def _description(root: Path, name: str) -> str:
    try:
        return _text(root / DESCRIPTION / f"{name}.txt")
    except (OSError, ValueError):
        return ""


def _words(entry: str) -> str:
    """`mineWoodLog` in words, for want of better."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", entry).strip().lower()
    return f"{words[:1].upper()}{words[1:]}."
