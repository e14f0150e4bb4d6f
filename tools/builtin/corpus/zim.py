"""ZIM archives (openzim.org), such as a Wikipedia to take along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fieldcraft.tools.builtin.corpus.html import html_text
from fieldcraft.tools.builtin.corpus.passages import cut, nearest_passage
from fieldcraft.tools.context import Passage
from fieldcraft.tools.errors import ToolError

_CUT = 2_000_000


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
        """The best articles, best first: of each the passage with most words of the query."""
        from libzim.search import Query, Searcher

        found = Searcher(self._archive).search(Query().set_query(query))
        passages = []
        for path in found.getResults(0, count):
            entry = self._archive.get_entry_by_path(path)
            title, text = _article(entry)
            passages.append(
                Passage(path, title or entry.title, nearest_passage(query, cut(text.splitlines())))
            )
        return passages


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
