"""SQLite files of the cache, which somebody may have damaged or made: no statement of theirs is run."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


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
