"""Calls as text: `[calculator(400/1400) -> 0.29]` (Toolformer, section 2).

The grammar. A name, arguments between parentheses that balance outside of quotes, and, where the call was
made, ` -> ` and a result up to the bracket that closes. In a result a backslash protects the next character;
brackets that pair need none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

OPENING = " ["
"""What a call begins with in running text; its first token is the paper's `<API>`."""
ARROW = "->"
"""What stands between a call and its result; where a decoder stops and runs the tool."""
CLOSING = "]"
_HEAD = re.compile(r"\[\s*([^\W\d]\w*)\s*\(")
_ARROW = re.compile(r"\s*->")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_BEFORE_VALUE = "(,=[{:"
_AFTER_VALUE = ",)]}:"
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\\": "\\\\"}
_UNESCAPES = {"n": "\n", "r": "\r"}


@dataclass(frozen=True)
class InlineCall:
    """A call in a text.

    Attributes:
        name: the tool's, an identifier.
        arguments: what stands between the parentheses, as written; `arguments.read` gives them by name.
        result: the tool's answer as text, or `None` where there is none yet.
    """

    name: str
    arguments: str
    result: str | None = None


@dataclass(frozen=True)
class FoundCall:
    """A call and where it stands: `text[start:end]` is `[...]`."""

    call: InlineCall
    start: int
    end: int


def write(call: InlineCall) -> str:
    """`[name(arguments)]`, with ` -> result` where there is a result. `parse` reads it back unchanged."""
    head = f"[{call.name}({call.arguments})"
    return f"{head}]" if call.result is None else f"{head} {ARROW} {_escaped(call.result)}]"


def parse(text: str) -> InlineCall | None:
    """The call that `text` is, white space around it aside; `None` where it is none."""
    stripped = text.strip()
    found = _call_at(stripped, 0)
    return found.call if found is not None and found.end == len(stripped) else None


def find(text: str, names: Collection[str] | None = None) -> Iterator[FoundCall]:
    """The calls in a text, in order; with `names`, only those of these tools."""
    place = 0
    while (place := text.find("[", place)) >= 0:
        found = _call_at(text, place)
        if found is not None and (names is None or found.call.name in names):
            yield found
            place = found.end
        else:
            place += 1


def insert(text: str, place: int, call: InlineCall) -> str:
    """`text` with the call spliced in before the character at `place`, a space in front of it."""
    return f"{text[:place]} {write(call)}{text[place:]}"


def strip(text: str, names: Collection[str] | None = None) -> str:
    """`text` without its calls and the space in front of each: what `insert` was given."""
    kept, place = [], 0
    for found in find(text, names):
        start = found.start - (text[found.start - 1 : found.start] == " ")
        kept.append(text[place : max(place, start)])
        place = found.end
    return "".join([*kept, text[place:]])


def unfinished(text: str) -> InlineCall | None:
    """The call that `text` ends in just after its arrow, waiting for its result; else `None`.

    Args:
        text: what was written from the opening bracket on.
    """
    head = _head_at(text, 0)
    if head is None:
        return None
    name, arguments, end = head
    arrow = _ARROW.match(text, end)
    return InlineCall(name, arguments) if arrow and not text[arrow.end() :].strip() else None


def closed_arguments(text: str) -> bool:
    """Whether the parentheses of the call that `text` begins with have closed."""
    return _head_at(text, 0) is not None


def balanced(text: str) -> bool:
    """Whether `text` can stand between the parentheses of a call and be found there again."""
    return _arguments_end(f"({text})", 0) == len(text) + 2


def _head_at(text: str, start: int) -> tuple[str, str, int] | None:
    """Name, arguments, and where the head ends."""
    match = _HEAD.match(text, start)
    if match is None:
        return None
    end = _arguments_end(text, match.end() - 1)
    return None if end is None else (match[1], text[match.end() : end - 1], end)


def _call_at(text: str, start: int) -> FoundCall | None:
    head = _head_at(text, start)
    if head is None:
        return None
    name, arguments, end = head
    arrow = _ARROW.match(text, end)
    if arrow is not None:
        begin = arrow.end() + (text[arrow.end() : arrow.end() + 1] == " ")
        read = _result(text, begin)
        return None if read is None else FoundCall(InlineCall(name, arguments, read[0]), start, read[1])
    while text[end : end + 1].isspace():
        end += 1
    if text[end : end + 1] != CLOSING:
        return None
    return FoundCall(InlineCall(name, arguments), start, end + 1)


def _arguments_end(text: str, opening: int) -> int | None:
    """The place after the parenthesis that closes the one at `opening`."""
    waiting = ["("]
    place, before = opening + 1, "("
    while place < len(text):
        letter = text[place]
        if letter in "\"'" and before in _BEFORE_VALUE and (end := quoted_end(text, place)) is not None:
            place, before = end, letter
            continue
        if letter in "([{":
            waiting.append(letter)
        elif letter in _PAIRS:
            if waiting.pop() != _PAIRS[letter]:
                return None
            if not waiting:
                return place + 1
        if not letter.isspace():
            before = letter
        place += 1
    return None


def quoted_end(text: str, start: int) -> int | None:
    """The place after a quoted value at `start`; `None` where the mark there opens none.

    A value is quoted where the closing mark is followed by what ends a value, so that an apostrophe is none.
    """
    mark, place = text[start], start + 1
    while place < len(text):
        if text[place] == "\\":
            place += 2
            continue
        if text[place] == mark:
            rest = text[place + 1 :].lstrip()
            return place + 1 if not rest or rest[0] in _AFTER_VALUE else None
        place += 1
    return None


def _escaped(result: str) -> str:
    text = "".join(_ESCAPES.get(letter, letter) for letter in result)
    if _brackets_pair(result):
        return text
    return text.replace("[", "\\[").replace("]", "\\]")


def _brackets_pair(text: str) -> bool:
    depth = 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if depth < 0:
            return False
    return depth == 0


def _result(text: str, place: int) -> tuple[str, int] | None:
    """A result that begins at `place`, and the place after its closing bracket."""
    letters, depth = [], 0
    while place < len(text):
        letter = text[place]
        if letter == "\\" and place + 1 < len(text):
            letters.append(_UNESCAPES.get(text[place + 1], text[place + 1]))
            place += 2
            continue
        depth += (letter == "[") - (letter == "]")
        if depth < 0:
            return "".join(letters), place + 1
        letters.append(letter)
        place += 1
    return None
