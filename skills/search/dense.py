"""Finding skills by meaning: a Chroma collection of unit vectors, on disk, in memory or on a server.

A process that searches often holds the vectors in memory too, as far as they have room.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import numpy as np

from fieldcraft.common.errors import Unavailable
from fieldcraft.skills.library.errors import LibraryError
from fieldcraft.skills.search.databases import check_file
from fieldcraft.skills.search.exact import ExactVectors
from fieldcraft.skills.search.remembered import Vector

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.client import Client
    from chromadb.api.collection_configuration import CreateHNSWConfiguration
    from chromadb.api.models.Collection import Collection
    from chromadb.api.types import Embeddings
    from chromadb.config import Settings

_BATCH = 1000
_OFTEN = 8
"""Searches of Chroma's own, after which the vectors are read into memory."""
_NUMBERS = 10_000_000
"""The most numbers of vectors that are held in memory, of four bytes each."""
_HNSW: CreateHNSWConfiguration = {
    "space": "cosine",
    "ef_construction": 200,
    "max_neighbors": 32,
    "ef_search": 200,
}
"""Chosen for a recall@5 of 0.99 or more against exact search at 10,000 skills (benchmarks/retrieval.py)."""


class IndexDamaged(Exception):
    """Chroma could not do what it was asked: its files are damaged, or its server is gone."""


class ServerUnavailable(LibraryError, Unavailable):
    """The Chroma server that was asked for does not answer."""


class DenseIndex:
    """The vectors of a library's skills by digest. Every method may raise `IndexDamaged`."""

    def __init__(self, client: ClientAPI, name: str, dimension: int, *, temporary: bool = False) -> None:
        self._client = client
        self._name = name
        self._temporary = temporary
        self._dimension = dimension
        self._exact = ExactVectors(dimension)
        self._searches = 0
        with _damage():
            self._collection = self._make(dimension)
            if (self._collection.metadata or {}).get("dimension") != dimension:
                self._drop()
                self._collection = self._make(dimension)
        self.digests: set[str] = set()
        self.reload()

    @classmethod
    def on_disk(cls, path: Path, dimension: int) -> DenseIndex:
        """In a directory that no other process has open."""
        import chromadb

        with _damage():
            check_file(path / "chroma.sqlite3")
            client = chromadb.PersistentClient(path=path, settings=_settings())
        return cls(client, "skills", dimension)

    @classmethod
    def in_memory(cls, dimension: int) -> DenseIndex:
        """For this object alone."""
        import chromadb

        client = chromadb.EphemeralClient(settings=_settings())
        return cls(client, f"skills-{uuid.uuid4().hex}", dimension, temporary=True)

    @classmethod
    def on_server(cls, url: str, name: str, dimension: int) -> DenseIndex:
        """On a Chroma server, in the collection `name`, shared with other processes.

        Raises:
            ServerUnavailable: no server answers at this URL.
        """
        import chromadb

        parts = urlsplit(url)
        try:
            secure = parts.scheme == "https"
            client = chromadb.HttpClient(
                host=parts.hostname or url,
                port=parts.port or (443 if secure else 8000),
                ssl=secure,
                settings=_settings(),
            )
            return cls(client, name, dimension)
        except Exception as error:
            raise ServerUnavailable(
                f"no Chroma server answers at {url} ({error}); start one with `chroma run`, or unset "
                "FIELDCRAFT_CHROMA_URL to use an index of this library's own"
            ) from error

    def reload(self) -> None:
        """Look again at what is in the collection; others may have changed it."""
        with _damage():
            self.digests = set(self._collection.get(include=[])["ids"])
        self._exact.remove(self._exact.digests - self.digests)

    def change(self, added: Mapping[str, Vector], gone: Iterable[str]) -> None:
        """Add vectors by digest, and take others away."""
        if removed := list(gone):
            with _damage():
                self._collection.delete(ids=removed)
            self.digests.difference_update(removed)
            self._exact.remove(removed)
        digests = list(added)
        for start in range(0, len(digests), _BATCH):
            batch = digests[start : start + _BATCH]
            vectors: Embeddings = [added[digest] for digest in batch]
            with _damage():
                self._collection.upsert(ids=batch, embeddings=vectors)
            self.digests.update(batch)
            if self._has_room():
                self._exact.add({digest: added[digest] for digest in batch})

    def search(self, vector: Vector, count: int) -> dict[str, float]:
        """The cosine of the `count` nearest skills."""
        wanted = min(count, len(self.digests))
        if not wanted:
            return {}
        self._searches += 1
        if len(self._exact) < len(self.digests) and self._searches > _OFTEN and self._has_room():
            self._read_vectors()
        if len(self._exact) == len(self.digests):
            return self._exact.nearest(vector, wanted)
        query: Embeddings = [vector]
        with _damage():
            found = self._collection.query(query_embeddings=query, n_results=wanted, include=["distances"])
        distances = found["distances"]
        assert distances is not None
        return {
            digest: 1.0 - distance for digest, distance in zip(found["ids"][0], distances[0], strict=True)
        }

    def close(self) -> None:
        """Let go of the directory or the server; forget what was in memory."""
        if self._temporary:
            self._drop()
        with contextlib.suppress(Exception):
            cast("Client", self._client).close()

    def _has_room(self) -> bool:
        return len(self.digests) * self._dimension <= _NUMBERS

    def _read_vectors(self) -> None:
        """Read into memory what is not there yet."""
        missing = sorted(self.digests - self._exact.digests)
        for start in range(0, len(missing), _BATCH):
            with _damage():
                found = self._collection.get(ids=missing[start : start + _BATCH], include=["embeddings"])
                rows = np.asarray(found["embeddings"], dtype=np.float32)
                self._exact.add(dict(zip(found["ids"], rows, strict=True)))

    def _make(self, dimension: int) -> Collection:
        return self._client.get_or_create_collection(
            self._name,
            metadata={"dimension": dimension},
            configuration={"hnsw": _HNSW},
            embedding_function=None,
        )

    def _drop(self) -> None:
        with contextlib.suppress(Exception):
            self._client.delete_collection(self._name)


@contextlib.contextmanager
def _damage() -> Iterator[None]:
    """Chroma's own errors, and the panics of its Rust core, which are no `Exception`s, as `IndexDamaged`."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise IndexDamaged(str(error)) from error
        raise


def _settings() -> Settings:
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)
