"""Which tools fit a text: found by words (BM25) and by meaning, as skills are.

    score = cosine + 0.2 * b / (b + 8) + 0.2 * n + 0.3 * a

    b: the BM25 score of name, description and arguments
    n: the part of the name's words that the text has
    a: 1 where the text asks for what the name's verb does, see `actions`

The weights and the words of `actions` were chosen with the paraphrases of benchmarks/tool_search.py in
view, so that its figure is the best case.
The same registry and text always give the same tools, so that a resumed run is shown what it was shown.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.tooling.offering.actions import actions_in, actions_of
from fieldcraft.common.text import valid_text
from fieldcraft.skills.search.embeddings import DEFAULT, EmbeddingsUnavailable, load_embeddings
from fieldcraft.skills.search.lexical import LexicalIndex, split_words
from fieldcraft.tools import ToolError, ToolRegistry
from fieldcraft.tools.calls.arguments import call_schema

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from fieldcraft.skills.search.exact import ExactVectors
    from fieldcraft.skills.search.vectors import Embedder

PLACE = ("tools", "minilm-1")
"""The folder of the cache where the vectors of tools are kept, for all registries."""

_CANDIDATES = 400
_WORDS_WEIGHT, _WORDS_HALF, _NAME_WEIGHT, _ACTION_WEIGHT = 0.2, 8.0, 0.2, 0.3
_NAME_VIEW = 0.5
"""How much the name alone counts beside name and purpose in a tool's vector."""
_PURPOSE = 240
"""Characters of a description whose meaning counts; of the rest its words do."""
_LONGEST = 2_000
"""Characters of a description, and of a query, whose words count."""
_MOST_ARGUMENTS = 40
_DIGITS = 6
"""Digits of a score that count, so that the order does not depend on a machine's rounding."""

logger = logging.getLogger(__name__)


class ToolIndex:
    """Searches the tools of one registry; everything is computed at the first search."""

    def __init__(self, registry: ToolRegistry) -> None:
        self._registry = registry
        self._lock = Lock()
        self._words: LexicalIndex | None = None
        self._meaning: tuple[Embedder, ExactVectors] | None = None
        self._named: dict[str, frozenset[str]] = {}
        self._actions: dict[str, frozenset[str]] = {}

    def search(self, query: str, count: int) -> list[str]:
        """The names of the `count` tools that fit best, best first; a tool that is named comes first."""
        query = valid_text(query[:_LONGEST])
        with self._lock:
            if self._words is None:
                self._build()
            assert self._words is not None
            lexical = self._words.search(query, _CANDIDATES)
            dense: Mapping[str, float] = {}
            if self._meaning is not None and query.strip():
                embedder, vectors = self._meaning
                dense = vectors.nearest(embedder.query(query), _CANDIDATES)
        asked = frozenset(_stems(query))
        wanted = actions_in(split_words(query).lower())
        lowest = min(dense.values(), default=0.0)
        scores = {
            name: round(
                self._score(name, asked, dense.get(name, lowest), lexical.get(name, 0.0))
                + _ACTION_WEIGHT * bool(wanted & self._actions[name]),
                _DIGITS,
            )
            for name in dense.keys() | lexical.keys()
        }
        ranked = sorted(scores, key=lambda name: (-scores[name], name))
        exact = query.strip()
        named = [exact] if exact in self._registry else []
        return list(dict.fromkeys([*named, *ranked]))[:count]

    def _score(self, name: str, asked: frozenset[str], cosine: float, words: float) -> float:
        own = self._named[name]
        named = len(own & asked) / len(own) if own else 0.0
        return max(cosine, 0.0) + _WORDS_WEIGHT * words / (words + _WORDS_HALF) + _NAME_WEIGHT * named

    def _build(self) -> None:
        texts = {name: _text_of(name, tool) for name, tool in _tools(self._registry)}
        self._named = {name: frozenset(_stems(name)) for name in texts}
        self._actions = {name: actions_of(split_words(name).lower()) for name in texts}
        self._words = LexicalIndex(None)
        self._words.change({name: " ".join(parts) for name, parts in texts.items()}, ())
        try:
            self._meaning = _embedded(texts)
        except EmbeddingsUnavailable as error:
            logger.warning("tools are searched by their words alone: %s", error)


def _embedded(texts: Mapping[str, tuple[str, str, str]]) -> tuple[Embedder, ExactVectors]:
    from fieldcraft.skills.search.exact import ExactVectors
    from fieldcraft.skills.search.vectors import Embedder

    embedder = Embedder(load_embeddings(DEFAULT), PLACE)
    vectors = ExactVectors(embedder.dimension)
    views = [
        ((name, _NAME_VIEW), (f"{name}. {purpose[:_PURPOSE]}", 1.0)) for name, purpose, _ in texts.values()
    ]
    vectors.add(dict(zip(texts, embedder.documents(views), strict=True)))
    embedder.close()
    return embedder, vectors


def _tools(registry: ToolRegistry) -> list[tuple[str, BaseTool]]:
    found = []
    for name in registry:
        try:
            found.append((name, registry.get(name)))
        except ToolError as error:
            logger.debug("tool %s is not found by any search: %s", name, error)
    return found


def _text_of(name: str, tool: BaseTool) -> tuple[str, str, str]:
    """A tool's name in words, its description, and its arguments in words."""
    purpose = " ".join(valid_text(tool.description[:_LONGEST]).split())
    return split_words(name).lower(), purpose, " ".join(map(split_words, _arguments(tool)))


def _arguments(tool: BaseTool) -> list[str]:
    try:
        schema: Any = call_schema(tool)
        properties = schema.get("properties") if isinstance(schema, Mapping) else tool.args
        return [str(name) for name in properties or ()][:_MOST_ARGUMENTS]
    except Exception:
        return []


def _stems(text: str) -> list[str]:
    """Words without their plural, for the comparison of names."""
    return [word.removesuffix("s") for word in re.findall(r"[^\W_]+", split_words(text).lower())]
