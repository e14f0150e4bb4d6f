"""What one program teaches: facts seen, seen again, doubted and corrected, against what is known."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from fieldcraft.agent.memory import wording
from fieldcraft.agent.memory.facts import TEXT, Fact
from fieldcraft.agent.memory.store import Memory
from fieldcraft.common.fields import serialized
from fieldcraft.common.text import cut_text

CONTRADICTIONS = 3
"""Contradictions in a row after which a fact is corrected."""
UNLIKELY = 0.05
"""Chance outcomes are corrected where it is less likely than this that they only stayed away."""
CHANGES = 200
"""Facts of one program that are new or different; the rest is left to the next time it happens."""
_SAID = {"text", "used", "gave", "most", "tools", "source"}


class Change:
    """What one program teaches.

    Attributes:
        iteration: of the program.
        event: what is learned from now, see `Fact.event`.
        held: what the agent carries and wears after the program.
        facts: new or different facts, by key.
        again: how often known facts were seen again, by key.
        new: keys of facts that were not known before.
    """

    def __init__(self, memory: Memory, *, iteration: int, held: Mapping[str, int] | None = None) -> None:
        self._memory = memory
        self.iteration = iteration
        self.event = ""
        self.held = held or {}
        self.facts: dict[str, Fact] = {}
        self.again: dict[str, int] = {}
        self.new: dict[str, None] = {}

    def now(self, key: str) -> Fact | None:
        """The fact of this key as it is after the change so far."""
        return self.facts.get(key) or self._memory.get(key)

    def siblings(self, kind: str, subject: str) -> list[Fact]:
        """The facts of one kind on one subject that hold after the change so far."""
        keys = [fact.key for fact in self._memory.of(kind, subject)]
        keys += [fact.key for fact in self.facts.values() if (fact.kind, fact.subject) == (kind, subject)]
        facts = (self.now(key) for key in dict.fromkeys(keys))
        return [fact for fact in facts if fact is not None and not fact.wrong]

    def see(self, fact: Fact, times: int = 1) -> Fact:
        """Take in a fact that the world has shown now; returns it as it is known from here on.

        A known one loses its doubts. One that had been corrected holds again, as an alternative to what
        corrected it.
        """
        known = self.now(fact.key)
        if known is None:
            return self._add(fact.changed(times=times, iteration=self.iteration, event=self.event))
        changes: dict[str, object] = {}
        if known.elsewhere:
            changes |= {"elsewhere": "", "iteration": self.iteration, "event": self.event}
        if known.wrong:
            changes |= {"wrong": False, "wrong_since": 0, "corrected_by": "", "alternates": True}
        if known.doubts:
            changes["doubts"] = 0
        if fact.text != known.text:
            said = serialized(lambda: fact.model_dump(include=_SAID))
            changes |= {name: getattr(fact, name) for name in said} | {"text": fact.text}
        if not changes:
            self.again[fact.key] = self.again.get(fact.key, 0) + times
            return known
        return self._put(known.changed(**changes, times=known.times + times, latest=self.iteration))

    def doubt(self, fact: Fact, shown: str, times: int = 1, *, limit: int = CONTRADICTIONS) -> None:
        """Count contradictions; `limit` of them in a row correct a fact, and `shown` is kept with it."""
        doubted = fact.changed(doubts=min(limit, fact.doubts + times))
        if doubted.doubts >= limit:
            self.correct(doubted, shown)
        else:
            self._put(doubted)

    def correct(self, fact: Fact, shown: str) -> None:
        """A fact is no longer so."""
        self._put(fact.changed(wrong=True, wrong_since=self.iteration, corrected_by=cut_text(shown, TEXT)))

    def _add(self, fact: Fact) -> Fact:
        if len(self.facts) >= CHANGES:
            return fact
        self.new[fact.key] = None
        return self._put(fact.changed(latest=self.iteration))

    def _put(self, fact: Fact) -> Fact:
        times = self.again.pop(fact.key, 0)
        self.facts[fact.key] = fact.changed(times=fact.times + times)
        return self.facts[fact.key]


def contradict_recipes(change: Change, seen: Fact, times: int) -> None:
    """A thing was made in one way: the other known ways are doubted, unless they were seen to alternate.

    What is only put somewhere was there before: how it is made is another thing.
    """
    for fact in change.siblings("recipe", seen.subject):
        if (seen.subject in fact.used) != (seen.subject in seen.used):
            continue
        same = fact.used.keys() == seen.used.keys()
        if fact.key == seen.key or (fact.alternates and seen.alternates and not same):
            continue
        change.doubt(fact, seen.text, times, limit=1 if same and fact.elsewhere else CONTRADICTIONS)


def contradict_drops(change: Change, seen: Fact, times: int, tool: str) -> None:
    """Something gave this with a tool: what it gave with that tool before is doubted.

    Where both may be chance, the other is corrected once it is unlikely that it only stayed away.
    """
    siblings = change.siblings("drop", seen.subject)
    total = sum(fact.times for fact in siblings)
    for fact in siblings:
        if fact.key != seen.key and tool in fact.tools:
            change.doubt(fact, seen.text, times, limit=_chance_limit(fact, total - times))


def _chance_limit(fact: Fact, total: int) -> int:
    """After how many other outcomes in a row an outcome is taken to have ended; `total` came before."""
    share = max(0.01, min(0.99, fact.times / max(1, total - fact.doubts)))
    if fact.alternates:
        share = min(share, 0.5)
    return max(CONTRADICTIONS, math.ceil(math.log(UNLIKELY) / math.log(1 - share)))


def doubt_refusals(change: Change, subject: str, involved: Collection[str], shown: str) -> None:
    """Something was done without the thing whose lack the world had given as the reason of a refusal."""
    for fact in change.siblings("refusal", subject):
        if fact.used and not fact.used.keys() & set(involved):
            change.doubt(fact, shown)


def doubt_by_refusal(change: Change, subject: str, needs: Mapping[str, int], shown: str) -> None:
    """The world says that a thing takes what a known recipe has no part in, or another number of it.

    Earlier refusals are doubted where all that they said was needed is held.
    """
    for fact in change.siblings("recipe", subject) if needs else ():
        shared = needs.keys() & (fact.used.keys() | set(fact.tools))
        if not shared or any(_is_other_number(needs[name], fact.used.get(name, 1)) for name in shared):
            change.doubt(fact, shown, limit=1 if fact.elsewhere else CONTRADICTIONS)
    for fact in change.siblings("refusal", subject) if needs else ():
        met = all(change.held.get(name, 0) >= count for name, count in fact.used.items())
        if fact.used and met and not needs.keys() & fact.used.keys():
            change.doubt(fact, shown)


def _is_other_number(needed: int, known: int) -> bool:
    """Whether a number is not a multiple of what one run of a recipe takes."""
    return needed % max(1, known) != 0


def whole_runs(used: Mapping[str, int], gave: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """The same without the largest factor that all counts share: what one run takes and gives."""
    counts = [count for count in (*used.values(), *gave.values()) if count > 0]
    shared = math.gcd(*counts) if counts else 1
    return (
        {name: count // shared for name, count in sorted(used.items()) if count > 0},
        {name: count // shared for name, count in sorted(gave.items()) if count > 0},
    )


def limited(tools: Collection[str]) -> list[str]:
    """Tools that a fact names, each once."""
    return list(dict.fromkeys(tools))[: wording.LISTED]
