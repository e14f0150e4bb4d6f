"""Names of tools, and what to say about one that is not there."""

from __future__ import annotations

import keyword
import re
import zlib
from collections.abc import Iterable

from fieldcraft.common.suggest import nearest

_LONGEST = 64
_MOST_NAMED = 40


def unknown_tool(name: str, known: Iterable[str]) -> str:
    """The message for a name that is no tool's."""
    names = sorted(known)
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    there = f"{', '.join(names[:_MOST_NAMED]) or 'none'}{more}"
    return f"no tool {name[:100]!r}{nearest(name, names) or '.'} Tools: {there}."


def identifier(text: str) -> str:
    """`text` as a name that `tools.<name>()` and every model provider take; empty where nothing is left.

    A long one is cut to 64 characters, the last of which keep it apart from others that begin alike.
    """
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")
    if len(name) > _LONGEST:
        name = f"{name[: _LONGEST - 9]}_{zlib.crc32(name.encode()):08x}"
    if name[:1].isdigit() or keyword.iskeyword(name):
        name = f"tool_{name}"
    return name
