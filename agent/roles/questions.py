"""What is known about the world: questions answered from what the world said, and cached."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import zip_longest

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.journal.state import Answered
from fieldcraft.agent.roles.facts import KnownFacts
from fieldcraft.agent.roles.model_calls import AnswerWithheld, Asker

_REMEMBERED = 1_000
"""Texts whose words are kept: more than a run has messages to look through, again for each task."""


class Answers:
    """Answers questions with the `answerer`'s model.

    Voyager (appendix A.3) caches answers by the embedding of the question, a hit below distance 0.05.
    Names such as `iron_axe` and `iron_pickaxe` lie that near, so the key here is the question's words and
    the evidence shown with it: an answer is reused until the world has said something new on it.
    """

    def __init__(self, recorder: Recorder, asker: Asker, world: str) -> None:
        self._recorder = recorder
        self._asker = asker
        self._world = world
        self._facts = KnownFacts(recorder)

    def ask(self, question: str) -> Answered:
        """The cached answer, or a new one. Raises as `Asker.text` does."""
        limit = self._recorder.run.settings.evidence
        evidence = relevant(question, list(self._recorder.state.evidence.values()), limit)
        facts = self._facts.on(question, lines=8, room=1_000, said=evidence, situated=False)
        key = _key(question, [*evidence, *facts])
        known = self._recorder.state.answers.get(key)
        if known is None:
            text = self._answer(question, evidence, facts)
            self._recorder.record(
                e.QuestionAnswered(key=key, question=question[:500], answer=text.strip()[:2000] or "Unknown.")
            )
            known = self._recorder.state.answers[key]
        return known

    def _answer(self, question: str, evidence: list[str], facts: list[str]) -> str:
        try:
            return self._asker.text(
                "answerer",
                "answer",
                question=question,
                evidence=evidence,
                facts=facts,
                world=self._world,
            )
        except AnswerWithheld:
            return ""

    def on_task(self, words: str) -> Answered:
        """What is known of what a task takes; it goes with the task as its context."""
        return self.ask(f"What does it take to do this: {words}?")


def relevant(question: str, evidence: Sequence[str], limit: int) -> list[str]:
    """The evidence that shares the rarest words with the question, best first, at most `limit` lines."""
    words = _words(question)
    frequency = Counter(word for line in evidence for word in _words(line))
    scored = [
        (
            sum(math.log(1 + len(evidence) / frequency[word]) for word in sorted(words & _words(line))),
            age,
            line,
        )
        for age, line in enumerate(evidence)
    ]
    best = sorted((row for row in scored if row[0] > 0), key=lambda row: (-row[0], -row[1]))
    return [line for _, _, line in best[:limit]]


def on_each(names: Iterable[str], evidence: Sequence[str], limit: int) -> list[str]:
    """At most `limit` lines of the evidence on these names: the latest of each, the rarest name's first."""
    lines = [(line, _words(line)) for line in reversed(evidence)]
    spoken = [[line for line, words in lines if words >= name] for name in map(_words, names)]
    rounds = zip_longest(*sorted(filter(None, spoken), key=len))
    return list(dict.fromkeys(line for turn in rounds for line in turn if line))[:limit]


@lru_cache(maxsize=_REMEMBERED)
def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z][a-z0-9_]+", text.lower())) - _COMMON


_COMMON = frozenset(
    {
        "a",
        "an",
        "and",
        "are",
        "at",
        "be",
        "by",
        "can",
        "cannot",
        "do",
        "does",
        "for",
        "from",
        "get",
        "have",
        "how",
        "in",
        "is",
        "it",
        "its",
        "more",
        "need",
        "needs",
        "none",
        "of",
        "on",
        "one",
        "or",
        "take",
        "task",
        "than",
        "that",
        "the",
        "there",
        "this",
        "to",
        "what",
        "where",
        "which",
        "with",
        "within",
        "you",
    }
)


def _key(question: str, evidence: Sequence[str]) -> str:
    normal = " ".join(re.findall(r"\w+", question.lower()))
    return hashlib.sha256("\n".join([normal, *evidence]).encode()).hexdigest()[:16]
