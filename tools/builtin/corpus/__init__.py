"""Search over a person's own texts: folders, JSONL files and ZIM archives, by BM25."""

from __future__ import annotations

from fieldcraft.tools.builtin.corpus.corpora import Corpora

__all__ = ["Corpora"]
