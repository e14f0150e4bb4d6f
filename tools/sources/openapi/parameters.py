"""How the value of a parameter is written into a request (OpenAPI 3, "Style Values")."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

from fieldcraft.tools.errors import ToolError

_DELIMITERS = {"spaceDelimited": " ", "pipeDelimited": "|"}
_RESERVED = ":/?@!$'()*,;[]"
"""Reserved characters that end neither a pair nor the query."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation.

    Attributes:
        name: its name in the request.
        place: `path`, `query`, `header` or `cookie`.
        style: how lists and objects are written; `None` for the default of its place.
        explode: whether each item stands for itself; `None` for the default of the style.
        content: the content type that its value is written in, instead of a style.
        reserved: reserved characters are sent unquoted.
    """

    name: str
    place: str
    style: str | None = None
    explode: bool | None = None
    content: str | None = None
    reserved: bool = False


def plain(value: Any) -> str:
    """A value as text; values other than texts are written as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def in_path(parameter: Parameter, value: Any) -> str:
    """The quoted value for a path segment.

    Raises:
        ToolError: the value is empty, `.` or `..`.
    """
    name, explode = parameter.name, parameter.explode is True
    match parameter.style:
        case "label":
            text = "." + _simple(value, explode, joint="." if explode else ",")
        case "matrix":
            text = _matrix(name, value, explode)
        case _:
            content = plain_content(parameter, value)
            text = _simple(value, explode) if content is None else _quoted(content)
    if text in {"", ".", ".."}:
        raise ToolError(f"the parameter {name!r} is part of a path and cannot be {text!r}")
    return text


def in_query(parameter: Parameter, value: Any) -> list[tuple[str, str]]:
    """The pairs that encode the value in a query (and, in the same way, in a cookie)."""
    return pairs_of(parameter, value)


def pairs_of(parameter: Parameter, value: Any, *, indexed: bool = False) -> list[tuple[str, str]]:
    """The pairs that encode the value in a query or a form.

    Args:
        parameter: says how.
        value: of the argument.
        indexed: number all items of lists in a `deepObject` (`name[key][0]=value`), as servers read forms;
            else texts and numbers have the same name, as servers read queries. OpenAPI leaves both open.
    """
    name, style = parameter.name, parameter.style or "form"
    explode = parameter.explode if parameter.explode is not None else style == "form"
    if (content := plain_content(parameter, value)) is not None:
        return [(name, content)]
    if style == "deepObject" and isinstance(value, Mapping | list):
        return list(_deep(name, value, indexed or isinstance(value, list)))
    if isinstance(value, Mapping):
        if explode:
            return [(str(key), plain(part)) for key, part in value.items()]
        value = [part for pair in value.items() for part in pair]
    if isinstance(value, list):
        parts = [plain(part) for part in value]
        if explode:
            return [(name, part) for part in parts]
        return [(name, _DELIMITERS.get(style, ",").join(parts))]
    return [(name, plain(value))]


def query_text(parameter: Parameter, value: Any, *, indexed: bool = False, blank: str = "%20") -> str:
    """The value as a quoted part of a query, or of a form where a blank is `+`."""
    safe = _RESERVED if parameter.reserved else ""
    quoted = quote_plus if blank == "+" else quote
    listed = isinstance(value, list | Mapping) and parameter.content is None
    if listed and parameter.explode is False and parameter.style in {None, "form"}:
        items = value if isinstance(value, list) else [part for pair in value.items() for part in pair]
        return f"{quoted(parameter.name, '')}={','.join(quoted(plain(item), safe) for item in items)}"
    pairs = pairs_of(parameter, value, indexed=indexed)
    return "&".join(f"{quoted(name, '')}={quoted(text, safe)}" for name, text in pairs)


def in_header(parameter: Parameter, value: Any) -> str:
    """The value for a header.

    Raises:
        ToolError: it contains control characters, which would end the header.
    """
    content = plain_content(parameter, value)
    text = _joined(value, parameter.explode is True) if content is None else content
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ToolError(f"the parameter {parameter.name!r} is a header and cannot hold control characters")
    return text


def plain_content(parameter: Parameter, value: Any) -> str | None:
    """The value in the content type that the parameter specifies, if any: a text, or JSON."""
    if not parameter.content:
        return None
    is_text = isinstance(value, str) and "json" not in parameter.content
    return value if is_text else json.dumps(value, ensure_ascii=False)


def _joined(value: Any, explode: bool, joint: str = ",") -> str:
    if isinstance(value, Mapping):
        between = "=" if explode else joint
        return joint.join(f"{key}{between}{plain(part)}" for key, part in value.items())
    return joint.join(map(plain, value)) if isinstance(value, list) else plain(value)


def _simple(value: Any, explode: bool, joint: str = ",") -> str:
    if isinstance(value, Mapping):
        between = "=" if explode else joint
        return joint.join(f"{_quoted(key)}{between}{_quoted(part)}" for key, part in value.items())
    return joint.join(map(_quoted, value)) if isinstance(value, list) else _quoted(value)


def _matrix(name: str, value: Any, explode: bool) -> str:
    if explode and isinstance(value, Mapping):
        return "".join(f";{_quoted(key)}={_quoted(part)}" for key, part in value.items())
    if explode and isinstance(value, list):
        return "".join(f";{_quoted(name)}={_quoted(part)}" for part in value)
    return f";{_quoted(name)}={_simple(value, explode=False)}"


def _deep(name: str, value: Any, indexed: bool) -> Iterator[tuple[str, str]]:
    """The pairs of `name[key][0]=value`; null is left out, as in a form."""
    named = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, part in named:
        inner = f"{name}[{key}]"
        if part is None:
            continue
        if isinstance(part, Mapping) or (isinstance(part, list) and (indexed or any(map(_is_nested, part)))):
            yield from _deep(inner, part, indexed)
        elif isinstance(part, list):
            yield from ((inner, plain(item)) for item in part)
        else:
            yield inner, plain(part)


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping | list)


def _quoted(value: Any) -> str:
    return quote(plain(value), safe="")
