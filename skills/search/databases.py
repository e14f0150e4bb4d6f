"""SQLite files of the cache, which somebody may have damaged or made: no statement of theirs is run."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

BROKEN = (sqlite3.Error, MemoryError, OverflowError, UnicodeDecodeError)
"""What may come of working with a file that is damaged, or cannot be used."""

_UNUSABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
    }
)
"""Codes of SQLite that say nothing against what the file holds."""


def is_damage(error: Exception, path: Path) -> bool:
    """Whether a new file is the cure: not where this one is locked, on a full disk, or out of reach."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return True
    if code == sqlite3.SQLITE_IOERR_SHORT_READ:
        return True
    match code & 0xFF:
        case sqlite3.SQLITE_IOERR:
            return False
        case sqlite3.SQLITE_READONLY:
            return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
        case kind:
            return kind not in _UNUSABLE


def check_tables_only(database: sqlite3.Connection) -> None:
    """Refuse views and triggers: we make none, and a view in place of a table can give rows without end.

    Raises:
        sqlite3.DatabaseError: there are some, or the file is damaged.
    """
    found = database.execute("SELECT name FROM sqlite_master WHERE type NOT IN ('table', 'index') LIMIT 1")
    if found.fetchone() is not None:
        raise sqlite3.DatabaseError("it holds views or triggers, which are not Fieldcraft's")


def check_file(path: Path) -> None:
    """The same for a file that another library is about to open; there may be none.

    Raises:
        sqlite3.DatabaseError: as above, or it cannot be opened.
    """
    if path.exists():
        with closing(sqlite3.connect(path)) as database:
            check_tables_only(database)
