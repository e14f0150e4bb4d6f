"""How deep a thing lies, and what of its needs is to blame where getting it failed."""

from __future__ import annotations

from .reading import mentioned
from .situation import Situation

DEEP = 8
"""As how deep a thing counts that lies deeper still."""

LATELY = 25
"""For how many tasks a failure is held against what it lacked."""


def depth(now: Situation, item: str, path: tuple[str, ...] = ()) -> int:
    """How many things, each needed for the next, an item takes, as far as the prompt tells."""
    needs = [] if item in path or len(path) >= DEEP else now.facts.needs_of(item)
    return max((1 + min(depth(now, name, (*path, item)) for name in names) for names in needs), default=0)


def hardest_lack(now: Situation, item: str) -> str:
    """Of what an item needs and is not at hand, what lies deepest; empty where nothing is lacked."""
    lacked = [names[0] for count, names in now.facts.wants(item) if not _at_hand(now, count, names)]
    return max(lacked, key=lambda name: depth(now, name), default="")


def _at_hand(now: Situation, count: int, names: tuple[str, ...]) -> bool:
    """Whether so many of these are held or in containers, or where one is enough, whether one is in view."""
    if count == 1 and not set(names).isdisjoint(now.seen.blocks):
        return True
    return sum(now.seen.inventory.get(name, 0) + now.seen.stored.get(name, 0) for name in names) >= count


def blamed(now: Situation) -> dict[str, int]:
    """For each thing, how many of the latest failures are best explained by its being hard to come by."""
    counts: dict[str, int] = {}
    for task, (times, ago) in now.failures.items():
        for item in mentioned(task, now.items)[:1]:
            lack = hardest_lack(now, item)
            if lack and ago <= LATELY:
                counts[lack] = counts.get(lack, 0) + max(1, times)
    return counts
