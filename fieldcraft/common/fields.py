"""Types for the fields of pydantic models that hold what others made, and that are kept.

What a field of these types takes can be written as JSON and read back equal: text is valid Unicode, numbers
are finite, data is neither deep nor large. What is beyond a bound is cut by rule, with a mark; cutting what
was cut changes nothing. Nothing is refused but what is no text or no number at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from pydantic_core import PydanticSerializationError, to_jsonable_python

from fieldcraft.common.text import cut_text, valid_text

TEXT_LIMIT = 1_000_000
"""Characters of one text."""
DEPTH_LIMIT = 100
"""Lists and objects inside one another in a value; pydantic's parser reads 200 in a whole event."""
ITEM_LIMIT = 250_000
"""Values in one value, its parts included."""
DIGIT_LIMIT = 300
"""Digits of an integer in a value."""
LARGEST_COUNT = 10**18
LARGEST_AMOUNT = 1e15
LATEST_MOMENT = 1e11
"""Seconds since the epoch; every calendar knows the year 5138."""

FOR_FILES = {"for": "files"}
"""The serialization context for files: secret values are left out, names are kept."""

_MARK = "[cut: "
_DEEP = f"{_MARK}nested deeper than {DEPTH_LIMIT} levels]"
_MANY = f"{_MARK}more than {ITEM_LIMIT:,} values]"
_DIGITS = f"{_MARK}an integer of more than {DIGIT_LIMIT} digits]"
_NO_DATA = f"{_MARK}no data]"
_MARKS = frozenset({_DEEP, _MANY, _DIGITS, _NO_DATA})
_TOO_LARGE = 10**DIGIT_LIMIT

T = TypeVar("T")


def serialized(dump: Callable[[], T]) -> T:
    """What `dump` makes of a model whose serializers are written in Python; a Ctrl-C meanwhile stays one.

    Pydantic turns whatever is raised inside such a serializer into its own error, a Ctrl-C too, and that is a
    `ValueError`. What fails because of the data fails again; an error that does not come back is an
    interrupt.

    Raises:
        KeyboardInterrupt: it came while the model was serialized.
        PydanticSerializationError: a serializer fails.
    """
    try:
        return dump()
    except PydanticSerializationError as error:
        result = dump()
        if KeyboardInterrupt.__name__ in str(error):
            raise KeyboardInterrupt from None
        return result


def fitted_text(text: str, limit: int = TEXT_LIMIT) -> str:
    """`text` as valid Unicode of at most `limit` characters, with a mark where it was cut."""
    if not text.isascii():
        text = valid_text(text)
    if len(text) <= limit:
        return text
    return cut_text(text, limit, mark=f"\n{_MARK}{limit:,} of {len(text):,} characters]")


def fitted(value: Any, *, text: int = TEXT_LIMIT, items: int = ITEM_LIMIT) -> Any:
    """`value` as JSON data within bounds. What JSON does not know becomes what pydantic makes of it.

    Args:
        value: anything; what holds itself is cut where it is too deep or too much.
        text: characters of each text in it.
        items: values in it.
    """
    return _Fitter(text, items).fit(value, 0)


