"""Nearest names and reasons, for errors that name the cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# A name this much less alike than the nearest one is noise beside it.
MARGIN = 0.24


_LONGEST_COMPARED = 200


def close_names(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names that are most like `name`, best first; its first 200 characters are compared.

    Small and capital letters are the same: `JSONDecodr` is near `JSONDecoder`.
    """
    folded: dict[str, list[str]] = {}
    for word in sorted(known):
        folded.setdefault(word.lower(), []).append(word)
    close = difflib.get_close_matches(name[:_LONGEST_COMPARED].lower(), folded, n=most, cutoff=0.5)
    return [word for match in close for word in folded[match]][:most]


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'a' or 'b'?` for the closest known names, else the empty string."""
    wanted = name[:_LONGEST_COMPARED].lower()
    close = close_names(wanted, known)
    if not close:
        return ""
    best = likeness(wanted, close[0].lower())
    near = [match for match in close if likeness(wanted, match.lower()) >= best - MARGIN]
    return f"; did you mean {' or '.join(map(repr, near))}?"


def reason(message: str) -> str:
    """What pydantic says is wrong, without the name that it gives to a validator's own words."""
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def likeness(name: str, other: str) -> float:
    """How alike two names are, from 0 to 1, measured as `difflib.get_close_matches` does."""
    return difflib.SequenceMatcher(None, other, name).ratio()
