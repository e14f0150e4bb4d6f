"""Texts as unit vectors, computed once: a small database per embedding model in the user's cache."""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

from fieldcraft.common.secrets.redaction import redact
from fieldcraft.common.text import visible_line
from fieldcraft.skills.search.embeddings import EmbeddingsUnavailable, TextEmbeddings
from fieldcraft.skills.search.remembered import RememberedVectors, Vector

View = tuple[str, float]
"""A text that a document is seen by, and the weight it has."""

_LOGGER = logging.getLogger(__name__)
_PROBE = "what the model makes of this sentence tells whether it is still the same model"
_SAME_MODEL = 0.999
_QUERIES_REMEMBERED = 256
_LONGEST_PROBLEM = 300


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
        self._remembered = RememberedVectors(place)
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
        known = {
            key: vector
            for key, vector in self._remembered.recall(keys).items()
            if len(vector) == self.dimension
        }
        fresh = {key: views for key, views in zip(keys, documents, strict=True) if key not in known}
        computed = self._compute(list(fresh.values()))
        added = dict(zip(fresh, computed, strict=True))
        self._remembered.remember(added)
        return [known[key] if key in known else added[key] for key in keys]

    def close(self) -> None:
        """Close the database."""
        self._remembered.close()

    def _compute(self, documents: Sequence[Sequence[View]]) -> list[Vector]:
        texts = list(dict.fromkeys(text for views in documents for text, _ in views))
        if not texts:
            return []
        made = self._made(lambda: self._model.embed_documents(texts), len(texts))
        rows = {text: _unit(row) for text, row in zip(texts, made, strict=True)}
        return [
            _unit(np.sum([np.float32(weight) * rows[text] for text, weight in views], axis=0))
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

    def _check_model(self, probe: Vector) -> None:
        key = hashlib.sha256(_PROBE.encode()).digest()
        before = self._remembered.recall([key]).get(key)
        if before is not None and (len(before) != len(probe) or before @ probe < _SAME_MODEL):
            _LOGGER.warning("the embedding model has changed; all vectors are computed again")
            self.changed = True
            self._remembered.forget()
        if before is None or self.changed:
            self._remembered.remember({key: probe})


def _unit(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector
