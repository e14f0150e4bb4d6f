"""Texts to be annotated: from plain text, JSONL, or Python; long ones in pieces that fit the model."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldcraft.common.data import DataError, Limits, read_json
from fieldcraft.common.files import UnsafeFile, read_file
from fieldcraft.tools.toolformer.errors import NoSuchFile, ToolformerError

FILE_LIMIT = 1_000_000_000
"""Bytes of a file of texts, tasks or annotations, which is read whole."""
LINE_LIMITS = Limits(size=64_000_000, depth=32)
"""Of a line of JSON in such a file."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Document:
    """A text of the corpus.

    Attributes:
        number: its place in the corpus, from 0; resuming goes by it.
        text: what it says.
        day: on which day it was written, in words, where that is known: what the calendar says in it.
    """

    number: int
    text: str
    day: str | None = None


def read_corpus(path: Path) -> list[Document]:
    """The documents of a file: each line of a `.jsonl` (`{"text": ..., "day": ...}`) or of plain text.

    Empty lines are no documents. Text is UTF-8, with or without a byte order mark, or UTF-16 with one.

    Raises:
        ToolformerError: the file is not there, holds no text, or is in another encoding.
    """
    read = _jsonl if path.suffix.lower() in {".jsonl", ".ndjson"} else _lines
    found = [
        Document(number, text, day)
        for number, (text, day) in enumerate(read(path, _text_of(path).split("\n")))
    ]
    if not found:
        raise ToolformerError(f"{path} holds no text; give a file with a document on each line")
    return found


def write_corpus(path: Path, documents: Iterable[Document]) -> None:
    """Write documents as `read_corpus` reads them from a `.jsonl`."""
    with path.open("w", encoding="utf-8") as file:
        for document in documents:
            row = {"text": document.text} | ({"day": document.day} if document.day else {})
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _text_of(path: Path) -> str:
    try:
        data = read_file(path, limit=FILE_LIMIT)
    except FileNotFoundError as error:
        raise NoSuchFile(f"{path} cannot be read: there is no such file; give a file of texts") from error
    except UnsafeFile as error:
        raise ToolformerError(f"{error}; give a file of texts, a large one in several") from error
    except OSError as error:
        raise ToolformerError(f"{path} cannot be read ({error.strerror}); give a file of texts") from error
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    if encoding != "utf-16" and b"\0" in data:
        raise ToolformerError(
            f"{path} is not UTF-8; if it is UTF-16: iconv -f utf-16le -t utf-8 {path.name} > new.txt"
        )
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ToolformerError(
            f"{path}, line {line}: not UTF-8; convert it: iconv -f latin1 -t utf-8 {path.name} > new.txt"
        ) from error


def _lines(_path: Path, lines: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    return ((line.strip(), None) for line in lines if line.strip())


def _jsonl(path: Path, lines: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row: Any = read_json(line, LINE_LIMITS)
        except DataError as error:
            raise ToolformerError(
                f"{path}, line {number}: no JSON; one object on each line ({error})"
            ) from error
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise ToolformerError(f'{path}, line {number}: no "text"; write {{"text": "..."}}')
        day = row.get("day")
        if row["text"].strip():
            yield row["text"].strip(), None if day is None else str(day)


def fitted(documents: Sequence[Document], ends_of: Any, room: int) -> list[Document]:
    """The documents, those of more than `room` tokens in pieces, cut between words and numbered from 0.

    Args:
        documents: in the order of the corpus.
        ends_of: gives a text's tokens as the characters after each.
        room: tokens of a piece at most.
    """
    pieces: list[tuple[str, str | None]] = []
    longer = 0
    for document in documents:
        cut = list(_pieces(document.text, ends_of(document.text), room))
        longer += len(cut) > 1
        pieces += [(piece, document.day) for piece in cut]
    if longer:
        logger.warning(
            "%d of %d documents are longer than the %d tokens that fit; they are used in pieces",
            longer,
            len(documents),
            room,
        )
    return [Document(number, text, day) for number, (text, day) in enumerate(pieces)]


def _pieces(text: str, ends: Sequence[int], room: int) -> Iterator[str]:
    begin, token = 0, 0
    while len(ends) - token > room:
        end = ends[token + room - 1]
        space = max(text.rfind(" ", begin + 1, end), text.rfind("\n", begin + 1, end))
        end = space if space > begin else end
        if piece := text[begin:end].strip():
            yield piece
        while token < len(ends) and ends[token] <= end:
            token += 1
        begin = end
    if piece := text[begin:].strip():
        yield piece
