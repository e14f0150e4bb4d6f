"""How the value of a parameter is written into a request (OpenAPI 3, "Style Values")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from openapi_pydantic import Parameter

from fieldcraft.tools.errors import ToolError

_DELIMITERS = {"spaceDelimited": " ", "pipeDelimited": "|"}


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
    name, style = parameter.name, parameter.style or "form"
    explode = parameter.explode if parameter.explode is not None else style == "form"
    if (content := plain_content(parameter, value)) is not None:
        return [(name, content)]
    if isinstance(value, Mapping):
        if style == "deepObject":
            return _deep(name, value)
        if explode:
            return [(str(key), plain(part)) for key, part in value.items()]
        value = [part for pair in value.items() for part in pair]
    if isinstance(value, list):
        parts = [plain(part) for part in value]
        return (
            [(name, part) for part in parts] if explode else [(name, _DELIMITERS.get(style, ",").join(parts))]
        )
    return [(name, plain(value))]


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
    """The value as JSON, if the parameter specifies a content type."""
    return json.dumps(value, ensure_ascii=False) if parameter.content else None


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


def _deep(name: str, value: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, part in value.items():
        inner = f"{name}[{key}]"
        if isinstance(part, Mapping):
            found += _deep(inner, part)
        elif isinstance(part, list):
            found += [(inner, plain(item)) for item in part]
        else:
            found.append((inner, plain(part)))
    return found


def _quoted(value: Any) -> str:
    return quote(plain(value), safe="")
