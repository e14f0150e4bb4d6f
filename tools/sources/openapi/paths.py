"""Fill the path template of a request, so that no value changes the path."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import unquote

from fieldcraft.tools.errors import BrokenTool, ToolError

LONGEST_PATH = 4_000
LONGEST_FILLED = 64_000
"""The most characters of a filled path or server; a value may occur in many places."""
_PLACE = re.compile(r"\{([^{}]*)\}")
_PARTS = re.compile(r"[/\\]")
_MOST_QUOTED = 5
"""How often a path may be unquoted, by a chain of proxies."""


def check_template(template: str) -> None:
    """Raise `BrokenTool` if a document's path would lead outside its server."""
    if not template.startswith("/") or template.startswith("//"):
        raise BrokenTool("its path does not begin with one `/`")
    if len(template) > LONGEST_PATH:
        raise BrokenTool(f"its path has {len(template):,} characters; at most {LONGEST_PATH:,} are taken")
    if "#" in template or any(leads_away(part) for part in template.partition("?")[0].split("/")):
        raise BrokenTool("its path leads to another path")


def filled_path(template: str, values: Mapping[str, str]) -> str:
    """The template with quoted values filled in; braces in a value are not filled again.

    Raises:
        ToolError: a segment of the path would be empty or lead elsewhere, or the path would be too long.
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
    """`text` with each `{name}` replaced by its value, if it has one; values are not filled again.

    Raises:
        ToolError: the result would be too long.
    """
    _check_length(text, values)
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), text)


def _check_length(text: str, values: Mapping[str, str]) -> None:
    filled = len(text) + sum(len(values.get(name, "")) for name in _PLACE.findall(text))
    if filled > LONGEST_FILLED:
        raise ToolError(f"its path would have {filled:,} characters; at most {LONGEST_FILLED:,} are sent")


def leads_away(part: str) -> bool:
    """Whether any server may interpret a segment of a path as more than a name."""
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
    """The segment as a server may normalize it: some characters become one or two dots."""
    return unicodedata.normalize("NFKC", text)


def _controls(letter: str) -> bool:
    return ord(letter) < 32 or ord(letter) == 127
