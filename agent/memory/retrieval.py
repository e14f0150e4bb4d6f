"""The facts that matter for a question, best first, within a bound: what a role is shown of the memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from fieldcraft.agent.memory.facts import TEXT, Fact, Kind
from fieldcraft.agent.memory.naming import without_holdings
from fieldcraft.agent.memory.store import Memory
from fieldcraft.agent.memory.wording import key, line, shape
from fieldcraft.agent.memory.words import asked_terms, kind_term, words
from fieldcraft.envs import Observation

WEAKEST = 0.2
"""The share of the best fact's score below which a fact is left out."""
OF_ONE = 4
"""Facts of one kind on one subject that are shown."""
WEIGHED = 150
"""Facts that fit a question's words best, which are looked at more closely."""
STEPS = 6
"""Names that a fact says are needed, for which it is looked up how to get them."""

_HINTS: dict[Kind, str] = {
    "recipe": "craft crafted crafting make made making recipe recipes ingredient ingredients smelt smelted "
    "smelting fuel obtain takes build station",
    "drop": "mine mined mining drop drops dropped dig yield yields kill killed killing loot gives tool "
    "obtain",
    "place": "where find found nearest seen see saw place location position look",
    "food": "eat eaten edible food hunger hungry",
    "danger": "die died death deaths danger dangerous deadly kills killed killer",
    "wear": "break breaks broke broken wear wears durability",
    "loss": "lose loses lost loss",
    "refusal": "refuse refused refusal fail fails failed cannot need needs required why error",
    "dead_end": "impossible hopeless stuck gave given dead failed",
}
"""Words of a question that tell which kinds of facts answer it."""


@dataclass(frozen=True)
class Question:
    """What facts are wanted for.

    Attributes:
        text: the question, task or situation in words.
        now: what the agent sees and holds: facts that are outdated by it are left out.
        said: messages that are shown anyway.
        lines: facts at most.
        room: characters at most, of all lines together.
        deeper: whether to look up how to get what the facts say is needed.
        dead_ends: the goals whose dead ends still stand; the others are left out.
        since: the iteration after which the present episode began; places seen before it are of other ground.
    """

    text: str
    now: Observation | None = None
    said: Collection[str] = ()
    lines: int = 12
    room: int = 1_500
    deeper: bool = False
    dead_ends: Collection[str] = ()
    since: int = 0

    def changed(self, **changes: Any) -> Question:
        """The same with other values."""
        return replace(self, **changes)


def relevant(memory: Memory, question: Question) -> list[Fact]:
    """The facts that fit a question best, first the best; no corrected ones."""
    shown = {shape(without_holdings(message)) for message in question.said}
    kept: list[Fact] = []
    left = question.room
    per_subject: dict[tuple[str, str], int] = {}
    for fact in _proposed(memory, question):
        group = (fact.kind, fact.subject)
        size = len(line(fact)) + 3
        if per_subject.get(group, 0) >= OF_ONE or size > left or _is_said(fact, shown):
            continue
        per_subject[group] = per_subject.get(group, 0) + 1
        left -= size
        kept.append(fact)
        if len(kept) >= question.lines:
            break
    return kept


def newest(memory: Memory, question: Question) -> list[Fact]:
    """The facts that were learned last, the newest first, within the question's bounds."""
    shown = {shape(without_holdings(message)) for message in question.said}
    kept: list[Fact] = []
    left = question.room
    for fact in memory.latest(4 * question.lines):
        size = len(line(fact)) + 3
        if size > left or _is_said(fact, shown) or _is_idle(fact, memory, question, ()):
            continue
        left -= size
        kept.append(fact)
        if len(kept) >= question.lines:
            break
    return kept


def vital(memory: Memory, at_hand: Collection[str], *, lines: int = 12) -> list[Fact]:
    """What is known to kill the agent, and what is at hand that can be eaten, at most `lines` of each."""
    dangers = memory.found(key for key, _ in memory.words.best([kind_term("danger")], lines))
    foods = [fact for item in at_hand for fact in memory.of("food", item) if not fact.wrong]
    return [*dangers, *foods[:lines]]


def _proposed(memory: Memory, question: Question) -> Iterator[Fact]:
    """Facts in the order in which they are shown as long as there is room."""
    terms = asked_terms(question.text, memory.words)
    ranked = _ranked(memory, question, terms)
    given: dict[str, None] = {}
    for fact in ranked:
        given[fact.key] = None
        yield fact
    if not question.deeper:
        return
    for fact in _steps(memory, ranked, question):
        if fact.key not in given:
            given[fact.key] = None
            yield fact


