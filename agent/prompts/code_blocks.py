"""The code blocks of an answer, fenced in any way that Markdown has, and in some that it has not."""

from __future__ import annotations

import re
from typing import NamedTuple

_OPENING = re.compile(r"(?P<indent>[ \t]*+)(?P<fence>`{3,}+|~{3,}+)[ \t]*+(?P<info>[^`\n]*+)")
_IN_A_LINE = re.compile(
    r"(?P<indent>)[^`~\n]*+(?P<fence>`{3,}+|~{3,}+)[ \t]*+(?P<info>python3?|py3?|javascript|js)[ \t]*+",
    re.IGNORECASE,
)
"""A fence after other text of its line, as some models open one: the language must be all that follows."""
_AFTER = r"[ \t]*+(?:</?[\w|]{1,30}>|<\|[\w/]{1,30}\|>|[ \t])*+"
"""What may stand after a closing fence: tags of a template, or those of an answer."""
_CLOSING = re.compile(rf"(?P<indent>[ \t]*+)(?P<fence>`{{3,}}+|~{{3,}}+){_AFTER}")
_AT_END = re.compile(rf"(?P<line>.*?[^`~\s])[ \t]*+(?P<fence>`{{3,}}+|~{{3,}}+){_AFTER}")
_INNER = 4
"""Columns beyond its opening fence from which on a fence is part of the code."""
_WORD = re.compile(r"[{.]*([\w+#]+)")
_OF_TEXTS = frozenset({"markdown", "md"})
"""Blocks that hold text, and in it the block with the code."""


class Block(NamedTuple):
    """A code block: the first word after its opening fence, and its source."""

    language: str
    source: str


def blocks_in(text: str) -> tuple[list[Block], bool]:
    """The code blocks, and whether all are closed. The last may be closed at the end of its last line."""
    blocks: list[Block] = []
    opening: re.Match[str] | None = None
    inside: list[str] = []
    for line in text.lstrip("\ufeff\u200b").replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if opening is None or (_in_a_line(opening) and inside in ([], [""]) and _opening(line)):
            opening, inside = _opening(line) or _IN_A_LINE.fullmatch(line), []
        elif _closes(opening, _CLOSING.fullmatch(line)):
            blocks.append(_block(opening, inside))
            opening = None
        else:
            inside.append(line)
    while inside and not inside[-1].strip():
        inside.pop()
    if opening is not None and inside:
        end = _AT_END.fullmatch(inside[-1])
        if end is not None and _closes(opening, end):
            blocks.append(_block(opening, [*inside[:-1], end["line"]]))
            opening = None
    return blocks, opening is None


def _opening(line: str) -> re.Match[str] | None:
    found = _OPENING.fullmatch(line)
    return None if found is None or found["info"].strip().lower() in _OF_TEXTS else found


def _in_a_line(opening: re.Match[str]) -> bool:
    return opening.re is _IN_A_LINE


def _closes(opening: re.Match[str], closing: re.Match[str] | None) -> bool:
    if closing is None:
        return False
    fence, end = opening["fence"], closing["fence"]
    inner = len(closing.groupdict().get("indent") or "") >= len(opening["indent"]) + _INNER
    return fence[0] == end[0] and len(end) >= len(fence) and not inner


def _block(opening: re.Match[str], inside: list[str]) -> Block:
    """A block, without the indentation that its lines share with their opening fence, as within a list."""
    word = _WORD.match(opening["info"])
    indents = [len(line) - len(line.lstrip(" \t")) for line in inside if line.strip()]
    shared = [] if _in_a_line(opening) else [len(opening["indent"])]
    width = min([*shared, *indents], default=0)
    lines = [line[width:] if line.strip() else "" for line in inside] if width else inside
    return Block(word[1].lower() if word else "", "".join(f"{line}\n" for line in lines))
