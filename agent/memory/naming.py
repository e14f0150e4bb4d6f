"""Which names of a world a text speaks of, and how many of what it says are needed."""

from __future__ import annotations

import re
from collections.abc import Collection

from fieldcraft.agent.memory.words import words
from fieldcraft.envs import Names

_NEED = re.compile(
    r"\b(?:needs?|requires?|lacks?|missing|takes?|without|too little|too few)\b", re.IGNORECASE
)
_COUNTED = re.compile(r"(?:(?P<count>\d{1,6})\s+)?(?P<name>[^\W\d][\w:.\-]*)")
_HELD = re.compile(r"\s?\((?:[^()]{0,40}\s)?(?:have|has|holds?|held)\s[^()]{0,80}\)", re.IGNORECASE)
_LONGEST = 500
"""Characters of a message that are read."""


def without_holdings(text: str) -> str:
    """A message without what it says in brackets is held, which is soon no longer so."""
    return _HELD.sub("", text[:_LONGEST])


class Vocabulary:
    """The names of one world; one that lists none knows every name of several words."""

    def __init__(self, names: Names) -> None:
        self._all = frozenset(names.every())

    def knows(self, word: str) -> bool:
        """Whether a word is a name."""
        return word in self._all if self._all else "_" in word

    def fits(self, named: Collection[str]) -> bool:
        """Whether a world could have all of these names."""
        return not self._all or all(name in self._all for name in named if name)

    def mentioned(self, text: str) -> list[str]:
        """The names in a text, in order, each once."""
        return list(dict.fromkeys(word for word in words(text[:_LONGEST]) if self.knows(word)))

    def needs(self, text: str) -> dict[str, int]:
        """What a message says is needed, each with its number; names before that word are left out.

        What it says is held counts for nothing. Of alternatives the first stands for all.
        """
        text = without_holdings(text)
        begin = _NEED.search(text)
        found: dict[str, int] = {}
        if begin is None:
            return found
        before = ""
        for match in _COUNTED.finditer(text, begin.end()):
            name = match["name"].strip(".:-")
            if self.knows(name) and before != "or" and name not in found:
                found[name] = int(match["count"] or 1)
            before = name.lower()
        return found
