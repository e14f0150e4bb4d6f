"""Untrusted JSON schemas: check that one is valid and small enough, and validate data against it.

A hostile schema may be expensive to check: by references that double at each step, by regular expressions, by
comparisons of all items with all. So its size with every reference followed is counted before it is accepted,
checks without a bound are left to the tool, and a check that takes too many steps is aborted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any
from urllib.parse import unquote

from fieldcraft.common.data import DataError, Limits, bounded
from fieldcraft.tools.errors import BrokenTool

MOST_PARTS = 20_000
"""The most parts (objects, lists, hundreds of characters) of a tool's schema with references followed."""
MOST_STEPS = 60_000
"""The most keywords of a schema that are evaluated in one check."""
LONGEST_CHECK = 0.8
"""Seconds after which a check is aborted."""
LIMITS = Limits(items=100_000)
MOST_COMPLAINTS = 10
_DEEPEST = 200
_TEXT_OF_A_PART = 100

_TYPES = {"array", "boolean", "integer", "null", "number", "object", "string"}
_MAPS = ("$defs", "definitions", "dependentSchemas", "patternProperties", "properties")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_ONE = (
    *("additionalItems", "additionalProperties", "contains", "else", "if", "not", "propertyNames", "then"),
    *("unevaluatedItems", "unevaluatedProperties"),
)
_NUMBERS = ("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf")
_COUNTS = (
    *("maxContains", "maxItems", "maxLength", "maxProperties"),
    *("minContains", "minItems", "minLength", "minProperties"),
)
_TEXTS = ("$anchor", "$dynamicAnchor", "$dynamicRef", "$id", "$ref", "$schema", "pattern")


class CheckGivenUp(Exception):
    """A check took too many steps, or too long."""


