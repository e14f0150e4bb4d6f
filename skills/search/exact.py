"""Unit vectors in memory: a query is compared with every one of them, in one multiplication."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from fieldcraft.skills.search.remembered import Vector

_ROWS = 256
"""For which there is room at first; it doubles."""


class ExactVectors:
    """Vectors of one length by digest, each in a row of its own."""

    def __init__(self, dimension: int) -> None:
        self._rows = np.empty((_ROWS, dimension), dtype=np.float32)
        self._digests: list[str] = []
        self._places: dict[str, int] = {}

    @property
    def digests(self) -> set[str]:
        """Whose vectors are here."""
        return set(self._places)

    def __len__(self) -> int:
        return len(self._digests)

    def add(self, vectors: Mapping[str, Vector]) -> None:
        """Take these too; one that is here already is replaced."""
        for digest, vector in vectors.items():
            place = self._places.setdefault(digest, len(self._digests))
            if place == len(self._digests):
                self._digests.append(digest)
                if place == len(self._rows):
                    self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
            self._rows[place] = vector

    def remove(self, digests: Iterable[str]) -> None:
        """Leave these out; the last row takes the place of each."""
        for digest in digests:
            place = self._places.pop(digest, None)
            if place is None:
                continue
            last = self._digests.pop()
            if last != digest:
                self._digests[place] = last
                self._places[last] = place
                self._rows[place] = self._rows[len(self._digests)]

    def nearest(self, vector: Vector, count: int) -> dict[str, float]:
        """The cosine of the `count` nearest, the nearest first."""
        cosines = self._rows[: len(self._digests)] @ vector
        nearest = np.argsort(-cosines, kind="stable")[:count]
        return {self._digests[place]: float(cosines[place]) for place in nearest}