def _ranked(memory: Memory, question: Question, terms: list[str]) -> list[Fact]:
    spoken = set(words(question.text))
    hinted = {kind for kind, hints in _HINTS.items() if spoken & set(hints.split())}
    scores = dict(memory.words.best([*terms, *(kind_term(kind) for kind in hinted)], WEIGHED))
    asked = frozenset(terms)
    scored = []
    for fact in memory.found(scores):
        score = scores[fact.key] * (1.5 if fact.kind in hinted else 1.0) * _trust(fact)
        scored.append((score, fact.latest, fact))
    scored.sort(key=lambda row: (-row[0], -row[1], row[2].key))
    least = WEAKEST * scored[0][0] if scored else 0.0
    best = [fact for score, _, fact in scored if score >= least]
    return [fact for fact in best if not _is_idle(fact, memory, question, asked)]


def _is_idle(fact: Fact, memory: Memory, question: Question, asked: Collection[str]) -> bool:
    passed = fact.kind == "dead_end" and question.now is not None and fact.subject not in question.dead_ends
    return passed or _of_earlier_ground(fact, question) or outdated(fact, memory, question.now, asked)


def _of_earlier_ground(fact: Fact, question: Question) -> bool:
    return fact.kind == "place" and fact.latest <= question.since and question.since > 0


def _trust(fact: Fact) -> float:
    """How much a fact counts: what was seen here most, what was contradicted least."""
    trust = 0.8 if fact.elsewhere else 1.0
    if fact.doubts:
        trust *= 0.6
    return trust * (0.9 if fact.source == "model" else 1.0)


def _steps(memory: Memory, ranked: list[Fact], question: Question) -> Iterator[Fact]:
    """How to get what the best facts say is needed, and where."""
    held = question.now.holdings() if question.now is not None else {}
    needed: dict[str, None] = {}
    for fact in ranked[:8]:
        if fact.kind in ("recipe", "refusal"):
            wanted = [item for item, count in fact.used.items() if held.get(item, 0) < count]
            needed.update(dict.fromkeys([*wanted, *(tool for tool in fact.tools if not held.get(tool))]))
    for name in list(needed)[:STEPS]:
        sources = [fact for fact in _giving(memory, name) if not fact.wrong][:2]
        for fact in sources:
            yield fact
            yield from _places(memory, fact.subject, question)
    for fact in ranked[:8]:
        if fact.kind == "drop":
            yield from _places(memory, fact.subject, question)


def _giving(memory: Memory, name: str) -> list[Fact]:
    scores = dict(memory.words.best([name.lower()], WEIGHED))
    return [fact for fact in memory.found(scores) if name in fact.gave and fact.positive]


def _places(memory: Memory, subject: str, question: Question) -> list[Fact]:
    """The nearest place of a subject, or where the agent's own is not known, the latest."""
    known = [
        fact
        for fact in memory.of("place", subject)
        if not (fact.wrong or fact.elsewhere or _of_earlier_ground(fact, question))
    ]
    here = question.now.position if question.now is not None else None
    if here is not None:
        known.sort(key=lambda fact: here.distance(fact.place) if fact.place else 0.0)
        return known[:1]
    return known[-1:]


def outdated(fact: Fact, memory: Memory, now: Observation | None, asked: Collection[str]) -> bool:
    """Whether a fact says nothing that matters as things are.

    A recipe of a tool that is held now, where the question does not name it; and a refusal all of whose needs
    are met by what is held or near.
    """
    if now is None:
        return False
    held = now.holdings()
    if fact.kind == "recipe":
        named = fact.subject.lower() in asked
        return not named and fact.subject in held and memory.is_tool(fact.subject)
    if fact.kind == "refusal" and fact.used:
        near = set(now.nearby_blocks or ())
        return all(held.get(name, 0) >= count or name in near for name, count in fact.used.items())
    return False


def _is_said(fact: Fact, said: Collection[str]) -> bool:
    """Whether a fact only repeats what is shown anyway: a message, or what the world says of a thing."""
    repeats = fact.source == "message" or fact.key == key("event", "explained", fact.subject)
    return repeats and bool(said) and any(text in shape(fact.text, 2 * TEXT) for text in said)
