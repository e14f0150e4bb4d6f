"""Which servers a web API's operations may be sent to: those that its user allows, and no other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.openapi.document import Document
from fieldcraft.tools.sources.settings import OpenApiDocument, filled

_PORTS = {"http": 80, "https": 443}


class Servers:
    """The servers of one document that may be called.

    Raises:
        BrokenTool: a URL that the user allows is none.
    """

    def __init__(self, document: Document, settings: OpenApiDocument) -> None:
        self._document = document
        self._chosen = [filled(url).rstrip("/") for url in settings.servers]
        for url in self._chosen:
            if not _lies_below(url, url):
                raise BrokenTool(f"{url!r} is no URL of a server; write it as https://host/path")
        own = [_origin(document.url)] if document.url is not None else []
        self._allowed = self._chosen or own

    def allows(self, url: str) -> bool:
        """Whether a request may be sent to `url`."""
        return any(_lies_below(url, server) for server in self._allowed)

    def default(self) -> str:
        """Where operations are sent that name no server of their own.

        Raises:
            BrokenTool: the document names only servers that are not allowed.
        """
        named = self._named(self._document.data.get("servers") or [{"url": "/"}])
        allowed = [url for url in named if self.allows(url)]
        if not (allowed or self._chosen):
            raise BrokenTool(self._refusal(named))
        return (allowed or self._chosen)[0]

    def of_operation(self, servers: Sequence[Mapping[str, Any]]) -> str:
        """Where an operation is sent that names `servers`.

        Raises:
            BrokenTool: none of them is allowed.
        """
        named = self._named(servers)
        for url in named:
            if self.allows(url):
                return url
        raise BrokenTool(self._refusal(named))

    def _named(self, servers: Iterable[Any]) -> list[str]:
        return [self._url(server) for server in servers if isinstance(server, Mapping)]

    def _url(self, server: Mapping[str, Any]) -> str:
        url = str(server.get("url", "/"))
        for name, variable in (server.get("variables") or {}).items():
            if isinstance(variable, Mapping):
                url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
        base = self._document.url or (f"{self._chosen[0]}/" if self._chosen else "")
        return urljoin(base, url).rstrip("/")

    def _refusal(self, named: Sequence[str]) -> str:
        absolute = next((url for url in named if urlsplit(url).scheme in _PORTS), "https://...")
        told = ", ".join(named) or "no server"
        return f"it is sent to {told}, which is not allowed; allow it with servers = [{absolute!r}]"


def _lies_below(url: str, server: str) -> bool:
    try:
        there, allowed = urlsplit(url), urlsplit(server)
        same = _place(there) == _place(allowed)
    except ValueError:
        return False
    if not (same and there.hostname and there.scheme in _PORTS) or "/../" in f"{there.path}/":
        return False
    path = allowed.path.rstrip("/")
    return there.path == path or there.path.startswith(f"{path}/")


def _place(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _PORTS.get(url.scheme)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
