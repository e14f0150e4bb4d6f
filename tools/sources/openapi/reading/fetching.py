"""Fetch the bytes of documents from files and URLs, and parse them within limits."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import httpx

from fieldcraft.common.data import DataError, Limits, read_json_parts
from fieldcraft.common.files import UnsafeFile, read_file
from fieldcraft.common.text import decoded, visible_line
from fieldcraft.common.yaml import read_yaml
from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.openapi.bodies import ACCEPTED, TooLarge, Unpacked
from fieldcraft.tools.sources.urls import place_of, shown

LARGEST = 32_000_000
"""The most bytes of a document."""
_JSON = Limits(size=LARGEST, depth=100, items=1_500_000)
_YAML = Limits(size=LARGEST, depth=100, items=300_000, digits=4_000, aliases=1_000)
"""The limits for YAML, which takes ten times as long to parse as JSON."""
_SECONDS, _SECONDS_IN_ALL = 30.0, 120.0
_MOST_REDIRECTS = 5


def is_url(place: str) -> bool:
    """Whether a document is read from a server."""
    return urlsplit(place).scheme in {"http", "https"}


def fetched(place: str) -> bytes:
    """The bytes of a document.

    Raises:
        BrokenTool: it cannot be read, or is too large.
    """
    return _from_server(place) if is_url(place) else _from_file(place)


def parsed(place: str, content: bytes) -> Any:
    """The data of a document in JSON or YAML.

    Raises:
        BrokenTool: it is neither, or exceeds a limit.
    """
    try:
        if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
            return read_json_parts(content, _JSON)
        return read_yaml(decoded(content), _YAML)
    except DataError as error:
        raise BrokenTool(f"{shown(place)} is neither JSON nor YAML: {error}") from error


def _from_file(place: str) -> bytes:
    try:
        return read_file(place, limit=LARGEST)
    except UnsafeFile as error:
        raise BrokenTool(f"{place} {error.problem}") from error
    except OSError as error:
        raise BrokenTool(f"{place} cannot be read: {error.strerror}") from error


def _from_server(place: str) -> bytes:
    ends = time.monotonic() + _SECONDS_IN_ALL
    following = place
    try:
        with httpx.Client(headers=ACCEPTED, timeout=_SECONDS, follow_redirects=False) as client:
            for _ in range(_MOST_REDIRECTS + 1):
                with client.stream("GET", following) as response:
                    if response.next_request is None:
                        response.raise_for_status()
                        return _content(response, place, ends)
                    following = _followed(place, response.next_request.url)
    except TooLarge as error:
        raise BrokenTool(f"{shown(place)} {error}") from error
    except httpx.HTTPStatusError as error:
        raise BrokenTool(f"{shown(place)} answered {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise BrokenTool(f"{shown(place)} cannot be reached: {error or type(error).__name__}") from error
    raise BrokenTool(f"{shown(place)} redirects without end")


def _followed(place: str, url: httpx.URL) -> str:
    """The target of a redirection on the named host; the redirection's body is not read.

    Raises:
        BrokenTool: it leads to another host.
    """
    named = httpx.URL(place)
    upgraded = (url.scheme, url.host, url.port) == ("https", named.host, None) and named.port is None
    if place_of(url) != place_of(named) and not upgraded:
        there = visible_line(shown(str(url)), 300)
        raise BrokenTool(f"{shown(place)} leads to {there}; name that, if it is to be read")
    return str(url if url.userinfo else url.copy_with(userinfo=named.userinfo))


def _content(response: httpx.Response, place: str, ends: float) -> bytes:
    content = Unpacked(response, LARGEST)
    for chunk in response.iter_raw():
        content.add(chunk)
        if time.monotonic() > ends:
            raise BrokenTool(f"{shown(place)} was not read within {_SECONDS_IN_ALL:g} s")
    return content.whole()
