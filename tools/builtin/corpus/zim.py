"""ZIM archives (openzim.org), such as a Wikipedia to take along."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fieldcraft.tools.builtin.corpus.html import html_text
from fieldcraft.tools.builtin.corpus.passages import cut, nearest_passage, words_of
from fieldcraft.tools.context import Passage
from fieldcraft.tools.errors import ToolError

_CUT = 2_000_000
_MOST_WORDS, _CANDIDATES = 16, 50
_HALF = 20
"""The place among a word's articles at which one counts half."""


class ZimArchive:
    """An archive with a full-text index of its own (Xapian, which ranks by BM25): nothing is to be built.

    Raises:
        ToolError: the file is no ZIM archive.
    """

    def __init__(self, path: Path) -> None:
        self._archive = open_zim(path)

    @staticmethod
    def indexed(path: Path) -> bool:
        """Whether the archive brings its own index."""
        return bool(open_zim(path).has_fulltext_index)

    def prepare(self) -> None:
        """Nothing is to be done."""

    def search(self, query: str, count: int) -> list[Passage]:
        """The best articles, best first: of each the passage with most words of the query.

        The archive's index finds articles with all of the words. A question has words that no article has, so
        what is still wanted comes from those with some of them.
        """
        paths, _ = self._found(query, count)
        if len(paths) < count:
            paths = list(dict.fromkeys([*paths, *self._found_by_some(words_of(query))]))[:count]
        passages = []
        for path in paths:
            entry = self._archive.get_entry_by_path(path)
            title, text = _article(entry)
            passages.append(
                Passage(path, title or entry.title, nearest_passage(query, cut(text.splitlines())))
            )
        return passages

    def _found(self, query: str, count: int) -> tuple[list[str], int]:
        """The paths of the best articles, best first, and about how many there are in all."""
        from libzim.search import Query, Searcher

        found = Searcher(self._archive).search(Query().set_query(query))
        return list(found.getResults(0, count)), found.getEstimatedMatches()

    def _found_by_some(self, words: Sequence[str]) -> list[str]:
        """Articles with some of the words; a rare word counts for more, and so does a good place for it."""
        scores: dict[str, float] = defaultdict(float)
        for word in list(dict.fromkeys(words))[:_MOST_WORDS]:
            paths, matches = self._found(word, _CANDIDATES)
            rarity = math.log(1 + self._archive.entry_count / (1 + matches))
            for place, path in enumerate(paths):
                scores[path] += rarity * _HALF / (_HALF + place)
        return sorted(scores, key=lambda path: (-scores[path], path))


def zim_passages(path: Path) -> Iterator[Passage]:
    """Every passage of every article, for an archive without an index of its own."""
    archive = open_zim(path)
    for number in range(archive.all_entry_count):
        entry = archive._get_entry_by_id(number)
        if entry.is_redirect or not entry.get_item().mimetype.startswith("text/"):
            continue
        title, text = _article(entry)
        for passage in cut(text.splitlines()):
            yield Passage(entry.path, title or entry.title, passage)


def open_zim(path: Path) -> Any:
    """The archive. Raises `ToolError` where the file is none."""
    from libzim.reader import Archive

    try:
        return Archive(path)
    except RuntimeError as error:
        raise ToolError(f"{path} cannot be read as a ZIM archive: {error}") from error


def _article(entry: Any) -> tuple[str, str]:
    item = entry.get_item()
    content = bytes(item.content[:_CUT])
    if item.mimetype.startswith("text/html"):
        return html_text(content)
    return entry.title, content.decode("utf-8", "replace")
