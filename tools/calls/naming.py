"""Names of tools, and the message for an unknown one."""

from __future__ import annotations

import keyword
import re
import zlib
from collections.abc import Iterable

from fieldcraft.common.suggest import nearest

_LONGEST = 64
_MOST_NAMED = 40


def unknown_tool(name: str, known: Iterable[str]) -> str:
    """The message for an unknown tool name."""
    names = sorted(known)
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    there = f"{', '.join(names[:_MOST_NAMED]) or 'none'}{more}"
    return f"no tool {name[:100]!r}{nearest(name, names) or '.'} Tools: {there}."


def identifier(text: str) -> str:
    """`text` as a name that `tools.<name>()` and every model provider accept; empty if nothing is left.

    A long name is cut to 64 characters, and ends in a checksum that distinguishes it from similar names.
    """
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")
    if len(name) > _LONGEST:
        name = f"{name[: _LONGEST - 9]}_{zlib.crc32(name.encode()):08x}"
    if name[:1].isdigit() or keyword.iskeyword(name):
        name = f"tool_{name}"
    return name
