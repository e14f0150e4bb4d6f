"""What is known about the world: questions answered from what the world said, and cached."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import zip_longest

from pydantic import BaseModel

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.journal.state import Answered
from fieldcraft.agent.roles.facts import KnownFacts
from fieldcraft.agent.roles.model_calls import AnswerWithheld, Asker
from fieldcraft.envs import EnvironmentSpec, Goal, Names, OwnGoal

_REMEMBERED = 1_000
"""Texts whose words are kept: more than a run has messages to look through, again for each task."""


UNKNOWN = "Unknown."
QUESTION = 300
"""Characters of a question that are kept."""
MOST_FOUND = 20_000
"""Texts whose names are remembered."""
OWN_ANSWER = 600
"""Characters of an answer that a model gave to a question of its own."""

_WORD = re.compile(r"[a-z0-9](?:[a-z0-9_:.-]*[a-z0-9_])?")


class Asked(BaseModel):
    """A question as the model writes it, with its answer where what the model was shown holds one."""

    question: str = ""
    answer: str = ""


class Answers:
    """Answers questions with the `answerer`'s model, where the world has said anything on them.

    `names` finds what a text is about.

    Voyager (appendix A.3) caches answers by the embedding of the question, a hit below distance 0.05.
    Names such as `iron_axe` and `iron_pickaxe` lie that near, so the key here is the question's words and
    the evidence shown with it: an answer is reused until the world has said something new on it.
    """

    def __init__(self, recorder: Recorder, asker: Asker, world: EnvironmentSpec) -> None:
        self._recorder = recorder
        self._asker = asker
        self._world = world
        self.names = KnownNames(world.names)
        self._facts = KnownFacts(recorder)

    def ask(self, question: str) -> Answered:
        """The cached answer, or a new one. Raises as `Asker.text`.

        Where a run goes by evidence and there is none, nor tools to look things up with, nobody is asked: the
        answer is that nothing is known.
        """
        limit, state = self._recorder.run.settings.evidence, self._recorder.state
        said = [*state.explained.values(), *state.evidence.values()]
        evidence = self.names.evidence(question, said, limit)
        facts = self._facts.on(question, lines=8, room=1_000, said=evidence, situated=False)
        key = _key(question, [*evidence, *facts])
        known = self._recorder.state.answers.get(key)
        if known is None:
            text = self._answer(question, evidence, facts) if self._can_answer([*evidence, *facts]) else ""
            known = self._remember(key, question, text.strip() or UNKNOWN)
        return known

    def note(self, questions: Iterable[Asked]) -> tuple[str, ...]:
        """Keep the answers that a model gave to questions of its own; those without one are returned."""
        left = []
        for asked in questions:
            question, answer = asked.question.strip()[:QUESTION], asked.answer.strip()[:OWN_ANSWER]
            if question and not answer:
                left.append(question)
            elif question and not is_unknown(answer):
                self._remember(_key(question, [answer]), question, answer)
        return tuple(left)

    def _remember(self, key: str, question: str, answer: str) -> Answered:
        self._recorder.record(e.QuestionAnswered(key=key, question=question[:500], answer=answer[:2000]))
        return self._recorder.state.answers[key]

    def _can_answer(self, known: Sequence[str]) -> bool:
        """Whether the model can know anything, or the journal of an earlier version goes on with its call."""
        asked = self._recorder.upcoming(e.ModelAsked)
        by_knowledge = not self._recorder.run.settings.evidence
        was_asked = asked is not None and asked.role == "answerer"
        return bool(known) or by_knowledge or was_asked or self._asker.offers_tools("answerer")

    def _answer(self, question: str, evidence: list[str], facts: list[str]) -> str:
        try:
            return self._asker.text(
                "answerer",
                "answer",
                question=question,
                evidence=evidence,
                facts=facts,
                world=self._world.description,
                has_items=self._world.has_items,
            )
        except AnswerWithheld:
            return ""

    def on_task(self, words: str, goal: Goal | None = None) -> Answered:
        """What is known of what a task takes; it goes with the task as its context.

        A goal of the world's own may name what its words do not, as the number of a question does.
        """
        named = goal.shown if isinstance(goal, OwnGoal) and goal.shown not in words else ""
        return self.ask(f"What does it take to do this: {words}{f' ({named})' if named else ''}?")


def is_unknown(answer: str) -> bool:
    """Whether an answer says that nothing is known."""
    return answer.strip(". ").lower() in {"", "unknown"}


class KnownNames:
    """The names of a world, by which what it said on a question is found.

    Args:
        names: of the world; where it lists none, evidence is found by its words alone.
    """

    def __init__(self, names: Names) -> None:
        every = names.every()
        self._exact = {name.lower() for name in every}
        spoken = [(_spoken(name), name) for name in self._exact]
        self._spoken = sorted((row for row in spoken if row[0]), key=lambda row: (-len(row[0]), row[1]))
        self._found: dict[str, tuple[str, ...]] = {}
        self._odd = [row for row in self._spoken if not _WORD.fullmatch(row[1])]

    def evidence(self, question: str, said: Sequence[str], limit: int) -> list[str]:
        """At most `limit` of the messages: on what the question names, on what uses it, on what that takes.

        Of each kind the newest come first. A question that names nothing of the world has those that share
        its rarest words.
        """
        asked = self._asked(question)
        if not asked:
            return relevant(question, said, limit)
        named = [(line, self._named(line)) for line in reversed(said)]
        on_it = [(line, names) for line, names in named if names and names[0] in asked]
        users = [line for line, names in named if asked.intersection(names[1:]) and names[0] not in asked]
        parts = {name for _, names in on_it for name in names} - asked
        on_parts = [line for line, names in named if names and names[0] in parts and line not in users]
        lines = [line for line, _ in on_it]
        half = max(1, (limit - len(lines)) // 2)
        return [*lines, *users[:half], *on_parts, *users[half:]][:limit]

    def about(self, text: str) -> str:
        """What a message or question is about: the first name in it, in lower case, or nothing."""
        return next(iter(self._named(text)), "")

    def _asked(self, question: str) -> set[str]:
        """The names in a question: as they are written, else in plain words, the longest first."""
        exact = self._exact.intersection(_WORD.findall(question.lower()))
        if exact:
            return set(exact)
        left, found = f" {_spoken(question)} ", set()
        for words, name in self._spoken:
            for form in (f" {words} ", f" {words}s "):
                if form in left:
                    found.add(name)
                    left = left.replace(form, "  ")
        return found

    def _named(self, line: str) -> tuple[str, ...]:
        """The names in a message of the world, its subject first."""
        found = self._found.get(line)
        if found is None:
            words = [word for word in _WORD.findall(line.lower()) if word in self._exact]
            spoken = f" {_spoken(line)} " if self._odd else ""
            found = (*words, *(name for plain, name in self._odd if f" {plain} " in spoken))
            if len(self._found) >= MOST_FOUND:
                self._found.clear()
            self._found[line] = found
        return found


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


def _spoken(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


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
