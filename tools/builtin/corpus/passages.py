"""Split texts into passages, the units of search results."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

PASSAGE_LENGTH = 1_200
"""The most characters of a passage, about 200 words."""


def cut(lines: Iterable[str]) -> Iterator[str]:
    """Split a text, given line by line, into passages of as many whole paragraphs as fit.

    A longer paragraph is split between words.
    """
    waiting = ""
    for paragraph in _paragraphs(lines):
        for piece in _pieces(paragraph):
            if waiting and len(waiting) + len(piece) + 1 > PASSAGE_LENGTH:
                yield waiting
                waiting = ""
            waiting = f"{waiting}\n{piece}" if waiting else piece
    if waiting:
        yield waiting


def _paragraphs(lines: Iterable[str]) -> Iterator[str]:
    """The paragraphs between blank lines, split so that none is much longer than a passage."""
    held: list[str] = []
    length = 0
    for line in lines:
        words = line.strip()
        if held and (not words or length > PASSAGE_LENGTH):
            yield "\n".join(held)
            held, length = [], 0
        if words:
            held.append(words)
            length += len(words)
    if held:
        yield "\n".join(held)


def _pieces(paragraph: str) -> Iterator[str]:
    start = 0
    while len(paragraph) - start > PASSAGE_LENGTH:
        longest = start + PASSAGE_LENGTH
        space = max(paragraph.rfind(" ", start, longest), paragraph.rfind("\n", start, longest))
        end = space if space > start else longest
        yield paragraph[start:end].strip()
        start = end
        while start < len(paragraph) and paragraph[start].isspace():
            start += 1
    if left := paragraph[start:].strip():
        yield left


def words_of(text: str) -> list[str]:
    """The words of a query in order: letters and digits, in lower case."""
    return re.findall(r"\w+", text.lower())


def nearest_passage(query: str, passages: Iterable[str]) -> str:
    """The first passage with the most words of the query; empty if there is none."""
    wanted = set(words_of(query))
    best, most = "", -1
    for passage in passages:
        shared = len(wanted.intersection(words_of(passage)))
        if shared > most:
            best, most = passage, shared
    return best