def sound_schema(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A tool's schema as validated plain data.

    Raises:
        BrokenTool: it is not a schema of an object, or it is too large.
    """
    try:
        copy: dict[str, Any] = bounded(dict(schema), LIMITS)
        _check(copy, "")
    except DataError as error:
        raise BrokenTool(f"tool {name!r} announces a bad schema: {error}") from error
    if copy.get("type", "object") != "object":
        raise BrokenTool(f"tool {name!r} announces a bad schema: its arguments are not an object")
    parts(name, copy)
    return copy


def parts(name: str, schema: Mapping[str, Any]) -> int:
    """The number of objects and lists of the schema with every internal reference followed.

    A circular reference counts once.

    Raises:
        BrokenTool: there are more than `MOST_PARTS`.
    """
    try:
        return _Expansion(schema).count()
    except DataError as error:
        raise BrokenTool(f"tool {name!r} announces a schema that is too large: {error}") from error


@dataclass
class _Expansion:
    """Walks a schema with its references expanded."""

    root: Mapping[str, Any]
    following: set[str] = field(default_factory=set)
    counted: int = 0

    def count(self) -> int:
        """Definitions count where they are referenced."""
        self._walk({key: part for key, part in self.root.items() if key != "$defs"}, 0)
        return self.counted

    def _walk(self, part: Any, depth: int) -> None:
        if not isinstance(part, dict | list | str):
            return
        self.counted += len(part) // _TEXT_OF_A_PART if isinstance(part, str) else 1
        if self.counted > MOST_PARTS:
            raise DataError(f"with its references followed it has more than {MOST_PARTS:,} parts")
        if depth > _DEEPEST:
            raise DataError(f"with its references followed it is nested deeper than {_DEEPEST} levels")
        if isinstance(part, str):
            return
        for value in part.values() if isinstance(part, dict) else part:
            self._walk(value, depth + 1)
        reference = part.get("$ref") if isinstance(part, dict) else None
        if isinstance(reference, str) and reference not in self.following:
            self.following.add(reference)
            self._walk(_target(self.root, reference), depth + 1)
            self.following.discard(reference)


def _target(root: Any, reference: str) -> Any:
    """The part that `#/$defs/...` names; `None` if it does not exist."""
    if not reference.startswith("#"):
        return None
    found = root
    for key in filter(None, reference[1:].split("/")):
        name = unquote(key).replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = found.get(name)
        elif isinstance(found, list) and name.isascii() and name.isdigit() and len(name) < 7:
            found = next(islice(found, int(name), None), None)
        else:
            return None
    return found


def _check(schema: Any, place: str) -> None:
    """Refuse a keyword with an invalid value; the meta-schema's check would take 100 times as long."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise DataError(f"{str(schema)[:100]!r} is not a schema (at {place or 'its top'})")
    for keyword, value in schema.items():
        here = f"{place}.{keyword}"[-200:].lstrip(".")
        if not _SOUND.get(keyword, _anything)(value):
            raise DataError(f"{str(value)[:100]!r} is not valid (at {here})")
        for name, part in _schemas_in(keyword, value):
            _check(part, f"{here}.{name}" if name else here)


def _schemas_in(keyword: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The subschemas of a keyword, each with its name."""
    if keyword in _MAPS:
        yield from value.items()
    elif keyword in _LISTS or (keyword == "items" and isinstance(value, list)):
        yield from ((str(number), part) for number, part in enumerate(value))
    elif keyword in _ONE or keyword == "items":
        yield "", value
    elif keyword == "dependencies" and isinstance(value, dict):
        yield from ((name, part) for name, part in value.items() if not isinstance(part, list))


def _anything(_: Any) -> bool:
    return True


def _is_type(value: Any) -> bool:
    kinds = value if isinstance(value, list) else [value]
    return all(isinstance(kind, str) and kind in _TYPES for kind in kinds)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and value >= 0


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


_SOUND: dict[str, Callable[[Any], bool]] = {
    **{keyword: lambda value: isinstance(value, dict) for keyword in (*_MAPS, "dependentRequired")},
    **{keyword: lambda value: isinstance(value, list) and bool(value) for keyword in _LISTS},
    **{keyword: lambda value: isinstance(value, str) for keyword in _TEXTS},
    **dict.fromkeys(_NUMBERS, _is_number),
    **dict.fromkeys(_COUNTS, _is_count),
    "enum": lambda value: isinstance(value, list),
    "multipleOf": lambda value: _is_number(value) and value > 0,
    "required": _are_texts,
    "type": _is_type,
    "uniqueItems": lambda value: isinstance(value, bool),
}


class SchemaCheck:
    """Checks data against a schema that `sound_schema` accepted, in bounded time.

    Regular expressions (`pattern`, `patternProperties`) and `unevaluated...` are not checked but left to the
    tool. No external reference is fetched.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        from referencing import Registry

        self._validator = _validator_class(str(schema.get("$schema", "")))(schema, registry=Registry())

    def complaints(self, data: Any) -> list[tuple[Iterable[object], str]]:
        """The first few errors, each with its place.

        Raises:
            CheckGivenUp: the check would take too long.
            BrokenTool: the schema cannot be followed; the message says why.
        """
        from referencing.exceptions import Unresolvable

        token = _effort.set(_Effort())
        try:
            errors = islice(self._validator.iter_errors(data), MOST_COMPLAINTS)
            return [(error.absolute_path, error.message[:200]) for error in errors]
        except CheckGivenUp:
            raise
        except (Unresolvable, RecursionError) as error:
            raise BrokenTool(f"a schema that cannot be followed: {str(error)[:300]}") from error
        except Exception as error:
            raise BrokenTool(f"a schema that cannot be followed: {type(error).__name__}") from error
        finally:
            _effort.reset(token)


@dataclass
class _Effort:
    steps: int = MOST_STEPS
    ends: float = field(default_factory=lambda: time.monotonic() + LONGEST_CHECK)

    def step(self, size: int = 1) -> None:
        self.steps -= size
        if self.steps < 0 or time.monotonic() > self.ends:
            raise CheckGivenUp


_effort: ContextVar[_Effort] = ContextVar("fieldcraft_schema_effort")


@cache
def _validator_class(draft: str) -> Any:
    """A validator of the draft that counts every keyword as a step."""
    from jsonschema import Draft202012Validator, validators

    base = validators.validator_for({"$schema": draft}, default=Draft202012Validator)
    replaced = {**base.VALIDATORS, **_REPLACED}
    replaced["additionalProperties"] = _unless(
        lambda _, schema: "patternProperties" in schema, base.VALIDATORS["additionalProperties"]
    )
    if base is Draft202012Validator:
        replaced["items"] = _unless(lambda value, _: isinstance(value, list), base.VALIDATORS["items"])
    counted = {keyword: _counted(check) for keyword, check in replaced.items() if keyword in base.VALIDATORS}
    return validators.extend(base, counted)  # type: ignore[no-untyped-call]


def _counted(check: Callable[..., Any]) -> Callable[..., Any]:
    def counting(validator: Any, value: Any, data: Any, schema: Any) -> Iterable[Any]:
        _effort.get().step()
        return check(validator, value, data, schema) or ()

    return counting


def _unless(passes: Callable[[Any, Any], bool], check: Callable[..., Any]) -> Callable[..., Any]:
    def checking(validator: Any, value: Any, data: Any, schema: Any) -> Iterable[Any]:
        return () if passes(value, schema) else check(validator, value, data, schema)

    return checking


def _accept(*_: object) -> Iterable[Any]:
    return ()


def _unique(_: Any, wanted: Any, data: Any, __: Any) -> Iterable[Any]:
    """Check `uniqueItems` by the items' text: comparing all pairs would take quadratic time."""
    import json

    from jsonschema import ValidationError

    if wanted and isinstance(data, list):
        texts = {json.dumps(item, sort_keys=True) for item in data}
        if len(texts) < len(data):
            yield ValidationError("it has items that are the same")


_REPLACED: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("pattern", "patternProperties", "unevaluatedItems", "unevaluatedProperties"), _accept),
    "uniqueItems": _unique,
}