class _Fitter:
    def __init__(self, text: int, items: int) -> None:
        self._text = text
        self._left = items

    def fit(self, value: Any, depth: int) -> Any:
        match value:
            case None | bool():
                return value
            case str():
                return fitted_text(str(value), self._text)
            case int():
                return int(value) if abs(value) < _TOO_LARGE else _DIGITS
            case float():
                return float(value) if math.isfinite(value) else _named(value)
            case dict() | list() | tuple():
                return self._container(value, depth)
            case _:
                return self._other(value, depth)

    def _container(self, value: dict[Any, Any] | list[Any] | tuple[Any, ...], depth: int) -> Any:
        if depth >= DEPTH_LIMIT:
            return _DEEP
        if isinstance(value, dict):
            return self._object(value, depth)
        parts: list[Any] = []
        for part in value:
            if not self._may_hold(part):
                parts.append(_MANY)
                break
            parts.append(self.fit(part, depth + 1))
        return parts

    def _object(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for key, part in value.items():
            if not self._may_hold(part):
                members[_MANY] = _MANY
                break
            members[fitted_text(_shown(key), self._text)] = self.fit(part, depth + 1)
        return members

    def _may_hold(self, part: Any) -> bool:
        """Whether one more value is let in; marks cost nothing, so that cutting twice is cutting once."""
        if isinstance(part, str) and part in _MARKS:
            return True
        self._left -= 1
        return self._left >= 0

    def _other(self, value: Any, depth: int) -> Any:
        try:
            plain = value.tolist() if hasattr(value, "tolist") else value  # NumPy's numbers and arrays
            data = to_jsonable_python(
                plain, bytes_mode="base64", inf_nan_mode="constants", serialize_unknown=True
            )
        except Exception:  # of a type that others wrote
            return _NO_DATA
        if data is None or isinstance(data, str | int | float | dict | list | tuple):
            return self.fit(data, depth)
        return _NO_DATA


def _named(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _shown(key: Any) -> str:
    if isinstance(key, int) and not isinstance(key, bool) and abs(key) >= _TOO_LARGE:
        return _DIGITS
    try:
        return str(key)
    except Exception:  # of a type that others wrote
        return _NO_DATA


def _count(value: int) -> int:
    if -LARGEST_COUNT <= value <= LARGEST_COUNT:
        return value
    return LARGEST_COUNT if value > 0 else -LARGEST_COUNT


def _counts(counts: dict[str, int]) -> dict[str, int]:
    """All at once: most have nothing to mend, and worlds show dozens at each step."""
    names, numbers = "".join(counts), counts.values()
    small = max(numbers, default=0) <= LARGEST_COUNT and min(numbers, default=0) >= -LARGEST_COUNT
    if small and names.isascii() and len(names) <= TEXT_LIMIT:
        return counts
    return {fitted_text(name): _count(number) for name, number in counts.items()}


def _texts(texts: list[str]) -> list[str]:
    whole = "".join(texts)
    if whole.isascii() and len(whole) <= TEXT_LIMIT:
        return texts
    return [fitted_text(text) for text in texts]


def _number(value: Any) -> Any:
    """What was written for a number that was none (`null`) reads as nothing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return 0.0
    return value


def _amount(value: float) -> float:
    return max(-LARGEST_AMOUNT, min(value, LARGEST_AMOUNT))


def _moment(value: float) -> float:
    return max(0.0, min(value, LATEST_MOMENT))


Text = Annotated[str, AfterValidator(fitted_text)]
"""Text of others."""
Data = Annotated[Any, AfterValidator(fitted)]
"""JSON data of others."""
Count = Annotated[int, AfterValidator(_count)]
"""A whole number, no further from 0 than `LARGEST_COUNT`."""
Counts = Annotated[dict[str, int], AfterValidator(_counts)]
"""Whole numbers by name."""
Texts = Annotated[list[str], AfterValidator(_texts)]
"""A list of texts of others."""
Amount = Annotated[float, BeforeValidator(_number), AfterValidator(_amount)]
"""A measured quantity (seconds, money), no further from 0 than `LARGEST_AMOUNT`; undefined is 0."""
Moment = Annotated[float, BeforeValidator(_number), AfterValidator(_moment)]
"""A time in seconds since the epoch, which a calendar can show."""


class Brief(BaseModel):
    """Data of which a file holds many: written for files without the fields that have their default value.

    The field `type`, by which readers tell kinds of data apart, is always written.
    """

    @model_serializer(mode="wrap")
    def _brief(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo[Any]) -> dict[str, Any]:
        written: dict[str, Any] = handler(self)
        if info.context != FOR_FILES:
            return written
        fields = type(self).model_fields
        return {
            name: value
            for name, value in written.items()
            if name == "type" or fields[name].is_required() or getattr(self, name) != fields[name].default
        }
