"""Read a corpus: its files, when each last changed, and their passages.

A corpus is untrusted. Links to files or folders are not followed, even inside it; pipes and devices are not
opened; and sizes are limited.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from fieldcraft.common.data import DataError, Limits, read_json
from fieldcraft.common.files import Folder, UnsafeFile
from fieldcraft.common.text import visible_line
from fieldcraft.tools.builtin.corpus.html import html_text
from fieldcraft.tools.builtin.corpus.passages import cut
from fieldcraft.tools.builtin.corpus.zim import zim_passages
from fieldcraft.tools.context import Passage

Stamps = dict[str, tuple[int, int]]
"""Modification time (ns) and size (bytes) of each file, by its path inside the corpus."""

TEXT_KINDS = (".md", ".markdown", ".txt", ".rst", ".text", ".adoc", ".org", ".tex", ".csv", ".html", ".htm")
"""File name extensions that are read in a folder, in addition to `LINE_KINDS`."""
LINE_KINDS = (".jsonl", ".ndjson")
LONGEST_PAGE = 16_000_000
"""The most bytes of an HTML page; a longer one is left out."""
LARGEST_FILE = 4_000_000_000
"""The most bytes of any other file; a larger one is left out."""
MOST_FILES, DEEPEST = 100_000, 32
"""The most files of a folder, and the deepest nesting of folders, that are read."""
LONGEST_RECORD = 4_000_000
"""The most bytes of a line of JSON; a longer one is left out."""

_RECORD = Limits(size=LONGEST_RECORD, items=50_000)
_LONGEST_LINE = 65_536
_LONGEST_NAME = 300
_TEXT_KEYS = ("text", "contents", "content", "body", "passage")
_TITLE_KEYS = ("title", "name", "heading")
_SOURCE_KEYS = ("url", "source", "id", "_id", "docid")

logger = logging.getLogger(__name__)


def stamps(corpus: Path) -> Stamps:
    """The state of a corpus's files. Only regular files count; hidden ones and links do not."""
    if not corpus.is_dir():
        return {"": _stamp(corpus.stat())}
    found: Stamps = {}
    with Folder.open(corpus) as folder:
        for path, state in _files(folder, "", DEEPEST):
            if len(found) == MOST_FILES:
                logger.warning("%s has more than %d files; the rest is left out", corpus, MOST_FILES)
                break
            found[path] = _stamp(state)
    return found


def _files(folder: Folder, within: str, levels: int) -> Iterator[tuple[str, os.stat_result]]:
    for name in folder.names("file"):
        if name.startswith(".") or PurePosixPath(name).suffix.lower() not in (*TEXT_KINDS, *LINE_KINDS):
            continue
        state = folder.status(name)
        if state is not None and state.st_size <= LARGEST_FILE:
            yield within + name, state
    for name in folder.names("folder") if levels > 0 else ():
        if name.startswith("."):
            continue
        try:
            with folder.folder(name) as inner:
                yield from _files(inner, f"{within}{name}/", levels - 1)
        except OSError as error:
            logger.warning("%s is left out of the search: %s", within + name, error)


def read(corpus: Path, file: str) -> Iterator[Passage]:
    """The passages of one file of a corpus. Unreadable parts are logged and left out."""
    source = file or corpus.name
    try:
        match PurePosixPath(source).suffix.lower():
            case ".zim" if not file:
                yield from zim_passages(corpus)
            case ending if ending in LINE_KINDS:
                with _opened(corpus, file) as lines:
                    yield from _records(lines, source)
            case ".html" | ".htm":
                with _opened(corpus, file) as page:
                    yield from _page(page, source)
            case _:
                with (
                    _opened(corpus, file) as raw,
                    TextIOWrapper(raw, encoding="utf-8", errors="replace") as text,
                ):
                    yield from _text(text, source)
    except OSError as error:
        logger.warning("%s is left out of the search: %s", source, error)


@contextmanager
def _opened(corpus: Path, file: str) -> Iterator[BinaryIO]:
    """Open a regular file of the corpus through real folders only; the corpus itself may be a link."""
    *folders, name = file.split("/") if file else [corpus.name]
    if file:
        with Folder.open(corpus) as outer, outer.inside(*folders) as folder:
            descriptor = folder.open_file(name)
    else:
        with Folder.open(corpus.resolve().parent) as folder:
            descriptor = folder.open_file(corpus.resolve().name)
    with os.fdopen(descriptor, "rb") as opened:
        if os.fstat(descriptor).st_size > LARGEST_FILE:
            raise UnsafeFile(corpus / file, f"has more than {LARGEST_FILE:,} bytes")
        yield opened


def _stamp(state: os.stat_result) -> tuple[int, int]:
    return state.st_mtime_ns, state.st_size


def _passage(source: str, title: str, text: str) -> Passage:
    return Passage(visible_line(source, _LONGEST_NAME), visible_line(title, _LONGEST_NAME), text)


def _text(file: IO[str], source: str) -> Iterator[Passage]:
    """Read the file in chunks, so that no long file or line is held in memory completely."""
    title = Path(source).stem
    heading = ""
    for text in cut(iter(lambda: file.readline(_LONGEST_LINE), "")):
        if "\0" in text:
            logger.warning("%s is left out of the search: it is not a text file", source)
            return
        if not heading:
            first = text.partition("\n")[0]
            heading = first.lstrip("# ").strip() if first.startswith("#") else title
        yield _passage(source, heading, text)


def _page(file: BinaryIO, source: str) -> Iterator[Passage]:
    page = file.read(LONGEST_PAGE + 1)
    if len(page) > LONGEST_PAGE:
        logger.warning("%s is left out of the search: longer than %d bytes", source, LONGEST_PAGE)
        return
    title, text = html_text(page)
    for passage in cut(text.splitlines()):
        yield _passage(source, title or Path(source).stem, passage)


def _records(file: BinaryIO, source: str) -> Iterator[Passage]:
    """One text for each line: a JSON object with `text` (or `contents`, `content`, `body`, `passage`)."""
    unusable, first = 0, 0
    for number, line in enumerate(_lines(file), 1):
        if not line.strip():
            continue
        record = _record(line)
        if record is None:
            unusable, first = unusable + 1, first or number
            continue
        place = _first(record, _SOURCE_KEYS) or f"{source}:{number}"
        for text in cut(_first(record, _TEXT_KEYS).splitlines()):
            yield _passage(place, _first(record, _TITLE_KEYS) or place, text)
    if unusable:
        logger.warning(
            "%s: %d lines (the first is line %d) are not JSON objects with a `text`", source, unusable, first
        )


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines; of a line that is too long only a part, which is not a valid record."""
    while line := file.readline(LONGEST_RECORD + 1):
        yield line
        while len(line) > LONGEST_RECORD and not line.endswith(b"\n"):
            line = file.readline(LONGEST_RECORD + 1)


def _record(line: bytes) -> dict[str, object] | None:
    try:
        data = read_json(line, _RECORD)
    except DataError:
        return None
    return data if isinstance(data, dict) and _first(data, _TEXT_KEYS) else None


def _first(record: dict[str, object], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = record.get(key)
        if isinstance(value, str | int) and str(value).strip():
            return str(value)
    return ""
