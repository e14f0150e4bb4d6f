"""Which skills are most useful for a task: found by meaning and by words, ranked by how they have done.

For each skill found,

    relevance = cosine + 0.1 * b / (b + 8) + 0.2 * n           b: its BM25 score, 0 where no word matches
                + 0.1 * u / (u + 4)                            n: 1 where the query names what it is for
                                                               u: how often it was called and worked, and
                                                                  how many skills call it
    score     = relevance * standing * record * world

    standing  = 1 (verified fully), 0.97 (partially) or 0.94 (not), times 0.97 if it is not trusted
    record    = 0.85 + 0.3 * (successes + 1) / (successes + failures + 2), 1 for a skill never used
    world     = 0.85 for a skill of another environment, else 1

A query names what a skill is for where the skill's name less its verb (`iron_axe` of `craft_iron_axe`) is a
word of it. A skill found by its words alone counts with the lowest cosine found. Ties go by name. The
weights, but for that of names, were chosen on half of the queries in benchmarks/data/retrieval.json; the
other half checks them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fieldcraft.skills.library.catalogue import Catalogue
from fieldcraft.skills.library.skill import Skill, Verified
from fieldcraft.skills.search.embeddings import TextEmbeddings
from fieldcraft.skills.search.index import Hits, SkillIndex

_CANDIDATES = 50
_WIDER = 4
_LEXICAL_WEIGHT = 0.1
_LEXICAL_HALF = 8.0
_NAMED_WEIGHT = 0.2
_USE_WEIGHT = 0.1
_USE_HALF = 4.0
_STANDING = {Verified.FULL: 1.0, Verified.PARTIAL: 0.97, Verified.NO: 0.94}
_UNTRUSTED = 0.97
_RECORD_BASE, _RECORD_SPAN = 0.85, 0.3
_OTHER_WORLD = 0.85


@dataclass(frozen=True)
class Match:
    """A skill that was found. `score` ranks it; `dense` (cosine) and `lexical` (BM25) say why.

    `record` is (successes, failures) as the caller gave it.
    """

    skill: Skill
    score: float
    dense: float
    lexical: float
    record: tuple[int, int]


@dataclass(frozen=True)
class Request:
    """What is searched for, see `SkillLibrary.search`."""

    query: str
    k: int
    environment: str
    tools: frozenset[str] | None
    records: Mapping[str, tuple[int, int]]
    languages: frozenset[str] | None

    def admits(self, skill: Skill) -> bool:
        """Whether the skill can be used at all by the caller."""
        return (self.languages is None or skill.language in self.languages) and (
            self.tools is None or self.tools.issuperset(skill.tools)
        )


class Retriever:
    """Searches one library. Opens its index on the first search."""

    def __init__(
        self, library: Path, embeddings: str | TextEmbeddings | None, chroma_url: str | None
    ) -> None:
        self._index = SkillIndex(library, embeddings, chroma_url)
        self._generation = -1
        self._worker = ThreadPoolExecutor(1, "skill-index")
        self._following: Future[None] | None = None

    def follow(self, catalogue: Catalogue) -> None:
        """Bring the index up to date in the background, before the next search asks for it."""
        self._settle()
        self._generation = catalogue.generation
        self._following = self._worker.submit(self._index.sync, catalogue.current())

    def search(self, request: Request, catalogue: Catalogue, usable: Callable[[Skill], bool]) -> list[Match]:
        """The best `request.k` skills that are admitted and `usable`, best first."""
        if self._following is not None:
            self._index.prepare(request.query)
        self._settle()
        if catalogue.generation != self._generation:
            self._index.sync(catalogue.current())
            self._generation = catalogue.generation
        count = max(_CANDIDATES, request.k)
        while True:
            hits = self._index.search(request.query, count)
            matches = _chosen(_ranked(request, catalogue, hits), request.k, catalogue, usable)
            if len(matches) >= request.k or count >= len(catalogue):
                return matches
            count *= _WIDER

    def close(self) -> None:
        """Let go of the index."""
        self._worker.shutdown()
        self._index.close()

    def _settle(self) -> None:
        """Wait for the background; what went wrong there is raised here."""
        following, self._following = self._following, None
        if following is not None:
            following.result()


def _ranked(request: Request, catalogue: Catalogue, hits: Hits) -> list[Match]:
    lowest = min(hits.dense.values(), default=0.0)
    named = frozenset(re.findall(r"\w+", request.query.lower()))
    matches = []
    for digest in hits.dense.keys() | hits.lexical.keys():
        skill = catalogue.with_digest(digest)
        if skill is None or not request.admits(skill):
            continue
        cosine, words = hits.dense.get(digest, lowest), hits.lexical.get(digest, 0.0)
        record = request.records.get(skill.name, (0, 0))
        relevance = _relevance(cosine, words) + _NAMED_WEIGHT * (_purpose(skill) in named)
        used = record[0] + catalogue.callers(skill.entry)
        relevance += _USE_WEIGHT * used / (used + _USE_HALF)
        score = relevance * _merit(skill, record, request.environment)
        matches.append(Match(skill, score, cosine, words, record))
    return sorted(matches, key=lambda match: (-match.score, match.skill.name))


def _chosen(
    matches: list[Match], k: int, catalogue: Catalogue, usable: Callable[[Skill], bool]
) -> list[Match]:
    """The first `k` whose files are still as they were read, and which can be run."""
    chosen: list[Match] = []
    for match in matches:
        if len(chosen) == k:
            break
        catalogue.reread(match.skill.name)
        if catalogue.skill(match.skill.name) == match.skill and usable(match.skill):
            chosen.append(match)
    return chosen


def _purpose(skill: Skill) -> str:
    return skill.name.replace("-", "_").partition("_")[2]


def _relevance(cosine: float, words: float) -> float:
    return max(cosine, 0.0) + _LEXICAL_WEIGHT * words / (words + _LEXICAL_HALF)


def _merit(skill: Skill, record: tuple[int, int], environment: str) -> float:
    successes, failures = record
    merit = _STANDING[skill.verified] * (1.0 if skill.trusted else _UNTRUSTED)
    merit *= _RECORD_BASE + _RECORD_SPAN * (successes + 1) / (successes + failures + 2)
    elsewhere = bool(environment and skill.environment and skill.environment != environment)
    return merit * (_OTHER_WORLD if elsewhere else 1.0)
