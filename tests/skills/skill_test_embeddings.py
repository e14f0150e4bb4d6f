"""Embeddings of one's own, as a user would write them: counts of letters."""

from __future__ import annotations


class Letters:
    size = 26

    def embed_query(self, text: str) -> list[float]:
        counts = [1.0] * self.size
        for letter in text.lower():
            counts[ord(letter) % self.size] += 1.0
        return counts

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]
