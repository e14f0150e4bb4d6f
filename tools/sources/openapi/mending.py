"""Mend the schemas of published documents: a keyword with a value that JSON Schema does not know is left out.

That costs the keyword and not the operation; the server checks the value itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_LEFT_OUT = {
    *("$anchor", "$comment", "$dynamicAnchor", "$dynamicRef", "$id", "$recursiveAnchor", "$recursiveRef"),
    *("$schema", "$vocabulary", "discriminator", "example", "examples", "externalDocs", "id", "nullable"),
    *("readOnly", "writeOnly", "xml"),
}
"""Keywords that say nothing about a request, or that make another base of references."""
_TYPES = {"array", "boolean", "integer", "null", "number", "object", "string"}
_MEANT = {
    **{"bool": "boolean", "date": "string", "date-time": "string", "dict": "object", "double": "number"},
    **{"file": "string", "float": "number", "int": "integer", "int32": "integer", "int64": "integer"},
    **{"list": "array", "long": "integer", "map": "object", "str": "string", "uuid": "string"},
}
"""Types of other languages that documents name."""
_LONGEST_PATTERN = 1_000


def mended(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords of one schema that are usable, its subschemas excepted, which are taken as they are."""
    kept = {}
    for keyword, value in schema.items():
        if keyword in _LEFT_OUT or keyword.startswith("x-"):
            continue
        sound = _PUT_RIGHT.get(keyword, _unchanged)(value)
        if sound is not None or keyword in {"const", "default"}:
            kept[keyword] = sound
    return kept


def _unchanged(value: Any) -> Any:
    return value


def _of(*kinds: type) -> Callable[[Any], Any]:
    def checked(value: Any) -> Any:
        sound = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
        return value if sound else None

    return checked


def _schema(value: Any) -> Any:
    return value if isinstance(value, dict | bool) else None


def _schemas(value: Any) -> Any:
    """A list of subschemas; what is none is left out."""
    kept = [part for part in value if _schema(part) is not None] if isinstance(value, list) else []
    return kept or None


def _named_schemas(value: Any) -> Any:
    """Subschemas by name; one that is none accepts anything, so that its name stays known."""
    if not isinstance(value, Mapping):
        return None
    return {str(name): part if _schema(part) is not None else {} for name, part in value.items()}


def _items(value: Any) -> Any:
    return _schemas(value) if isinstance(value, list) else _schema(value)


def _type(value: Any) -> Any:
    listed = value if isinstance(value, list) else [value]
    kinds = ["null" if kind is None else _MEANT.get(str(kind).lower(), str(kind)) for kind in listed]
    if not kinds or not _TYPES.issuperset(kinds):
        return None
    return list(dict.fromkeys(kinds)) if isinstance(value, list) else kinds[0]


def _names(value: Any) -> Any:
    if not isinstance(value, list):
        return None
    return [part for part in value if isinstance(part, str)] or None


def _number(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = float(value) if "." in value or "e" in value.lower() else int(value[:300])
        except ValueError:
            return None
    return _of(int, float)(value)


def _count(value: Any) -> Any:
    number = _number(value)
    return number if number is not None and number >= 0 else None


def _positive(value: Any) -> Any:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _limit(value: Any) -> Any:
    """A limit: a number, or in OpenAPI 3.0 whether the limit beside it is exclusive."""
    return value if isinstance(value, bool) else _number(value)


def _pattern(value: Any) -> Any:
    if not isinstance(value, str) or len(value) > _LONGEST_PATTERN:
        return None
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError):
        return None
    return value


def _choices(value: Any) -> Any:
    return value if isinstance(value, list) and value else None


_PUT_RIGHT: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("$ref", "contentEncoding", "contentMediaType", "format"), _of(str)),
    **dict.fromkeys(("description", "title"), _of(str)),
    **dict.fromkeys(("deprecated", "uniqueItems"), _of(bool)),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), _schemas),
    **dict.fromkeys(("definitions", "$defs", "dependentSchemas", "properties"), _named_schemas),
    **dict.fromkeys(("additionalItems", "additionalProperties", "contains", "else", "if"), _schema),
    **dict.fromkeys(("not", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"), _schema),
    **dict.fromkeys(("maximum", "minimum"), _number),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum"), _limit),
    **dict.fromkeys(("maxContains", "maxItems", "maxLength", "maxProperties"), _count),
    **dict.fromkeys(("minContains", "minItems", "minLength", "minProperties"), _count),
    "dependentRequired": _of(dict),
    "dependencies": lambda _: None,
    "enum": _choices,
    "items": _items,
    "multipleOf": _positive,
    "pattern": _pattern,
    "patternProperties": _named_schemas,
    "required": _names,
    "type": _type,
}
