"""A published Voyager library on disk: `skills.json`, `code/*.js`, `description/*.txt`.

Voyager (MIT, 2023) writes each new version of a skill to `code/<name>V<n>.js`, where the function keeps its
name, and overwrites its entry in `skills.json`, which holds the latest version. The vector database is
not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fieldcraft.common.data import Limits, read_json
from fieldcraft.common.files import Folder, UnsafeFile
from fieldcraft.common.text import valid_text, visible_line
from fieldcraft.skills.formats.limits import ENTRY_LIMIT
from fieldcraft.skills.formats.voyager_cleaning import clean, description_text
from fieldcraft.skills.library.errors import LibraryError
from fieldcraft.skills.program.javascript import Script
from fieldcraft.skills.program.source import MissingParser, ProgramError

JSON, CODE, DESCRIPTION = "skills.json", "code", "description"
SIZE_LIMIT = 1 << 20
"""The most bytes of one file of code, or one description."""
LIST_LIMIT = 32 << 20
"""The most bytes of `skills.json`."""
TOTAL_LIMIT = 64 << 20
"""The most bytes of all other files together."""
SKILL_LIMIT = 5000
"""The most files of `code/`, and entries of `skills.json`, that are read."""
_LIST = Limits(size=LIST_LIMIT, depth=32, items=100_000)
_FOLDERS_TRIED = 1000
_VERSIONED = re.compile(r"(?P<name>.+?)V(?P<number>[0-9]+)$")


class NoVoyagerLibrary(LibraryError):
    """The folder holds no library in Voyager's format; the message says what is missing."""


@dataclass(frozen=True)
class Piece:
    """One version of a skill as published: `place` is its file or entry, `entry` its function."""

    place: str
    entry: str
    script: Script
    description: str


@dataclass
class Published:
    """The content of a folder: the versions of each skill by entry function, oldest first, and its errors."""

    families: dict[str, list[Piece]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)

    def note(self, place: str, words: str) -> None:
        """Add a note for the person."""
        self.notes.setdefault(place, []).append(words)


def read_published(folder: Path) -> Published:
    """Read a library. Broken parts are refused by name; the rest is read. No link in it is followed.

    Raises:
        NoVoyagerLibrary: the folder holds no such library.
        LibraryError: the JavaScript parser is missing (the message names the extra), or the folder
            cannot be read.
    """
    published = Published()
    try:
        with Folder.open(folder) as top, top.inside(*_root(top)) as root:
            reader = _Reader(root, published)
            listed = list(reader.listed())
            sources = [*reader.files(), *listed]
    except (FileNotFoundError, NotADirectoryError):
        raise _nothing(folder) from None
    except OSError as error:
        raise LibraryError(f"{folder} cannot be read: {error.strerror}; check its permissions") from error
    order = {source.key: number for number, source in enumerate(listed)}
    found = [(piece, source) for source in sources if (piece := _piece(source, published)) is not None]
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


def _root(top: Folder) -> tuple[str, ...]:
    """The folder of the library: `skill/` inside the given folder, or that folder."""
    for place in (("skill",), ()):
        with suppress(OSError), top.inside(*place) as root:
            if root.kind(JSON) == "file" or root.kind(CODE) == "folder":
                return place
    several = []
    for name in top.names("folder")[:_FOLDERS_TRIED]:
        with suppress(OSError), top.inside(name, "skill") as root:
            if root.kind(JSON) == "file":
                several.append(name)
    if several:
        raise NoVoyagerLibrary(
            f"{top.path} holds several libraries; name one of them: {visible_line(', '.join(several), 500)}"
        )
    raise _nothing(top.path)


def _nothing(folder: Path) -> NoVoyagerLibrary:
    return NoVoyagerLibrary(
        f"{folder} holds no Voyager library: no {JSON} and no {CODE}/, neither there nor under skill/"
    )


