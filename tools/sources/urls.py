"""URLs as they stand in messages."""

from __future__ import annotations

from urllib.parse import urlsplit


def shown(url: str) -> str:
    """A URL without what may be secret in it: who calls, and its query."""
    try:
        parts = urlsplit(url)
        if not parts.scheme or not parts.hostname:
            return url
        port = f":{parts.port}" if parts.port is not None else ""
        return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
    except ValueError:
        return url.partition("?")[0]
