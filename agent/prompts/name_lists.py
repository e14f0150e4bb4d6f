"""Long lists of names, written short: `{white|red}_{wool|bed}` for every pair of the two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import combinations

FOLDED_FROM = 300
"""Lists of fewer names are written out: reading them costs less than unfolding."""

FEWEST = 4
"""Endings are gathered where at least so many names differ in nothing else."""

MOST_ENDINGS, MOST_KINDS, MOST_FAMILIES = 200, 500, 100
"""Lists with more endings, or kinds of beginnings, are written out, as are families beyond the last number.

They are compared each with each. Minecraft's items have 104, 76 and 40.
"""

Family = tuple[tuple[str, ...], tuple[str, ...]]
"""The beginnings and the endings of some names, each of which goes with each."""


def listed(names: Sequence[str]) -> str:
    """The names with commas between, families of a long list folded, in the order of their first names."""
    if len(names) < FOLDED_FROM:
        return ", ".join(names)
    return _folded(tuple(names))


@lru_cache(maxsize=16)
def _folded(names: tuple[str, ...]) -> str:
    place = {name: number for number, name in enumerate(names)}
    left = set(names)
    written: dict[int, str] = {}
    while len(written) < MOST_FAMILIES and (family := _largest(left)) is not None:
        members = {f"{beginning}_{ending}" for beginning in family[0] for ending in family[1]}
        left -= members
        written[min(place[name] for name in members)] = "_".join(_either(part) for part in family)
    written |= {place[name]: name for name in left}
    return ", ".join(text for _, text in sorted(written.items()))


def _largest(names: Iterable[str]) -> Family | None:
    """The family whose folding saves most; `None` where none saves anything."""
    beginnings = defaultdict(set)
    for name in names:
        for at in (at for at, letter in enumerate(name) if letter == "_"):
            beginnings[name[at + 1 :]].add(name[:at])
    gathered = {ending: frozenset(found) for ending, found in beginnings.items() if len(found) >= FEWEST}
    if len(gathered) > MOST_ENDINGS:
        return None
    kinds = set(gathered.values())
    for one, other in combinations(tuple(kinds), 2):
        if len(shared := one & other) >= FEWEST:
            kinds.add(shared)
        if len(kinds) > MOST_KINDS:
            return None
    families = [
        (tuple(sorted(kind)), tuple(sorted(ending for ending, found in gathered.items() if kind <= found)))
        for kind in kinds
    ]
    best = max(families, key=lambda family: (_saving(family), family), default=None)
    return best if best is not None and _saving(best) > 0 else None


def _saving(family: Family) -> int:
    """Characters that folding a family saves."""
    apart = ", ".join(f"{beginning}_{ending}" for beginning in family[0] for ending in family[1])
    return len(apart) - len("_".join(_either(part) for part in family))


def _either(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{{{'|'.join(parts)}}}"
