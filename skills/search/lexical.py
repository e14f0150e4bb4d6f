"""Finding skills by their words: SQLite FTS5 with BM25, kept up to date skill by skill."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from fieldcraft.skills.search.databases import check_tables_only

POSTINGS = 1000
"""How many places of a query's words are looked at. The rarest words come first; with thousands of skills the
common ones, which tell little, are left out, so that a search stays fast."""

_WORDS = 200
"""Of a query that are looked for; SQLite refuses very long queries."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_COMMON = (
    "a an and are as at be by do for from get have how i in is it its make me my need of off on or some "
    "something that the there this to up use want when where with you your"
)
_STOP_WORDS = frozenset(_COMMON.split())


def split_words(text: str) -> str:
    """`mineOakLog` and `mine_oak_log` as words of a sentence."""
    return _CAMEL.sub(" ", text).replace("_", " ").replace("-", " ")


class LexicalIndex:
    """A full-text index in a file, or in memory where `path` is None.

    Every method raises `sqlite3.DatabaseError` where the file is damaged. No other process has it open, so
    SQLite needs no shared memory, whose file somebody could cut off under it.
    """

    def __init__(self, path: Path | None) -> None:
        self._database = sqlite3.connect(path or ":memory:", check_same_thread=False)
        check_tables_only(self._database)
        self._database.executescript(
            """
            PRAGMA locking_mode = EXCLUSIVE;
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = NORMAL;
            CREATE VIRTUAL TABLE IF NOT EXISTS skills
                USING fts5(digest UNINDEXED, words, tokenize = 'porter unicode61');
            """
        )
        rows = self._database.execute("SELECT digest, rowid FROM skills")
        self._rows: dict[str, int] = dict(rows)

    @property
    def digests(self) -> set[str]:
        """What is in the index."""
        return set(self._rows)

    def change(self, added: Mapping[str, str], gone: Iterable[str]) -> None:
        """Add texts by digest, and take others away, all or nothing."""
        with self._database:
            for digest in gone:
                self._database.execute("DELETE FROM skills WHERE rowid = ?", (self._rows.pop(digest),))
            for digest, text in added.items():
                cursor = self._database.execute(
                    "INSERT INTO skills (digest, words) VALUES (?, ?)", (digest, split_words(text))
                )
                assert cursor.lastrowid is not None
                self._rows[digest] = cursor.lastrowid

    def search(self, query: str, count: int) -> dict[str, float]:
        """The `count` best by BM25, higher is better. Empty where no telling word of the query occurs."""
        words = dict.fromkeys(re.findall(r"\w+", split_words(query).lower()))
        telling = [word for word in words if word not in _STOP_WORDS]
        chosen = self._telling(telling[:_WORDS])
        if not chosen:
            return {}
        rows = self._database.execute(
            "SELECT digest, -rank FROM skills WHERE skills MATCH ? ORDER BY rank, digest LIMIT ?",
            (" OR ".join(f'"{word}"' for word in chosen), count),
        )
        return dict(rows)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _telling(self, words: list[str]) -> list[str]:
        """The rarest words, as far as the budget of postings goes."""
        if len(self._rows) <= POSTINGS // 8:
            return words
        counted = sorted((self._documents(word), word) for word in words)
        chosen: list[str] = []
        total = 0
        for documents, word in counted:
            total += documents
            if chosen and total > POSTINGS:
                break
            if documents:
                chosen.append(word)
        return chosen

    def _documents(self, word: str) -> int:
        """How many skills have this word, in any of its forms."""
        (documents,) = self._database.execute(
            "SELECT count(*) FROM skills WHERE skills MATCH ?", (f'"{word}"',)
        ).fetchone()
        return int(documents)
