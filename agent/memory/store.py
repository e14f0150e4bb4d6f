"""The facts of a run, by key, by subject and by word; folded from the changes that its journal records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fieldcraft.agent.memory.facts import Fact
from fieldcraft.agent.memory.words import WordIndex, terms_of

MOST = 200_000
"""Facts that are kept; the first ones go first."""
PLACES = 8
"""Places that are kept of one subject, the latest."""


class Memory:
    """All facts of a run, corrected ones too. Equal changes in the same order make equal memories."""

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._facts: dict[str, Fact] = {}
        self._by_subject: dict[tuple[str, str], dict[str, None]] = {}
        self._tools: dict[str, None] = {}
        self.words = WordIndex()

    def __len__(self) -> int:
        return len(self._facts)

    def __iter__(self) -> Iterator[Fact]:
        """Every fact, in the order in which they were first learned."""
        return iter(self._facts.values())

    def get(self, key: str) -> Fact | None:
        """The fact of this key."""
        return self._facts.get(key)

    def of(self, kind: str, subject: str) -> list[Fact]:
        """The facts of one kind on one subject, the first learned first."""
        return [self._facts[key] for key in self._by_subject.get((kind, subject), ())]

    def is_tool(self, name: str) -> bool:
        """Whether something was seen to be done with or at a thing of this name."""
        return name in self._tools

    def held(self) -> list[Fact]:
        """The facts that were not corrected."""
        return [fact for fact in self._facts.values() if not fact.wrong]

    def take(self, facts: Sequence[Fact], again: Mapping[str, int], iteration: int) -> None:
        """Apply one change.

        Args:
            facts: that are new or different, as they are now.
            again: how often known facts were seen again, by key.
            iteration: in which that was.
        """
        for fact in facts:
            self._put(fact)
        for key, times in again.items():
            known = self._facts.get(key)
            if known is not None:
                self._facts[key] = known.changed(times=known.times + times, latest=iteration)

    def _put(self, fact: Fact) -> None:
        known = fact.key in self._facts
        self._facts[fact.key] = fact
        self._tools.update(dict.fromkeys(fact.tools))
        if known:
            return
        self.words.add(fact.key, terms_of(fact))
        siblings = self._by_subject.setdefault((fact.kind, fact.subject), {})
        siblings[fact.key] = None
        if fact.kind == "place" and len(siblings) > PLACES:
            self._forget(next(iter(siblings)))
        if len(self._facts) > self._most:
            self._forget(next(iter(self._facts)))

    def _forget(self, key: str) -> None:
        fact = self._facts.pop(key)
        siblings = self._by_subject[fact.kind, fact.subject]
        del siblings[key]
        if not siblings:
            del self._by_subject[fact.kind, fact.subject]
        self.words.remove(key)

    def latest(self, count: int) -> list[Fact]:
        """The facts that were first learned last and were not corrected, the newest first."""
        newest = (fact for fact in reversed(self._facts.values()) if not fact.wrong)
        return [fact for fact, _ in zip(newest, range(count), strict=False)]

    def found(self, keys: Iterable[str]) -> list[Fact]:
        """The facts of these keys that were not corrected, in this order."""
        facts = (self._facts.get(key) for key in keys)
        return [fact for fact in facts if fact is not None and not fact.wrong]
