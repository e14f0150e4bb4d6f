"""The servers that a web API's operations may be sent to: only those that the user allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from fieldcraft.common.text import visible_line
from fieldcraft.tools.errors import BrokenTool, ToolError
from fieldcraft.tools.sources.openapi.document import Document
from fieldcraft.tools.sources.openapi.paths import LONGEST_PATH, filled_template, leads_away
from fieldcraft.tools.sources.settings import OpenApiDocument, filled
from fieldcraft.tools.sources.urls import PORTS, place_of, shown

_MOST, _MOST_IN_ALL = 100, 1_000
"""The most servers of one operation, and of a whole document, that are checked."""
_SHOWN = 3
_ROOT = ({"url": "/"},)


class Servers:
    """The servers of one document that may be called.

    Raises:
        BrokenTool: an allowed server is not a valid URL, or none that the document names is allowed.
    """

    def __init__(self, document: Document, settings: OpenApiDocument) -> None:
        self._document = document
        self._chosen = [filled(url).rstrip("/") for url in settings.servers]
        self._replaced = {pattern: filled(url).rstrip("/") for pattern, url in settings.server_of.items()}
        for url in (*self._chosen, *self._replaced.values()):
            if not _lies_below(url, url):
                raise BrokenTool(f"{url!r} is not the URL of a server; write it as https://host/path")
        own = [_origin(document.url)] if document.url is not None else []
        self._allowed = [*(self._chosen or own), *self._replaced.values()]
        self._urls: dict[int, str] = {}
        self._judged: dict[str, bool] = {}
        self._default = "" if "*" in self._replaced else self._allowed_of_document()

    def allows(self, url: str) -> bool:
        """Whether a request may be sent to `url`."""
        return any(_lies_below(url, server) for server in self._allowed)

    def _allowed_of_document(self) -> str:
        """The server of operations that name none themselves."""
        named = self._named(self._document.data.get("servers") or _ROOT)
        allowed = [url for url in named if self._is_allowed(url)]
        if not (allowed or self._chosen):
            raise BrokenTool(self._refusal(named))
        return (allowed or self._chosen)[0]

    def of_operation(self, name: str, servers: Sequence[Any]) -> str:
        """The server of an operation: of the user's `server_of`, its own `servers`, or those of the document.

        Raises:
            BrokenTool: none of its servers is allowed.
        """
        for pattern, url in self._replaced.items():
            if fnmatchcase(name, pattern):
                return url
        if not servers:
            return self._default
        named = self._named(servers)
        for url in named:
            if self._is_allowed(url):
                return url
        raise BrokenTool(self._refusal(named))

    def _is_allowed(self, url: str) -> bool:
        """As `allows`, with a cache, so that each server of the document is checked once."""
        if url not in self._judged:
            if len(self._judged) == _MOST_IN_ALL:
                raise BrokenTool(f"the document names more than {_MOST_IN_ALL:,} servers")
            self._judged[url] = self.allows(url)
        return self._judged[url]

    def _named(self, servers: Iterable[Any]) -> list[str]:
        return [self._url_of(server) for server in islice(servers, _MOST) if isinstance(server, Mapping)]

    def _url_of(self, server: Mapping[str, Any]) -> str:
        """Cache by identity: operations share parts of the document, which live as long as this object."""
        if id(server) not in self._urls:
            self._urls[id(server)] = self._url(server)
        return self._urls[id(server)]

    def _url(self, server: Mapping[str, Any]) -> str:
        variables = server.get("variables")
        known = {
            str(name): str(variable.get("default", ""))
            for name, variable in (variables if isinstance(variables, Mapping) else {}).items()
            if isinstance(variable, Mapping)
        }
        base = self._document.url or (f"{self._chosen[0]}/" if self._chosen else "")
        try:
            url = filled_template(str(server.get("url", "/"))[:LONGEST_PATH], known)
            return urljoin(base, url).rstrip("/")
        except (ToolError, ValueError):
            return ""

    def _refusal(self, named: Sequence[str]) -> str:
        absolute = next((url for url in named if urlsplit(url).scheme in PORTS), "https://...")
        places = visible_line(", ".join(map(shown, named[:_SHOWN])), 300) or "no server"
        absolute = visible_line(absolute, 300)
        cure = f"allow it with servers = [{absolute!r}] (--server on the command line)"
        return f"it is sent to {places}, which is not allowed; {cure}"


def _lies_below(url: str, server: str) -> bool:
    """Parse a URL like the client that sends the request: two parsers may see different hosts in one URL."""
    try:
        there, allowed = httpx.URL(url), httpx.URL(server)
    except (httpx.InvalidURL, ValueError):
        return False
    if not there.host or there.scheme not in PORTS or place_of(there) != place_of(allowed):
        return False
    if there.userinfo not in {b"", allowed.userinfo} or any(map(leads_away, there.path.split("/"))):
        return False
    path = allowed.path.rstrip("/")
    return there.path == path or there.path.startswith(f"{path}/")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
