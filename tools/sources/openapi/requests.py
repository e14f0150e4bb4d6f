"""Build the HTTP request for a call of an operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.sources.openapi.bodies import ACCEPTED
from fieldcraft.tools.sources.openapi.content.writing import content_of
from fieldcraft.tools.sources.openapi.operations import Operation
from fieldcraft.tools.sources.openapi.parameters import Parameter, in_header, in_path, in_query, query_text
from fieldcraft.tools.sources.openapi.paths import filled_path


def request_for(
    operation: Operation,
    server: str,
    arguments: Mapping[str, Any],
    *,
    headers: Mapping[str, str],
    credentials: Mapping[str, Mapping[str, str]],
    folders: Sequence[str] = (),
) -> httpx.Request:
    """The request of a call.

    Args:
        operation: that is called.
        server: the URL that its path is added to.
        arguments: of the call, by their names in the tool.
        headers: that the user sets.
        credentials: place (`header`, `query`, `cookie`) -> name -> value.
        folders: from which files may be read.

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
    query: list[str] = []
    cookies: list[tuple[str, str]] = []
    for name, parameter in operation.parameters.items():
        if name not in arguments:
            continue
        value = arguments[name]
        match parameter.place:
            case "path":
                path[parameter.name] = in_path(parameter, value)
            case "query":
                query.append(query_text(parameter, value))
            case "header" if parameter.name.lower() not in ours:
                sent[parameter.name] = in_header(parameter, value)
            case "cookie":
                cookies += in_query(parameter, value)
    query += [query_text(Parameter(name, "query"), value) for name, value in credentials["query"].items()]
    cookies += credentials["cookie"].items()
    if cookies:
        sent["Cookie"] = "; ".join(f"{_quoted(name)}={_quoted(value)}" for name, value in cookies)
    try:
        content = {} if operation.body is None else content_of(operation.body, arguments, folders)
        url = server + filled_path(operation.path, path)
        if written := "&".join(filter(None, query)):
            url += f"{'&' if '?' in url else '?'}{written}"
        return httpx.Request(operation.method, url, headers={**content.pop("headers", {}), **sent}, **content)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise ToolError(f"{operation.name} cannot be sent with these arguments: {error}") from error


def _quoted(text: str) -> str:
    """Quote a value so that it can neither end a cookie nor begin another."""
    return quote(text, safe="")
