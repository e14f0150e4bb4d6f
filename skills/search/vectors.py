"""Texts as unit vectors, computed once: a small database per embedding model in the user's cache."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fieldcraft.common.cache import cache_folder
from fieldcraft.common.cache_folders import check_ours, open_cache
from fieldcraft.common.secrets.redaction import redact
from fieldcraft.common.text import visible_line
from fieldcraft.skills.search.databases import check_tables_only
from fieldcraft.skills.search.embeddings import EmbeddingsUnavailable, TextEmbeddings

Vector = NDArray[np.float32]
View = tuple[str, float]
"""A text that a document is seen by, and the weight it has."""

_LOGGER = logging.getLogger(__name__)
_PROBE = "what the model makes of this sentence tells whether it is still the same model"
_SAME_MODEL = 0.999
_QUERIES_REMEMBERED = 256
_LOCK_SECONDS = 5.0
_FLOAT_BYTES = 4
_LONGEST_PROBLEM = 300
_NAME = "vectors.sqlite"


class Embedder:
    """Embeds texts with one model.

    What it computed for skills is kept in the folder `place` of the cache, shared by all libraries. A
    document has several views; its vector is the weighted mean of their unit vectors, of unit length. When
    the model behind the name changes, or its number of dimensions, all that was kept is dropped.
    """

    def __init__(self, model: TextEmbeddings, place: tuple[str, ...]) -> None:
        self._model = model
        self._queries: OrderedDict[str, Vector] = OrderedDict()
        probe = self._embedded(_PROBE)
        self.dimension = len(probe)
        self.changed = False
        self._path = cache_folder().joinpath(*place, _NAME)
        self._database = _open(place)
        self._check_model(probe)

    def query(self, text: str) -> Vector:
        """The vector of a text that is searched for.

        Raises:
            EmbeddingsUnavailable: the model fails.
        """
        if text in self._queries:
            self._queries.move_to_end(text)
        else:
            self._queries[text] = self._embedded(text)
            if len(self._queries) > _QUERIES_REMEMBERED:
                self._queries.popitem(last=False)
        return self._queries[text]

    def documents(self, documents: Sequence[Sequence[View]]) -> list[Vector]:
        """One vector for each document, given as its views. Raises as `query` does."""
        keys = [hashlib.sha256(repr(views).encode()).digest() for views in documents]
        known = {key: vector for key, vector in self._recall(keys).items() if len(vector) == self.dimension}
        fresh = {key: views for key, views in zip(keys, documents, strict=True) if key not in known}
        computed = self._compute(list(fresh.values()))
        added = dict(zip(fresh, computed, strict=True))
        self._remember(added)
        return [known[key] if key in known else added[key] for key in keys]

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _compute(self, documents: Sequence[Sequence[View]]) -> list[Vector]:
        texts = [text for views in documents for text, _ in views]
        if not texts:
            return []
        rows = iter(self._made(lambda: self._model.embed_documents(texts), len(texts)))
        return [
            _unit(np.sum([np.float32(weight) * _unit(next(rows)) for _, weight in views], axis=0))
            for views in documents
        ]

    def _embedded(self, text: str) -> Vector:
        return _unit(self._made(lambda: self._model.embed_query(text)))

    def _made(self, embed: Callable[[], object], texts: int | None = None) -> Vector:
        """What the model makes, which is code or a service of others: a vector, or one for each of `texts`.

        Raises:
            EmbeddingsUnavailable: it raises, or makes something else.
        """
        name = type(self._model).__qualname__
        try:
            vectors: Vector = np.asarray(embed(), dtype=np.float32)
        except Exception as error:
            problem = visible_line(redact(f"{type(error).__name__}: {error}"), _LONGEST_PROBLEM)
            raise EmbeddingsUnavailable(
                f"the embeddings {name} failed ({problem}); mend them, or choose others, such as minilm"
            ) from error
        sound = vectors.ndim == 1 if texts is None else vectors.shape == (texts, self.dimension)
        if not sound or not vectors.size:
            raise EmbeddingsUnavailable(
                f"the embeddings {name} made numbers of the shape {vectors.shape}; there must be one vector "
                "for each text, all of one length"
            )
        return vectors

    def _recall(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        known: dict[bytes, Vector] = {}
        try:
            for key in keys:
                row = self._database.execute("SELECT vector FROM vectors WHERE key = ?", (key,)).fetchone()
                if row is not None and isinstance(row[0], bytes) and len(row[0]) % _FLOAT_BYTES == 0:
                    known[key] = np.frombuffer(row[0], dtype=np.float32)
        except sqlite3.DatabaseError as error:
            self._forget(error)
        return known

    def _forget(self, error: sqlite3.DatabaseError) -> None:
        """Go on without what is on disk."""
        _LOGGER.warning("the cache %s is damaged (%s); working in memory: remove it", self._path, error)
        self._database.close()
        self._database = _in_memory()

    def _remember(self, added: dict[bytes, Vector]) -> None:
        try:
            with self._database:
                self._database.executemany(
                    "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                    [(key, vector.tobytes()) for key, vector in added.items()],
                )
        except sqlite3.DatabaseError as error:
            _LOGGER.warning("vectors are not remembered: %s", error)

    def _check_model(self, probe: Vector) -> None:
        key = hashlib.sha256(_PROBE.encode()).digest()
        before = self._recall([key]).get(key)
        if before is not None and (len(before) != len(probe) or before @ probe < _SAME_MODEL):
            _LOGGER.warning("the embedding model has changed; all vectors are computed again")
            self.changed = True
            try:
                with self._database:
                    self._database.execute("DELETE FROM vectors")
            except sqlite3.DatabaseError as error:
                self._forget(error)
        if before is None or self.changed:
            self._remember({key: probe})


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector


def _open(place: tuple[str, ...]) -> sqlite3.Connection:
    """The database in that folder; a new one where it is damaged, in memory where it cannot be kept there."""
    path = cache_folder().joinpath(*place, _NAME)
    try:
        with open_cache(*place) as folder:
            for ending in ("", "-wal", "-shm", "-journal"):
                check_ours(folder, _NAME + ending)
            try:
                return _prepared(_connected(path))
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError as error:
                _LOGGER.warning("the cache %s is damaged (%s); making a new one", path, error)
                folder.remove(_NAME)
                return _prepared(_connected(path))
    except (OSError, sqlite3.Error) as error:
        _LOGGER.warning("the cache %s cannot be used (%s); working in memory", path, error)
    return _in_memory()


def _in_memory() -> sqlite3.Connection:
    return _prepared(sqlite3.connect(":memory:", check_same_thread=False))


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_LOCK_SECONDS, check_same_thread=False)


def _prepared(database: sqlite3.Connection) -> sqlite3.Connection:
    check_tables_only(database)
    with database:
        database.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)")
    return database
