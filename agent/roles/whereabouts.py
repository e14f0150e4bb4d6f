"""What became of the things that a task gained, as the world reports it: for the critique of a failure."""

from __future__ import annotations

from collections.abc import Sequence

from fieldcraft.envs import Happening

_FATES = {
    "ate": "eaten",
    "stored": "stored in a container",
    "placed": "placed",
    "died": "lost at a death",
    "broke": "worn out",
}


def whereabouts(item: str, happened: Sequence[Happening]) -> str:
    """One sentence on what became of an item: how many were gained, and how many were eaten, stored, used up.

    Args:
        item: by its exact name.
        happened: what the world reports since the task began.

    Returns:
        Nothing where none of the item was gained or went anywhere.
    """
    gained = sum(entry.gave.get(item, 0) * entry.times for entry in happened if entry.what != "withdrew")
    gone: dict[str, int] = {}
    for entry in happened:
        count = _lost(item, entry)
        if count:
            fate = _fate(entry)
            gone[fate] = gone.get(fate, 0) + count
    if not gone:
        return ""
    went = ", ".join(f"{count} {_was(count)} {fate}" for fate, count in gone.items())
    return f"{gained} {item} {_was(gained)} gained since then; {went}."


def _lost(item: str, entry: Happening) -> int:
    count = entry.used.get(item, 0)
    if not count and entry.subject == item and entry.what in (*_FATES, "lost"):
        count = 1
    return count * entry.times


def _fate(entry: Happening) -> str:
    if entry.what in _FATES:
        return _FATES[entry.what]
    if entry.what == "lost":
        return f"lost ({entry.why})" if entry.why else "lost"
    if entry.what == "crafted":
        return f"used up to craft {entry.subject}"
    if entry.what == "smelted":
        return "used up in smelting"
    return f"used up ({entry.what.replace('_', ' ')})"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
