"""Build the HTTP request for a call of an operation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.sources.openapi.bodies import ACCEPTED
from fieldcraft.tools.sources.openapi.operations import Operation
from fieldcraft.tools.sources.openapi.parameters import in_header, in_path, in_query, plain
from fieldcraft.tools.sources.openapi.paths import filled_path


def request_for(
    operation: Operation,
    server: str,
    arguments: Mapping[str, Any],
    *,
    headers: Mapping[str, str],
    credentials: Mapping[str, Mapping[str, str]],
) -> httpx.Request:
    """The request of a call.

    Raises:
        ToolError: an argument cannot be sent in its place.
    """
    sent = {
        "Accept": "application/json, text/*;q=0.9, */*;q=0.5",
        **ACCEPTED,
        **headers,
        **credentials["header"],
    }
    ours = {name.lower() for name in sent}
    path: dict[str, str] = {}
    query: list[tuple[str, str]] = []
    cookies: list[tuple[str, str]] = []
    for name, parameter in operation.parameters.items():
        if name not in arguments:
            continue
        value = arguments[name]
        match parameter.param_in.value:
            case "path":
                path[parameter.name] = in_path(parameter, value)
            case "query":
                query += in_query(parameter, value)
            case "header" if parameter.name.lower() not in ours:
                sent[parameter.name] = in_header(parameter, value)
            case "cookie":
                cookies += in_query(parameter, value)
    query += credentials["query"].items()
    cookies += credentials["cookie"].items()
    if cookies:
        sent["Cookie"] = "; ".join(f"{_quoted(name)}={_quoted(value)}" for name, value in cookies)
    try:
        content = _content(operation, arguments)
        url = _with_query(server + filled_path(operation.path, path), query)
        return httpx.Request(operation.method, url, headers={**content.pop("headers", {}), **sent}, **content)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise ToolError(f"{operation.name} cannot be sent with these arguments: {error}") from error


def _with_query(url: str, query: list[tuple[str, str]]) -> str:
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query, quote_via=quote)}"


def _quoted(text: str) -> str:
    """Quote a value so that it can neither end a cookie nor begin another."""
    return quote(text, safe="")


def _content(operation: Operation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for httpx that set the request's body."""
    body = operation.body
    if body is None or body.argument not in arguments:
        return {}
    value, media = arguments[body.argument], body.media.lower()
    if "json" in media:
        return {"content": json.dumps(value).encode(), "headers": {"Content-Type": body.media}}
    if "x-www-form-urlencoded" in media and isinstance(value, Mapping):
        return {"data": {key: _form(part) for key, part in value.items()}}
    if "multipart/form-data" in media and isinstance(value, Mapping):
        return {"files": [(key, _part(key, part, body.files)) for key, part in value.items()]}
    kind = body.media if "*" not in media else "application/octet-stream"
    return {"content": plain(value).encode(), "headers": {"Content-Type": kind}}


def _part(name: str, value: Any, files: frozenset[str]) -> tuple[Any, ...]:
    """One part of a multipart form; a file has its own name and type."""
    if name in files:
        return name, plain(value).encode(), "application/octet-stream"
    return None, plain(value)


def _form(value: Any) -> Any:
    return [plain(part) for part in value] if isinstance(value, list) else plain(value)
