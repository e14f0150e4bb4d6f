"""The vectors that were computed for skills: a database for each embedding model, shared by all libraries."""

from __future__ import annotations

import logging
import sqlite3
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fieldcraft.common.cache import cache_folder
from fieldcraft.common.cache_folders import check_ours, open_cache, work_in_memory
from fieldcraft.common.files import Folder
from fieldcraft.skills.library.locking import FolderLock, LockTaken
from fieldcraft.skills.search.databases import BROKEN, check_tables_only, is_damage

Vector = NDArray[np.float32]
_Result = TypeVar("_Result")

_LOGGER = logging.getLogger(__name__)
_LOCK_SECONDS = 5.0
_FLOAT_BYTES = 4
_CHECK_BYTES = 4
_LONGEST_ROW = 1_000_000
"""Bytes of a row or a statement; a longer one is no vector."""
_NAME, _REBUILDING = "vectors.sqlite", "vectors.lock"
_FILES = tuple(_NAME + ending for ending in ("", "-wal", "-shm", "-journal"))
_MOVED = 1032
"""SQLite's code for a file that was replaced under an open database."""


class RememberedVectors:
    """Vectors by key, on disk. Whatever happens to the file costs what it held, and one line in the log.

    A damaged file is replaced by an empty one; a file that cannot be used (locked, read-only, on a full disk)
    is left alone, and the rest is remembered in memory. Each vector is kept with a checksum.
    """

    def __init__(self, place: tuple[str, ...]) -> None:
        self._place = place
        self._path: Path = cache_folder().joinpath(*place, _NAME)
        self._in_memory = False
        self._database = self._opened()

    def recall(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        """The vectors that are known."""
        return self._done(lambda database: self._found(database, keys))

    def remember(self, added: Mapping[bytes, Vector]) -> None:
        """Keep these too."""
        rows = [(key, vector.tobytes() + _checksum(key, vector.tobytes())) for key, vector in added.items()]

        def write(database: sqlite3.Connection) -> None:
            with database:
                database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)

        if rows:
            self._done(write)

    def forget(self) -> None:
        """Drop all of them."""

        def delete(database: sqlite3.Connection) -> None:
            with database:
                database.execute("DELETE FROM vectors")

        self._done(delete)

    def close(self) -> None:
        """Close the database."""
        with suppress(sqlite3.Error):
            self._database.close()

    def _found(self, database: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        known: dict[bytes, Vector] = {}
        for key in keys:
            row = database.execute("SELECT vector FROM vectors WHERE key = ?", (key,)).fetchone()
            content = row[0][:-_CHECK_BYTES] if row is not None and isinstance(row[0], bytes) else b""
            if content and len(content) % _FLOAT_BYTES == 0 and row[0] == content + _checksum(key, content):
                known[key] = np.frombuffer(content, dtype=np.float32)
        return known

    def _done(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """What `work` returns, after a failure with another database: the mended file, then one in memory."""
        for _ in range(2):
            try:
                return work(self._database)
            except BROKEN as error:
                self._replace(error)
        self._use_memory(sqlite3.DatabaseError("it was damaged twice"))
        return work(self._database)

    def _replace(self, error: Exception) -> None:
        self.close()
        if self._in_memory:
            self._database = _in_memory()
        elif getattr(error, "sqlite_errorcode", None) == _MOVED:
            self._database = self._opened()
        elif is_damage(error, self._path):
            self._database = self._opened(damage=error)
        else:
            self._use_memory(error)

    def _use_memory(self, error: Exception) -> None:
        work_in_memory(error)
        self.close()
        self._in_memory = True
        self._database = _in_memory()

    def _opened(self, damage: Exception | None = None) -> sqlite3.Connection:
        """The database in that folder; a new one if it is damaged, in memory if it cannot be kept there."""
        try:
            with open_cache(*self._place) as folder:
                for name in _FILES:
                    check_ours(folder, name)
                if damage is None:
                    try:
                        return _prepared(self._connected())
                    except BROKEN as error:
                        if not is_damage(error, self._path):
                            raise
                        damage = error
                return self._rebuilt(folder, damage)
        except (OSError, LockTaken, *BROKEN) as error:
            work_in_memory(error)
        self._in_memory = True
        return _in_memory()

    def _rebuilt(self, folder: Folder, damage: Exception) -> sqlite3.Connection:
        """A new file, unless another process has made one meanwhile."""
        lock = FolderLock()
        lock.acquire(folder, _REBUILDING, timeout=_LOCK_SECONDS)
        try:
            with suppress(*BROKEN):
                return _prepared(_sound(self._connected()))
            _LOGGER.warning("the cache %s is damaged (%s); making a new one", self._path, damage)
            for name in _FILES:
                with suppress(FileNotFoundError):
                    folder.remove(name)
            return _prepared(self._connected())
        finally:
            lock.release()

    def _connected(self) -> sqlite3.Connection:
        return _limited(sqlite3.connect(self._path, timeout=_LOCK_SECONDS, check_same_thread=False))


def _in_memory() -> sqlite3.Connection:
    return _prepared(_limited(sqlite3.connect(":memory:", check_same_thread=False)))


def _limited(database: sqlite3.Connection) -> sqlite3.Connection:
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_ROW)
    return database


def _sound(database: sqlite3.Connection) -> sqlite3.Connection:
    """The database, every page of which was looked at.

    Raises:
        sqlite3.DatabaseError: one of them is damaged, or its table is not ours.
    """
    try:
        found = database.execute("PRAGMA integrity_check(1)").fetchone()
        if found is None or found[0] != "ok":
            raise sqlite3.DatabaseError("a page is damaged")
        database.execute("SELECT key, vector FROM vectors LIMIT 1").fetchone()
    except BaseException:
        database.close()
        raise
    return database


def _prepared(database: sqlite3.Connection) -> sqlite3.Connection:
    """With its table. It waits for no disk: what a loss of power damages shows in the checksums."""
    try:
        check_tables_only(database)
        database.execute("PRAGMA synchronous = OFF")
        with database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)"
            )
    except BaseException:
        database.close()
        raise
    return database


def _checksum(key: bytes, content: bytes) -> bytes:
    return zlib.crc32(content, zlib.crc32(key)).to_bytes(_CHECK_BYTES, "little")
