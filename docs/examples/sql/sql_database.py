"""A SQLite file that is read and never written, by queries that a model wrote.

It is opened read-only, and an authorizer lets a query do nothing but read. What a query takes and what it
gives are bounded.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from fieldcraft.envs import PrimitiveError

ROWS, COLUMNS, TEXT = 200, 100, 500
"""Rows and columns of a result, and characters of a text in it."""
STEPS, SECONDS, HEAP = 50_000_000, 10.0, 256 * 1024 * 1024
"""What a query may take: steps of SQLite's machine, seconds on a busy machine, bytes of memory."""
STEPS_AT_ONCE, LONGEST_QUERY, LARGEST_VALUE, TABLES = 1_000, 20_000, 1_000_000, 300
"""Steps between two looks at the budget, characters of a query, bytes of a value, tables that are listed."""

READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
SCHEMA = {"table_info", "table_xinfo", "foreign_key_list", "index_list", "index_info"}
"""The pragmas that tell of tables and change nothing."""
NAMES = """
SELECT name FROM sqlite_master
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name LIMIT ?
"""


class Result(NamedTuple):
    """What a query gave: at most `ROWS` rows, whether there are more, and the tables that it read."""

    columns: list[str]
    rows: list[list[Any]]
    more: bool
    tables: frozenset[str]


class Database:
    """A SQLite file that is read and never written. Each query has a connection of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tables = tuple(row[0] for row in self.read(NAMES, TABLES).rows)

    def read(self, sql: str, *values: Any) -> Result:
        """The result of one query.

        Raises:
            PrimitiveError: it is no query, it fails, or it takes too much; the message says which.
        """
        budget = Budget()
        try:
            with closing(self._opened(budget)) as connection:
                cursor = connection.execute(sql, values)
                rows = [[plain(value) for value in row] for row in cursor.fetchmany(ROWS + 1)]
                columns = [column[0] for column in cursor.description or ()]
        except (sqlite3.Error, sqlite3.Warning, ValueError, MemoryError) as error:
            raise PrimitiveError(f"cannot read {self.path.name}: {budget.refusal or told(error)}") from None
        if not columns:
            raise PrimitiveError("this is no query: write one SELECT")
        return Result(columns, rows[:ROWS], len(rows) > ROWS, frozenset(budget.tables))

    def _opened(self, budget: Budget) -> sqlite3.Connection:
        uri = f"{self.path.resolve().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=1, isolation_level=None)
        connection.text_factory = lambda raw: raw.decode(errors="replace")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
        connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, LONGEST_QUERY)
        connection.setlimit(sqlite3.SQLITE_LIMIT_COLUMN, COLUMNS)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        # Sorting in memory, which is bounded (for the whole process), instead of in files, which are not.
        connection.executescript(
            f"PRAGMA temp_store = MEMORY; PRAGMA hard_heap_limit = {HEAP}; PRAGMA trusted_schema = OFF"
        )
        connection.set_authorizer(budget.allows)
        connection.set_progress_handler(budget.is_spent, STEPS_AT_ONCE)
        return connection


class Budget:
    """What one query may do and take.

    Attributes:
        tables: that it was seen to read.
        refusal: why it was stopped; empty where it was not.
    """

    def __init__(self) -> None:
        self.tables: set[str] = set()
        self.refusal = ""
        self._steps, self._until = 0, time.monotonic() + SECONDS

    def allows(self, action: int, first: str | None, *rest: str | None) -> int:
        """SQLite's question whether a query may do something; the last word is the view behind it."""
        if action == sqlite3.SQLITE_READ:
            self.tables.update(name for name in (first, rest[-1]) if name)
        if action in READS or (action == sqlite3.SQLITE_PRAGMA and first in SCHEMA):
            return sqlite3.SQLITE_OK
        self.refusal = "only what reads is allowed: write one SELECT"
        return sqlite3.SQLITE_DENY

    def is_spent(self) -> bool:
        """SQLite's question, every `STEPS_AT_ONCE` steps, whether to stop."""
        self._steps += STEPS_AT_ONCE
        if self._steps > STEPS or time.monotonic() > self._until:
            self.refusal = "the query takes too long; filter before you join, or count rather than list"
        return bool(self.refusal)


def plain(value: Any) -> Any:
    """A value of a row as a program gets it."""
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    return value[:TEXT] if isinstance(value, str) else value


def told(error: BaseException) -> str:
    """What SQLite says of an error, in a line."""
    if isinstance(error, MemoryError):
        return "the query takes too much memory; filter before you sort or join"
    return " ".join(str(error).split())[:300]