class _Reader:
    """Reads the sources of one library, up to limits on their number and total size."""

    def __init__(self, root: Folder, published: Published) -> None:
        self._root = root
        self._published = published
        self._bytes_left = TOTAL_LIMIT

    def files(self) -> Iterator[_Source]:
        """Each file of `code/`, with the description of the same name."""
        names = []
        with suppress(OSError), self._root.folder(CODE) as folder:
            names = [name for name in folder.names() if name.endswith(".js")]
        self._note_more(len(names), f"{CODE}/")
        for name in names[:SKILL_LIMIT]:
            stem = name.removesuffix(".js")
            found = _VERSIONED.fullmatch(stem)
            number = int(found["number"]) if found else 1
            place = f"{CODE}/{name}"
            try:
                code = self._text(CODE, name)
            except ValueError as problem:
                self._published.refused[place] = str(problem)
                continue
            described = (stem, found["name"]) if found else (stem,)
            description = next((text for name in described if (text := self._description(name))), "")
            yield _Source(stem, place, (0, number), code, description)

    def listed(self) -> Iterator[_Source]:
        """Each entry of `skills.json`, in its order; a duplicate entry becomes two versions."""
        if self._root.kind(JSON) is None:
            return
        published = self._published
        try:
            entries = _entries(self._list())
        except (OSError, ValueError) as error:
            words = visible_line(error)
            published.refused[JSON] = f"it cannot be read ({words}); what stands in {CODE}/ is taken alone"
            return
        self._note_more(len(entries), JSON)
        seen: dict[str, int] = {}
        for key, value in entries[:SKILL_LIMIT]:
            seen[key] = seen.get(key, 0) + 1
            place = f"{JSON}: {visible_line(key, 80)}" + (f" ({seen[key]})" if seen[key] > 1 else "")
            if seen[key] > 1:
                published.note(place, "the name comes again; each is kept as a version, the last is current")
            entry = value if isinstance(value, dict) else {"code": value}
            code, description = entry.get("code"), entry.get("description")
            if not isinstance(code, str) or len(key) > ENTRY_LIMIT:
                published.refused[place] = (
                    "its name is too long" if isinstance(code, str) else "it holds no code"
                )
                continue
            text = description if isinstance(description, str) else ""
            yield _Source(key, place, (1, seen[key]), code, text or self._description(key))

    def _list(self) -> object:
        raw = self._root.read(JSON, limit=LIST_LIMIT)
        read_json(raw, _LIST)
        return json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_Pairs)

    def _text(self, part: str, name: str) -> str:
        """Read a file; raises `ValueError` if it cannot be read."""
        if self._bytes_left <= 0:
            raise ValueError(f"the library holds more than {TOTAL_LIMIT >> 20} MiB in all")
        try:
            with self._root.folder(part) as folder:
                raw = folder.read(name, limit=SIZE_LIMIT)
            self._bytes_left -= len(raw)
            return raw.decode("utf-8-sig")
        except UnsafeFile as error:
            raise ValueError(f"it {error.problem}") from None
        except OSError as error:
            raise ValueError(f"it cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise ValueError(f"it is not UTF-8: {error.reason}") from None

    def _description(self, name: str) -> str:
        try:
            return self._text(DESCRIPTION, f"{name}.txt")
        except ValueError:
            return ""

    def _note_more(self, count: int, place: str) -> None:
        if count > SKILL_LIMIT:
            self._published.refused[place] = f"it holds {count:,} skills; the first {SKILL_LIMIT:,} are read"


class _Pairs(dict[str, Any]):
    """A JSON object that records duplicate members."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def _entries(data: object) -> list[tuple[str, Any]]:
    if isinstance(data, _Pairs):
        return [(valid_text(key), value) for key, value in data.pairs]
    if isinstance(data, list) and all(isinstance(entry, dict) and "name" in entry for entry in data):
        return [(valid_text(str(entry["name"])), entry) for entry in data]
    raise ValueError("it is no object of skills")


def _piece(source: _Source, published: Published) -> Piece | None:
    """Parse the source; `None` if it cannot be parsed, which is recorded as refused."""
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
    """Add a version to its family; a known version only moves to the newest position."""
    family = families.setdefault(piece.entry, {})
    code = " ".join(piece.script.source.split())
    if family.pop(code, None) is None and family and source.rank[0] and source.key != piece.entry:
        published.note(source.place, f"it is a version of {piece.entry}, whose function it has")
    family[code] = piece


def _words(entry: str) -> str:
    """`mineWoodLog` split into words, as a fallback description."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", entry).strip().lower()
    return f"{words[:1].upper()}{words[1:]}."
