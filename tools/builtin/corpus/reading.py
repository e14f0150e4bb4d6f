"""What a corpus holds: its files, when each last changed, and the passages in them."""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from fieldcraft.tools.builtin.corpus.html import html_text
from fieldcraft.tools.builtin.corpus.passages import cut
from fieldcraft.tools.builtin.corpus.zim import zim_passages
from fieldcraft.tools.context import Passage

Stamps = dict[str, tuple[int, int]]
"""Modification time (ns) and size (bytes) of each file, by its path inside the corpus."""

TEXT_KINDS = (".md", ".markdown", ".txt", ".rst", ".text", ".adoc", ".org", ".tex", ".csv", ".html", ".htm")
"""Endings of the files in a folder that are read, besides those of `LINE_KINDS`."""
LINE_KINDS = (".jsonl", ".ndjson")
LONGEST_PAGE = 16_000_000
"""Bytes of an HTML page; a longer one is left out."""

_LONGEST_LINE = 65_536
_TEXT_KEYS = ("text", "contents", "content", "body", "passage")
_TITLE_KEYS = ("title", "name", "heading")
_SOURCE_KEYS = ("url", "source", "id", "_id", "docid")

logger = logging.getLogger(__name__)


def stamps(corpus: Path) -> Stamps:
    """The state of a corpus's files. Only plain files count; hidden ones and links to folders do not."""
    if not corpus.is_dir():
        return {"": _stamp(corpus.stat())}
    found: Stamps = {}
    for folder, names, files in os.walk(corpus):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            if name.startswith(".") or path.suffix.lower() not in (*TEXT_KINDS, *LINE_KINDS):
                continue
            try:
                state = path.stat()
            except OSError:
                continue
            if stat.S_ISREG(state.st_mode):
                found[path.relative_to(corpus).as_posix()] = _stamp(state)
    return found


def read(corpus: Path, file: str) -> Iterator[Passage]:
    """The passages of one file of a corpus. What cannot be read of it is logged and left out."""
    path = corpus / file if file else corpus
    source = file or corpus.name
    try:
        match path.suffix.lower():
            case ".zim":
                yield from zim_passages(path)
            case ending if ending in LINE_KINDS:
                with path.open(encoding="utf-8", errors="replace") as lines:
                    yield from _records(lines, source)
            case ".html" | ".htm":
                yield from _page(path, source)
            case _:
                with path.open(encoding="utf-8", errors="replace") as text:
                    yield from _text(text, source)
    except OSError as error:
        logger.warning("%s is left out of the search: %s", path, error)


def _stamp(state: os.stat_result) -> tuple[int, int]:
    return state.st_mtime_ns, state.st_size


def _text(file: TextIO, source: str) -> Iterator[Passage]:
    """Read a piece at a time, so that neither a long file nor a long line is held whole."""
    title = Path(source).stem
    heading = ""
    for text in cut(iter(lambda: file.readline(_LONGEST_LINE), "")):
        if "\0" in text:
            logger.warning("%s is left out of the search: it is no text", source)
            return
        if not heading:
            first = text.partition("\n")[0]
            heading = first.lstrip("# ").strip() if first.startswith("#") else title
        yield Passage(source, heading, text)


def _page(path: Path, source: str) -> Iterator[Passage]:
    if path.stat().st_size > LONGEST_PAGE:
        logger.warning("%s is left out of the search: longer than %d bytes", path, LONGEST_PAGE)
        return
    title, text = html_text(path.read_bytes())
    for passage in cut(text.splitlines()):
        yield Passage(source, title or path.stem, passage)


def _records(lines: Iterable[str], source: str) -> Iterator[Passage]:
    """One text a line: a JSON object with `text` (or `contents`, `content`, `body`, `passage`)."""
    unusable, first = 0, 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        record = _record(line)
        if record is None:
            unusable, first = unusable + 1, first or number
            continue
        place = _first(record, _SOURCE_KEYS) or f"{source}:{number}"
        for text in cut(_first(record, _TEXT_KEYS).splitlines()):
            yield Passage(place, _first(record, _TITLE_KEYS) or place, text)
    if unusable:
        logger.warning(
            "%s: %d lines (the first is line %d) are no JSON objects with a `text`", source, unusable, first
        )


def _record(line: str) -> dict[str, object] | None:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and _first(data, _TEXT_KEYS) else None


def _first(record: dict[str, object], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = record.get(key)
        if isinstance(value, str | int) and str(value).strip():
            return str(value)
    return ""
