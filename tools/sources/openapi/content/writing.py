"""Write the body of a request (OpenAPI 3.1.1 and 3.0.4, "Encoding Object")."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.sources.openapi.content.files import OCTETS, uploaded
from fieldcraft.tools.sources.openapi.content.media import Body, Part, chosen_for, family, fitting, sent_as
from fieldcraft.tools.sources.openapi.content.xml import written
from fieldcraft.tools.sources.openapi.parameters import Parameter, pairs_of, plain, query_text

_PLAIN = Part()
Field = tuple[str, tuple[str | None, bytes, str] | tuple[None, bytes]]
"""A part of a multipart form as httpx takes it."""


def content_of(body: Body, arguments: Mapping[str, Any], folders: Sequence[str]) -> dict[str, Any]:
    """The arguments for `httpx.Request` that set its body and its content type.

    Args:
        body: how it is written.
        arguments: of the call.
        folders: from which files may be read.

    Raises:
        ToolError: the argument cannot be written so.
    """
    if body.argument not in arguments:
        return {}
    value = arguments[body.argument]
    chosen = str(arguments.get(body.choice or "", "")) or chosen_for(body.media, value)
    kind = family(chosen)
    if kind == "multipart" and isinstance(value, Mapping):
        fields = [field for name, part in value.items() for field in _fields(name, part, body.parts, folders)]
        return {"files": fields or [("", (None, b""))]}
    if kind == "binary" and isinstance(value, str | Mapping):
        return _binary(body, value, chosen, folders)
    return _with_type(_text_content(body, value, kind), sent_as(chosen))


def _text_content(body: Body, value: Any, kind: str) -> bytes:
    """The body in a family of text."""
    match kind:
        case "json":
            return _json(value)
        case "lines":
            return b"".join(_line(line) for line in (value if isinstance(value, list) else [value]))
        case "form" if isinstance(value, Mapping):
            pairs = (_form(name, part, body.parts) for name, part in value.items())
            return "&".join(filter(None, pairs)).encode()
        case "xml" if body.xml is not None and not isinstance(value, str):
            return written(body.xml, value)
        case _:
            return plain(value).encode()


def _with_type(content: bytes, media: str) -> dict[str, Any]:
    return {"content": content, "headers": {"Content-Type": media}}


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _line(value: Any) -> bytes:
    text = value.encode() if isinstance(value, str) else _json(value)
    return text if text.endswith(b"\n") else text + b"\n"


def _binary(body: Body, value: Any, chosen: str, folders: Sequence[str]) -> dict[str, Any]:
    """A file; or an object of another kind as JSON, under the content type that the document names."""
    if isinstance(value, Mapping) and not value.keys() <= {"path", "base64", "text", "name", "type"}:
        return _with_type(_json(value), sent_as(chosen))
    file = uploaded(value, folders)
    content = base64.b64encode(file.content) if body.base64 and not isinstance(value, str) else file.content
    return _with_type(content, sent_as(chosen, file.media))


def _form(name: str, value: Any, parts: Mapping[str, Part]) -> str:
    """One property of a form as `name=value&...`; nothing for null.

    Without a style, an object is written as JSON and each item of a list has a pair of its own.
    """
    part = parts.get(name, _PLAIN)
    if value is None:
        return ""
    if part.style is not None:
        parameter = Parameter(name, "query", style=part.style, explode=part.explode, reserved=part.reserved)
        return query_text(parameter, value, indexed=True, blank="+")
    as_parameter = Parameter(name, "query")
    items = value if isinstance(value, list) else [value]
    return "&".join(query_text(as_parameter, _value(item, part), blank="+") for item in items)


def _value(item: Any, part: Part) -> str:
    """An item of a form as text; a content type of JSON makes a text JSON too."""
    as_json = isinstance(item, str) and any(family(media) == "json" for media in part.media)
    return json.dumps(item) if as_json else plain(item)


def _fields(name: str, value: Any, parts: Mapping[str, Part], folders: Sequence[str]) -> Iterator[Field]:
    """The parts of a multipart form that one property becomes; none for null."""
    part = parts.get(name, _PLAIN)
    if value is None:
        return
    if part.style is not None and not part.file:
        parameter = Parameter(name, "query", style=part.style, explode=part.explode)
        for key, text in pairs_of(parameter, value, indexed=True):
            yield key, (None, text.encode())
        return
    for item in value if isinstance(value, list) else [value]:
        yield name, _file(name, item, part, folders) if part.file else _text(item, part)


def _text(item: Any, part: Part) -> tuple[None, bytes, str] | tuple[None, bytes]:
    content = _value(item, part).encode()
    default = "application/json" if isinstance(item, dict | list) else ""
    media = sent_as(part.media[0]) if part.media else default
    return (None, content, media) if media else (None, content)


def _file(name: str, item: Any, part: Part, folders: Sequence[str]) -> tuple[str, bytes, str]:
    try:
        file = uploaded(item, folders)
    except ToolError as error:
        raise ToolError(f"{name}: {error}") from error
    content = base64.b64encode(file.content) if part.base64 and not isinstance(item, str) else file.content
    return file.name or name, content, fitting(part.media, file.media) or OCTETS
