"""An index of facts by word: exact names weigh most, words that many facts share least."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from heapq import nlargest
from itertools import islice
from operator import itemgetter
from sys import intern

from fieldcraft.agent.memory.facts import Fact

SUBJECT, NAME, WORD, PART = 8, 4, 2, 1
"""What a term of a fact weighs: its subject, another name in it, a word of its text, a part of a name. Whole
numbers, whose sums do not depend on an order."""
TERMS = 24
"""Terms of a question that are looked up."""
POSTINGS = 300
"""Facts that one term proposes, the latest."""
CANDIDATES = 800
"""Facts that are weighed for one question."""

_WORD = re.compile(r"\w[\w:.\-]*\w|\w")
_NAME_LENGTH = 4
"""Words that may be written apart in a question and are one name: `oak log` for `oak_log`."""

_COMMON = (
    "a an and are as at be by can cannot could do does done for from get gets give gives had has have how "
    "i if in into is it its make makes more most much need needs no none not now of on one or out so take "
    "takes task than that the then there this to up was were what when where which while who why will with "
    "within would you your iteration agent world"
)
COMMON = frozenset(_COMMON.split())
"""Words that tell no fact from another."""


class WordIndex:
    """Keys by the terms of what they stand for."""

    def __init__(self) -> None:
        self._postings: dict[str, dict[str, None]] = {}
        self._terms: dict[str, dict[str, int]] = {}

    def add(self, key: str, terms: dict[str, int]) -> None:
        """Index a key by weighed terms."""
        self._terms[key] = terms
        for term in terms:
            self._postings.setdefault(term, {})[key] = None

    def remove(self, key: str) -> None:
        """Take a key out."""
        for term in self._terms.pop(key):
            postings = self._postings[term]
            del postings[key]
            if not postings:
                del self._postings[term]

    def knows(self, term: str) -> bool:
        """Whether anything is indexed by a term."""
        return term in self._postings

    def best(self, wanted: Iterable[str], count: int) -> list[tuple[str, int]]:
        """The keys that fit these terms best, at most `count`, with how well; of equal ones the newer first.

        The rarest terms propose them, each the latest `POSTINGS` of its keys, at most `CANDIDATES` in all.
        """
        known = sorted(
            {term for term in wanted if term in self._postings},
            key=lambda term: (len(self._postings[term]), term),
        )[:TERMS]
        candidates: dict[str, None] = {}
        for term in known:
            if len(candidates) >= CANDIDATES:
                break
            candidates.update(dict.fromkeys(islice(reversed(self._postings[term]), POSTINGS)))
        rarity = {
            term: round(1_000 * math.log(1 + len(self._terms) / len(self._postings[term]))) for term in known
        }
        scored = []
        for key in candidates:
            terms = self._terms[key]
            scored.append((sum(terms[term] * rarity[term] for term in rarity.keys() & terms.keys()), key))
        return [(key, score) for score, key in nlargest(count, scored, key=itemgetter(0))]


def words(text: str) -> list[str]:
    """The words of a text in small letters, in order, names whole."""
    return [word.strip(".:-") for word in _WORD.findall(text.lower())]


def terms_of(fact: Fact) -> dict[str, int]:
    """The terms of a fact, each with its weight."""
    weighed: dict[str, int] = {}
    for word in words(fact.text)[:80]:
        if word not in COMMON and not word.isdigit():
            weighed[intern(word)] = WORD
    for name in (*fact.used, *fact.gave, *fact.tools):
        _weigh(weighed, name.lower()[:100], NAME)
    if fact.kind != "dead_end":
        _weigh(weighed, fact.subject.lower()[:100], SUBJECT)
    weighed[kind_term(fact.kind)] = WORD
    return weighed


def kind_term(kind: str) -> str:
    """The term of all facts of a kind."""
    return intern(f"kind {kind}")


def asked_terms(text: str, known: WordIndex) -> list[str]:
    """The terms of a question; words in a row that together are an indexed name are that name as well.

    Plurals count as their singular where only that is known.
    """
    spoken = [word for word in words(text) if word]
    found = dict.fromkeys(word for word in spoken if word not in COMMON and not word.isdigit())
    for length in range(2, _NAME_LENGTH + 1):
        for start in range(len(spoken) - length + 1):
            joined = "_".join(spoken[start : start + length])
            for name in (joined, joined.removesuffix("s")):
                if known.knows(name):
                    found[name] = None
    for word in list(found):
        if not known.knows(word):
            for ending in ("s", "es"):
                single = word.removesuffix(ending)
                if single != word and known.knows(single):
                    found[single] = None
    return list(found)


def _weigh(weighed: dict[str, int], name: str, weight: int) -> None:
    if not name:
        return
    for part in name.split("_"):
        if len(part) > 1 and part not in COMMON:
            weighed.setdefault(intern(part), PART)
    weighed[intern(name)] = max(weight, weighed.get(name, 0))
