"""Read an OpenAPI document, and resolve its internal references."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from fieldcraft.common.data import DataError, Limits, read_json_parts
from fieldcraft.common.files import UnsafeFile, read_file
from fieldcraft.common.text import decoded, visible_line
from fieldcraft.common.yaml import read_yaml
from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.openapi.bodies import ACCEPTED, TooLarge, Unpacked
from fieldcraft.tools.sources.urls import place_of, shown

LARGEST = 16_000_000
"""The most bytes of a document."""
_JSON = Limits(size=LARGEST, depth=100, items=600_000)
_YAML = Limits(size=LARGEST, depth=100, items=300_000, digits=4_000, aliases=1_000)
"""The limits for YAML, which takes ten times as long to parse as JSON."""
_SECONDS, _SECONDS_IN_ALL = 30.0, 120.0
_MOST_REDIRECTS = 5
_LONGEST_CHAIN = 50
_INDEX = re.compile("[0-9]{1,6}")


class Document:
    """An OpenAPI 3 document.

    Attributes:
        data: the parsed document.
        place: the URL or file that it was read from.
    """

    def __init__(self, place: str, data: Mapping[str, Any]) -> None:
        self.place = place
        self.data = data

    @property
    def url(self) -> str | None:
        """The URL that the document was read from, if any."""
        return self.place if _is_url(self.place) else None

    def resolved(self, part: Any) -> Mapping[str, Any]:
        """`part`, or the part that its `$ref` names.

        Raises:
            BrokenTool: the reference is invalid or circular.
        """
        for _ in range(_LONGEST_CHAIN):
            if not isinstance(part, Mapping):
                raise BrokenTool(f"{str(part)[:100]!r} stands where an object belongs")
            reference = part.get("$ref")
            if not isinstance(reference, str):
                return part
            part = self.at(reference)
        raise BrokenTool(f"the reference {reference!r} leads in a circle")

    def at(self, reference: str) -> Any:
        """The part that `#/components/...` names.

        Raises:
            BrokenTool: the document has no such part.
        """
        if not reference.startswith("#"):
            raise BrokenTool(
                f"the reference {reference[:200]!r} leads out of the document; bundle it into one file"
            )
        found: Any = self.data
        for part in reference[1:].strip("/").split("/"):
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and key in found:
                found = found[key]
            elif isinstance(found, list) and _INDEX.fullmatch(key) and int(key) < len(found):
                found = found[int(key)]
            else:
                raise BrokenTool(f"the reference {reference[:200]!r} leads nowhere")
        return found


def read(place: str) -> Document:
    """Read the document at a URL or in a file.

    Raises:
        BrokenTool: it cannot be read, or is not an OpenAPI 3 document.
    """
    content = _fetched(place) if _is_url(place) else _file(place)
    data = _parsed(shown(place), content)
    place, named = shown(place), place
    if not isinstance(data, Mapping):
        raise BrokenTool(f"{place} is not an OpenAPI document: it is not an object")
    version = str(data.get("openapi", ""))
    if not version.startswith("3"):
        if "swagger" in data:
            old = str(data["swagger"])[:20]
            raise BrokenTool(f"{place} is a Swagger {old} document; convert it to OpenAPI 3")
        raise BrokenTool(f"{place} is not an OpenAPI 3 document: `openapi` says {version[:20] or 'nothing'}")
    if not isinstance(data.get("paths") or {}, Mapping):
        raise BrokenTool(f"{place} is not an OpenAPI document: its paths are not an object")
    return Document(named, data)


def _is_url(place: str) -> bool:
    return urlsplit(place).scheme in {"http", "https"}


def _file(place: str) -> bytes:
    try:
        return read_file(place, limit=LARGEST)
    except UnsafeFile as error:
        raise BrokenTool(f"{place} {error.problem}") from error
    except OSError as error:
        raise BrokenTool(f"{place} cannot be read: {error.strerror}") from error


def _fetched(place: str) -> bytes:
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


def _parsed(place: str, content: bytes) -> Any:
    try:
        if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
            return read_json_parts(content, _JSON)
        return read_yaml(decoded(content), _YAML)
    except DataError as error:
        raise BrokenTool(f"{place} is neither JSON nor YAML: {error}") from error
