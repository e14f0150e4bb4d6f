"""The path of a request: its template with values put in, none of which leads to another path."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import unquote

from fieldcraft.tools.errors import BrokenTool, ToolError

LONGEST_PATH = 4_000
LONGEST_FILLED = 64_000
"""Characters of a path or server with its values, of which one may have many places; clients send no more."""
_PLACE = re.compile(r"\{([^{}]*)\}")
_PARTS = re.compile(r"[/\\]")
_MOST_QUOTED = 5
"""How often a server might unquote what it was sent, one proxy after the other."""


def check_template(template: str) -> None:
    """Raise `BrokenTool` where a document's path would lead out of its server."""
    if not template.startswith("/") or template.startswith("//"):
        raise BrokenTool("its path does not begin with one `/`")
    if len(template) > LONGEST_PATH:
        raise BrokenTool(f"its path has {len(template):,} characters; at most {LONGEST_PATH:,} are taken")
    if "#" in template or any(leads_away(part) for part in template.partition("?")[0].split("/")):
        raise BrokenTool("its path leads to another path")


def filled_path(template: str, values: Mapping[str, str]) -> str:
    """The template with quoted values in their places; what stands in a value is never a place itself.

    Raises:
        ToolError: with them a part of the path would be none, or lead somewhere else, or the path too long.
    """
    _check_length(template, values)
    path, mark, query = template.partition("?")
    parts = [_filled(part, values) for part in path.split("/")]
    return f"{'/'.join(parts)}{mark}{filled_template(query, values)}"


def _filled(part: str, values: Mapping[str, str]) -> str:
    filled = filled_template(part, values)
    names = [name for name in _PLACE.findall(part) if name in values]
    if names and (not filled or leads_away(filled)):
        raise ToolError(
            f"the parameter {names[0]!r} is part of a path and cannot be {unquote(filled)[:100]!r}"
        )
    return filled


def filled_template(text: str, values: Mapping[str, str]) -> str:
    """`text` with the value of each `{name}` that has one, and nothing replaced in a value.

    Raises:
        ToolError: that would be too long.
    """
    _check_length(text, values)
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), text)


def _check_length(text: str, values: Mapping[str, str]) -> None:
    filled = len(text) + sum(len(values.get(name, "")) for name in _PLACE.findall(text))
    if filled > LONGEST_FILLED:
        raise ToolError(f"its path would have {filled:,} characters; at most {LONGEST_FILLED:,} are sent")


def leads_away(part: str) -> bool:
    """Whether a part of a path is, to any server that reads it, more than a name."""
    text = part
    for _ in range(_MOST_QUOTED):
        names = (name.partition(";")[0].strip() for name in _PARTS.split(_plain(text)))
        if any(name in {".", ".."} for name in names) or any(map(_controls, text)):
            return True
        text, before = unquote(text), text
        if text == before:
            return False
    return True


def _plain(text: str) -> str:
    """As a server might simplify it: some letters stand for one dot, or two."""
    return unicodedata.normalize("NFKC", text)


def _controls(letter: str) -> bool:
    return ord(letter) < 32 or ord(letter) == 127
