"""Nearest names, for errors that name the cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'a' or 'b'?` for the closest known names, else the empty string."""
    close = difflib.get_close_matches(name.lower(), sorted(known), n=3, cutoff=0.5)
    if not close:
        return ""
    return f"; did you mean {' or '.join(repr(match) for match in close)}?"
