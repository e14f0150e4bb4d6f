"""Calls as text: `[calculator(400/1400) -> 0.29]` (Toolformer, section 2).

The grammar. A name, arguments between parentheses that balance outside of quotes, and, where the call was
made, ` -> ` and a result up to the bracket that closes. In a result a backslash protects the next character;
brackets that pair need none.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

OPENING = " ["
"""What a call begins with in running text; its first token is the paper's `<API>`."""
ARROW = "->"
"""What stands between a call and its result; where a decoder stops and runs the tool."""
CLOSING = "]"
_HEAD = re.compile(r"\[\s*([^\W\d]\w*)\s*\(")
_ARROW = re.compile(r"\s*->")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_BEFORE_VALUE = "(,=[{:"
_VALUE_END = re.compile(r"\s*+(?:[,)\]}:]|\Z)")
_MARK = re.compile(r"\\.|[\[\]]", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
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
    found = _call_at(stripped, 0, _Brackets(stripped))
    return found.call if found is not None and found.end == len(stripped) else None


def find(text: str, names: Collection[str] | None = None) -> Iterator[FoundCall]:
    """The calls in a text, in order; with `names`, only those of these tools."""
    place = 0
    brackets = _Brackets(text)
    while (place := text.find("[", place)) >= 0:
        found = _call_at(text, place, brackets)
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
    head = _head_at(text, 0, _Brackets(text))
    if head is None:
        return None
    name, arguments, end = head
    arrow = _ARROW.match(text, end)
    return InlineCall(name, arguments) if arrow and not text[arrow.end() :].strip() else None


def closed_arguments(text: str) -> bool:
    """Whether the parentheses of the call that `text` begins with have closed."""
    return _head_at(text, 0, _Brackets(text)) is not None


def balanced(text: str) -> bool:
    """Whether `text` can stand between the parentheses of a call and be found there again."""
    return _Brackets(f"({text})").arguments_end(0) == len(text) + 2


def _head_at(text: str, start: int, brackets: _Brackets) -> tuple[str, str, int] | None:
    """Name, arguments, and where the head ends."""
    match = _HEAD.match(text, start)
    if match is None:
        return None
    end = brackets.arguments_end(match.end() - 1)
    return None if end is None else (match[1], text[match.end() : end - 1], end)


def _call_at(text: str, start: int, brackets: _Brackets) -> FoundCall | None:
    head = _head_at(text, start, brackets)
    if head is None:
        return None
    name, arguments, end = head
    arrow = _ARROW.match(text, end)
    if arrow is not None:
        begin = arrow.end() + (text[arrow.end() : arrow.end() + 1] == " ")
        closing = brackets.result_end(begin)
        if closing is None:
            return None
        return FoundCall(InlineCall(name, arguments, _unescaped(text[begin:closing])), start, closing + 1)
    while text[end : end + 1].isspace():
        end += 1
    if text[end : end + 1] != CLOSING:
        return None
    return FoundCall(InlineCall(name, arguments), start, end + 1)


class _Brackets:
    """Where the brackets of a text close, found once: it may be full of beginnings of calls."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends: dict[int, int | None] = {}

    def arguments_end(self, opening: int) -> int | None:
        """The place after the parenthesis that closes the one at `opening`, quotes left out."""
        if opening not in self._ends:
            self._search(opening)
        return self._ends[opening]

    def _search(self, opening: int) -> None:
        """Note the end of every bracket met: a search from there would see the same."""
        text, ends = self._text, self._ends
        waiting = [opening]
        ends[opening] = None
        place, before = opening + 1, "("
        while place < len(text) and waiting:
            letter = text[place]
            if letter in "\"'" and before in _BEFORE_VALUE and (end := quoted_end(text, place)) is not None:
                place, before = end, letter
                continue
            if letter in "([{":
                waiting.append(place)
                ends[place] = None
            elif letter in _PAIRS:
                begin = waiting.pop()
                if text[begin] != _PAIRS[letter]:
                    return
                ends[begin] = place + 1
            if not letter.isspace():
                before = letter
            place += 1

    def result_end(self, begin: int) -> int | None:
        """The place of the bracket that closes what stands around the result at `begin`."""
        number = bisect_left(self._marks, begin)
        return self._closings[number] if number < len(self._marks) else None

    @cached_property
    def _marks(self) -> list[int]:
        """The places of the square brackets that no backslash stands before."""
        return [found.start() for found in _MARK.finditer(self._text) if found[0][0] != "\\"]

    @cached_property
    def _closings(self) -> list[int | None]:
        """For each mark, the place of the first one from there on that closes more than opens between."""
        closings: list[int | None] = [None] * len(self._marks)
        following: list[int] = []
        for number in range(len(self._marks) - 1, -1, -1):
            if self._text[self._marks[number]] == CLOSING:
                following.append(self._marks[number])
            elif following:
                following.pop()
            closings[number] = following[-1] if following else None
        return closings


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
            return place + 1 if _VALUE_END.match(text, place + 1) else None
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


def _unescaped(result: str) -> str:
    return _ESCAPED.sub(lambda found: _UNESCAPES.get(found[1], found[1]), result)
