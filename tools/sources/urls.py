"""URLs in messages, and their origins."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx

PORTS = {"http": 80, "https": 443}


def shown(url: str) -> str:
    """A URL without parts that may be secret: user info and query."""
    try:
        parts = urlsplit(url)
        if not parts.scheme or not parts.hostname:
            return url
        port = f":{parts.port}" if parts.port is not None else ""
        return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
    except ValueError:
        return url.partition("?")[0]


def place_of(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port of a URL."""
    return url.scheme, url.host, url.port or PORTS.get(url.scheme)
