"""Reading an OpenAPI document, and following the references inside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import yaml

from fieldcraft.tools.errors import BrokenTool

LARGEST = 64_000_000
"""Bytes of a document."""
_SECONDS = 30.0
_LONGEST_CHAIN = 50


class Document:
    """An OpenAPI 3 document.

    Attributes:
        data: as it was read.
        place: the URL or file it was read from.
    """

    def __init__(self, place: str, data: Mapping[str, Any]) -> None:
        self.place = place
        self.data = data

    @property
    def url(self) -> str | None:
        """Where it was read from, if that is a URL."""
        return self.place if _is_url(self.place) else None

    def resolved(self, part: Any) -> Mapping[str, Any]:
        """`part`, or what it refers to.

        Raises:
            BrokenTool: there is no such thing, or the references go in a circle.
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
        """What `#/components/...` names.

        Raises:
            BrokenTool: it names nothing in this document.
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
            elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
                found = found[int(key)]
            else:
                raise BrokenTool(f"the reference {reference[:200]!r} leads nowhere")
        return found


def read(place: str) -> Document:
    """The document at a URL or in a file.

    Raises:
        BrokenTool: it cannot be read, or is no OpenAPI 3 document.
    """
    text = _fetched(place) if _is_url(place) else _file(place)
    data = _parsed(place, text)
    if not isinstance(data, Mapping):
        raise BrokenTool(f"{place} is no OpenAPI document: it holds no object")
    version = str(data.get("openapi", ""))
    if not version.startswith("3"):
        if "swagger" in data:
            raise BrokenTool(f"{place} is a Swagger {data['swagger']} document; convert it to OpenAPI 3")
        raise BrokenTool(f"{place} is no OpenAPI 3 document: `openapi` says {version[:20] or 'nothing'}")
    if not isinstance(data.get("paths") or {}, Mapping):
        raise BrokenTool(f"{place} is no OpenAPI document: its paths are no object")
    return Document(place, data)


def _is_url(place: str) -> bool:
    return urlsplit(place).scheme in {"http", "https"}


def _file(place: str) -> str:
    path = Path(place)
    try:
        if path.stat().st_size > LARGEST:
            raise BrokenTool(f"{place} is too large: {path.stat().st_size:,} bytes, {LARGEST:,} allowed")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BrokenTool(f"{place} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BrokenTool(f"{place} is no text: {error}") from error


def _fetched(place: str) -> str:
    content = bytearray()
    try:
        with httpx.stream("GET", place, timeout=_SECONDS, follow_redirects=True) as response:
            response.raise_for_status()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > LARGEST:
                    raise BrokenTool(f"{place} is too large: more than {LARGEST:,} bytes")
    except httpx.HTTPStatusError as error:
        raise BrokenTool(f"{place} answered {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise BrokenTool(f"{place} cannot be reached: {error or type(error).__name__}") from error
    return content.decode("utf-8-sig", "replace")


class _Loader(yaml.CSafeLoader):
    """YAML with JSON's types: a date stays the text that it is."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _parsed(place: str, text: str) -> Any:
    try:
        if text.lstrip()[:1] == "{":
            return json.loads(text)
        return yaml.load(text, _Loader)  # noqa: S506 - it is a safe loader
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        words = " ".join(str(error).split())[:300]
        raise BrokenTool(f"{place} is neither JSON nor YAML: {words}") from error
