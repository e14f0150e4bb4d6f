"""Check that the servers of web APIs answer, without calling any operation."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx

from fieldcraft.common.text import visible_line
from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.settings import OpenApiDocument, filled
from fieldcraft.tools.sources.urls import shown

_SECONDS = 5.0
_MOST_AT_ONCE = 8


def unreachable(documents: Mapping[str, OpenApiDocument]) -> dict[str, str]:
    """Name of a document -> its allowed servers that do not answer, with the reasons.

    Any HTTP answer counts, also an error. If a document allows no server by name, its requests go to the
    origin that it was read from, which has answered.
    """
    with ThreadPoolExecutor(_MOST_AT_ONCE) as pool:
        asked = {
            name: [pool.submit(_silence, url) for url in settings.servers]
            for name, settings in documents.items()
        }
        messages = {
            name: "; ".join(filter(None, (one.result() for one in those))) for name, those in asked.items()
        }
    return {name: message for name, message in messages.items() if message}


def _silence(url: str) -> str:
    """The reason why the server does not answer; empty if it answers."""
    try:
        place = filled(url)
        with httpx.stream("GET", place, timeout=_SECONDS, follow_redirects=False):
            return ""
    except BrokenTool as error:
        return str(error)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{shown(place)} gave no answer: {visible_line(error) or type(error).__name__}"
