"""JSON and YAML that others wrote, read within bounds. The one error is `DataError`.

Without bounds a reader can be made to crash (nesting), hang (digits, aliases) or fill memory (size, items);
and what it lets in may be impossible to write down and read back.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from fieldcraft.common.errors import ForeignFault
from fieldcraft.common.text import valid_text


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of foreign data is read.

    Attributes:
        size: bytes of the text (UTF-8).
        depth: lists and objects inside one another.
        items: values in all, keys not counted; each time an alias stands for a value counts.
        digits: of an integer.
        aliases: in YAML.
    """

    size: int = 8_000_000
    depth: int = 64
    items: int = 250_000
    digits: int = 300
    aliases: int = 100


class DataError(ForeignFault, ValueError):
    """Foreign data that is malformed or beyond a bound; the message says which, in one line."""


DEFAULT = Limits()
_MOST_PARSED = 500
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")


def read_json(text: str | bytes, limits: Limits = DEFAULT) -> Any:
    """The value of a JSON text. Its strings are valid Unicode; `NaN` and infinities are refused.

    Raises:
        DataError: it is no JSON, or beyond a bound.
    """
    try:
        raw = valid_text(text).encode() if isinstance(text, str) else text
    except UnicodeError as error:
        raise DataError(f"the text cannot be encoded: {error}") from None
    _check_size(len(raw), limits)
    check_shape(raw, limits)
    try:
        value = json.loads(
            raw.decode("utf-8-sig"),
            parse_int=lambda digits: _integer(digits, limits),
            parse_float=_number,
            parse_constant=_no_number,
        )
    except DataError:
        raise
    except UnicodeDecodeError as error:
        raise DataError(f"it is not UTF-8 (byte {error.start})") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"it is no valid JSON: {error}") from None
    return bounded(value, limits)


def read_json_parts(raw: bytes, limits: Limits = DEFAULT) -> Any:
    """The value of a JSON text of which one bad part shall not cost the others; hand each to `bounded`.

    An integer of too many digits becomes a number that is not finite, and what lies deeper than `limits` is
    left out beyond one level more, so that `bounded` refuses the part that holds it. Text may hold lone
    surrogates, which `bounded` replaces.

    Raises:
        DataError: it is no JSON, or too large, or of more than some hundred levels.
    """
    _check_size(len(raw), limits)
    check_shape(raw, replace(limits, depth=_MOST_PARSED))
    try:
        value = json.loads(
            raw.decode("utf-8-sig", "replace"),
            parse_int=lambda digits: int(digits) if len(digits) <= limits.digits else math.inf,
        )
    except (ValueError, RecursionError) as error:
        raise DataError(f"it is no valid JSON: {str(error)[:200]}") from None
    return _pruned(value, limits.depth + 1) if raw.count(b"[") + raw.count(b"{") > limits.depth else value


def _pruned(value: Any, levels: int) -> Any:
    """The value down to a level."""
    match value:
        case dict() if levels > 0:
            return {key: _pruned(part, levels - 1) for key, part in value.items()}
        case list() if levels > 0:
            return [_pruned(part, levels - 1) for part in value]
        case dict() | list():
            return None
        case _:
            return value


def bounded(value: Any, limits: Limits = DEFAULT) -> Any:
    """JSON data (`None`, booleans, numbers, text, lists, dictionaries) within bounds, as an equal copy.

    Text is made valid Unicode, keys become text, tuples become lists. What passes here can be written as JSON
    and read back, by this module and by pydantic.

    Raises:
        DataError: it is beyond a bound, holds itself, or is no JSON data.
    """
    return _Copier(limits).copy(value, 0)


@cache
def _power_of_ten(digits: int) -> int:
    return int(10**digits)


class _Copier:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._items = 0
        self._too_large = _power_of_ten(limits.digits)

    def copy(self, value: Any, depth: int) -> Any:
        self._items += 1
        if self._items > self._limits.items:
            raise DataError(f"it holds more than {self._limits.items:,} values")
        match value:
            case str():
                return valid_text(value)
            case None | bool():
                return value
            case int():
                return self._checked_integer(value)
            case float():
                return _finite(value)
            case dict() | list() | tuple():
                if depth >= self._limits.depth:
                    raise DataError(f"it is nested deeper than {self._limits.depth} levels")
                if isinstance(value, dict):
                    return {self._key(key): self.copy(part, depth + 1) for key, part in value.items()}
                return [self.copy(part, depth + 1) for part in value]
            case _:
                raise DataError(f"it holds a {type(value).__name__}, which is no JSON data")

    def _key(self, key: Any) -> str:
        if isinstance(key, str):
            return valid_text(key)
        if isinstance(key, int) and not isinstance(key, bool):
            return str(self._checked_integer(key))
        return valid_text(str(key)) if isinstance(key, float | bool) or key is None else _no_key(key)

    def _checked_integer(self, value: int) -> int:
        if abs(value) >= self._too_large:
            raise DataError(f"it holds an integer of more than {self._limits.digits} digits")
        return value


def _no_key(key: object) -> str:
    raise DataError(f"it has a key that is a {type(key).__name__}")


def _integer(digits: str, limits: Limits) -> int:
    if len(digits.lstrip("-")) > limits.digits:
        raise DataError(f"it holds an integer of {len(digits):,} digits; at most {limits.digits} are read")
    return int(digits)


def _number(text: str) -> float:
    return _finite(float(text))


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise DataError("it holds a number that is infinite or none (NaN)")
    return value


def _no_number(word: str) -> float:
    raise DataError(f"it holds {word}, which JSON does not know")


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.size:
        raise DataError(f"it has {size:,} bytes; at most {limits.size:,} are read")


def check_shape(raw: bytes, limits: Limits) -> None:
    """Count brackets and commas outside strings, so that no parser meets what is too deep or too much.

    Raises:
        DataError: the JSON text has more values or levels than `limits` allow.
    """
    brackets = raw.count(b"[") + raw.count(b"{")
    if brackets <= limits.depth and raw.count(b",") < limits.items:
        return
    bare = _QUOTED.sub(b"", raw)
    if bare.count(b",") + bare.count(b"[") + bare.count(b"{") > limits.items:
        raise DataError(f"it holds more than {limits.items:,} values")
    depth = 0
    for bracket in _BRACKETS.findall(bare):
        depth += 1 if bracket in b"[{" else -1
        if depth > limits.depth:
            raise DataError(f"it is nested deeper than {limits.depth} levels")
