"""Copy a tool's result into plain containers of bounded size: it may be endless, or report a wrong length."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from fieldcraft.common.data import DataError

MOST_CHARACTERS = 8_000_000
"""The most characters of a result that are copied; a number or another value counts as a few."""
MOST_LEVELS = 64
_MOST_OF_AN_ITERATOR = 10_000
_MOST_BITS = 1_000
_OF_A_VALUE = 4


class Taken:
    """The copied part of a result.

    Attributes:
        value: plain containers with the original values.
        cut: whether a part was left out.

    Raises:
        DataError: it is nested too deeply, or holds an integer of too many digits.
    """

    def __init__(self, result: Any) -> None:
        self._left = MOST_CHARACTERS
        self._open: set[int] = set()
        self.cut = False
        self.value = self._take(result)

    def _take(self, value: Any) -> Any:
        self._left -= _OF_A_VALUE
        match value:
            case str():
                return self._text(value)
            case bytes() | bytearray():
                return self._text(bytes(value[:MOST_CHARACTERS]))
            case int() if value.bit_length() > _MOST_BITS:
                raise DataError("it holds an integer of more than 300 digits")
            case dict():
                return self._inside(value, self._pairs)
            case list() | tuple() | set() | frozenset() | deque():
                return self._inside(value, self._items)
            case Iterator():
                return self._inside(islice(value, _MOST_OF_AN_ITERATOR), self._items)
            case _:
                return value

    def _inside(self, value: Any, taking: Any) -> Any:
        """Copy a container; a reference to itself is cut."""
        if id(value) in self._open:
            return "..."
        if len(self._open) >= MOST_LEVELS:
            raise DataError(f"it is nested deeper than {MOST_LEVELS} levels")
        self._open.add(id(value))
        try:
            return taking(value)
        finally:
            self._open.discard(id(value))

    def _items(self, value: Iterable[Any]) -> list[Any]:
        return [self._take(part) for part in self._until_full(value)]

    def _pairs(self, value: dict[Any, Any]) -> dict[Any, Any]:
        return {
            self._text(key) if isinstance(key, str) else key: self._take(part)
            for key, part in self._until_full(dict.items(value))
        }

    def _until_full(self, parts: Iterable[Any]) -> Iterator[Any]:
        for part in parts:
            if self._left <= 0:
                self.cut = True
                return
            yield part

    def _text(self, text: Any) -> Any:
        if len(text) > max(self._left, 0):
            self.cut, text = True, text[: max(self._left, 0)]
        self._left -= len(text)
        return text
