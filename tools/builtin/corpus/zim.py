"""ZIM archives (openzim.org), such as an offline Wikipedia."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fieldcraft.common.data import DataError
from fieldcraft.common.text import visible_line
from fieldcraft.tools.builtin.corpus.html import html_text
from fieldcraft.tools.builtin.corpus.passages import cut, nearest_passage, words_of
from fieldcraft.tools.context import Passage
from fieldcraft.tools.errors import ToolError

FAULTS = (RuntimeError, ValueError, KeyError, IndexError, OSError, OverflowError, MemoryError)
"""The errors of the archive reader for damaged archives."""
_CUT = 2_000_000
_LARGEST_ITEM = 64_000_000
_LONGEST_NAME = 300
_MOST_BROKEN = 1_000
_MOST_WORDS, _CANDIDATES = 16, 50
_HALF = 20
"""The rank among a word's articles at which an article counts half."""


class ZimArchive:
    """An archive with its own full-text index (Xapian, which ranks by BM25), so that no index is built.

    Raises:
        ToolError: the file is not a ZIM archive.
    """

    def __init__(self, path: Path) -> None:
        self._archive = open_zim(path)

    @staticmethod
    def indexed(path: Path) -> bool:
        """Whether the archive contains an index."""
        archive = open_zim(path)
        try:
            return bool(archive.has_fulltext_index)
        except FAULTS:
            return False

    def prepare(self) -> None:
        """Do nothing: the archive's index never changes."""

    def search(self, query: str, count: int) -> list[Passage]:
        """The best articles, best first: of each the passage with the most words of the query.

        The archive's index finds articles with all of the words. A question may have words that no article
        has, so further results come from articles with some of the words.
        """
        try:
            paths, _ = self._found(query, count)
            if len(paths) < count:
                paths = list(dict.fromkeys([*paths, *self._found_by_some(words_of(query))]))[:count]
        except FAULTS as error:
            raise ToolError(f"the index of the archive cannot be read: {visible_line(error)}") from error
        passages = []
        for path in paths:
            try:
                entry = self._archive.get_entry_by_path(path)
                title, text = _article(entry)
            except (*FAULTS, DataError):
                continue
            shown = visible_line(path, _LONGEST_NAME), visible_line(title or entry.title, _LONGEST_NAME)
            passages.append(Passage(*shown, nearest_passage(query, cut(text.splitlines()))))
        return passages

    def _found(self, query: str, count: int) -> tuple[list[str], int]:
        """The paths of the best articles, best first, and about how many there are in all."""
        from libzim.search import Query, Searcher

        found = Searcher(self._archive).search(Query().set_query(query))
        return list(found.getResults(0, count)), found.getEstimatedMatches()

    def _found_by_some(self, words: Sequence[str]) -> list[str]:
        """Articles with some of the words; rare words and better ranks have more weight."""
        scores: dict[str, float] = defaultdict(float)
        for word in list(dict.fromkeys(words))[:_MOST_WORDS]:
            paths, matches = self._found(word, _CANDIDATES)
            rarity = math.log(1 + self._archive.entry_count / (1 + matches))
            for place, path in enumerate(paths):
                scores[path] += rarity * _HALF / (_HALF + place)
        return sorted(scores, key=lambda path: (-scores[path], path))


def zim_passages(path: Path) -> Iterator[Passage]:
    """Every passage of every article, for an archive without an index."""
    archive = open_zim(path)
    broken = 0
    for number in range(archive.all_entry_count):
        try:
            found = _article_at(archive, number)
        except (*FAULTS, DataError):
            broken += 1
            if broken > _MOST_BROKEN:
                return
            continue
        if found is not None:
            entry, title, text = found
            for passage in cut(text.splitlines()):
                yield Passage(entry, title, passage)


def _article_at(archive: Any, number: int) -> tuple[str, str, str] | None:
    """Path, title and text of an entry; `None` if it is not a text."""
    entry = archive._get_entry_by_id(number)
    if entry.is_redirect or not entry.get_item().mimetype.startswith("text/"):
        return None
    title, text = _article(entry)
    return visible_line(entry.path, _LONGEST_NAME), visible_line(title or entry.title, _LONGEST_NAME), text


def open_zim(path: Path) -> Any:
    """Open the archive. Raises `ToolError` if the file is not one."""
    from libzim.reader import Archive

    try:
        return Archive(path)
    except FAULTS as error:
        raise ToolError(f"{path} cannot be read as a ZIM archive: {visible_line(error)}") from error


def _article(entry: Any) -> tuple[str, str]:
    item = entry.get_item()
    if item.size > _LARGEST_ITEM:
        raise DataError(f"it has more than {_LARGEST_ITEM:,} bytes")
    content = bytes(item.content[:_CUT])
    if item.mimetype.startswith("text/html"):
        return html_text(content)
    return entry.title, content.decode("utf-8", "replace")
