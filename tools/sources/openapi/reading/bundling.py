"""Bundle a document with the files that it references: those of its folder, or of its origin."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import httpx

from fieldcraft.tools.calls.naming import identifier
from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.openapi.reading.fetching import LARGEST, fetched, is_url, parsed
from fieldcraft.tools.sources.openapi.reading.pointers import joined
from fieldcraft.tools.sources.urls import place_of

FILES = "x-fieldcraft-files"
"""The key of a bundled document that holds the other files by name."""
MOST_FILES = 5_000
_SECONDS = 120.0
_UNUSED = {"callbacks", "example", "examples", "links", "responses", "webhooks"}
"""Parts of a document that no request needs."""
_NAMES = {"properties", "patternProperties", "$defs", "definitions", "schemas", "parameters", "paths"}
"""Keywords below which keys are names."""


@dataclass
class Bundle:
    """A document in one piece.

    Attributes:
        data: the document; references into other files lead to `FILES`.
        refused: references that lead elsewhere -> the reason why they are not followed.
        digests: the places of the other files -> the SHA-256 of each.
    """

    data: dict[str, Any]
    refused: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


def bundled(place: str, data: dict[str, Any]) -> Bundle:
    """The document at `place` with the files that its references name. Circles across files stay circles."""
    bundle = Bundle(data)
    _Bundling(place, bundle).follow()
    return bundle


class _Bundling:
    def __init__(self, place: str, bundle: Bundle) -> None:
        self._bundle = bundle
        self._root = place if is_url(place) else str(Path(place).resolve())
        self._keys: dict[str, tuple[str, ...]] = {self._root: ()}
        self._files: dict[str, Any] = {}
        self._broken: dict[str, str] = {}
        self._waiting: list[tuple[str, Any]] = [(self._root, bundle.data)]
        self._bytes = 0
        self._ends = time.monotonic() + _SECONDS

    def follow(self) -> None:
        while self._waiting:
            place, data = self._waiting.pop()
            for holder in _references(data):
                holder["$ref"] = self._within(holder["$ref"], place)
        if self._files:
            self._bundle.data[FILES] = self._files

    def _within(self, reference: str, place: str) -> str:
        """The reference as one within the bundle; unchanged if it leads elsewhere."""
        target, fragment = urldefrag(reference)
        if not target and place == self._root:
            return reference
        try:
            keys = self._keys_of(self._place(target, place))
        except BrokenTool as error:
            self._bundle.refused[reference] = str(error)
            return reference
        tail = fragment.strip("/")
        return f"{joined(*keys)}{'/' if tail else ''}{tail}"

    def _place(self, target: str, base: str) -> str:
        """The file or URL of a reference.

        Raises:
            BrokenTool: it is outside the document's folder or origin.
        """
        if not target:
            return base
        if is_url(self._root):
            url = urljoin(base, target)
            if place_of(httpx.URL(url)) != place_of(httpx.URL(self._root)):
                raise BrokenTool("it is on another server")
            return url
        if urlsplit(target).scheme in {"http", "https"}:
            raise BrokenTool("it is on a server")
        file = Path(base).parent.joinpath(unquote(target)).resolve()
        if not file.is_relative_to(Path(self._root).parent):
            raise BrokenTool("it is outside the document's folder")
        return str(file)

    def _keys_of(self, place: str) -> tuple[str, ...]:
        """Where a file lies in the bundle; it is read when it is first referenced."""
        if place in self._broken:
            raise BrokenTool(self._broken[place])
        if place not in self._keys:
            try:
                self._add(place)
            except BrokenTool as error:
                self._broken[place] = str(error)
                raise
        return self._keys[place]

    def _add(self, place: str) -> None:
        if len(self._files) == MOST_FILES or time.monotonic() > self._ends:
            raise BrokenTool(f"more than {MOST_FILES:,} files, or {_SECONDS:g} s, would be needed")
        content = fetched(place)
        self._bytes += len(content)
        if self._bytes > LARGEST:
            raise BrokenTool(f"the document's files have more than {LARGEST:,} bytes")
        data = parsed(place, content)
        stem = identifier(Path(urlsplit(place).path if is_url(place) else place).stem) or "file"
        name = stem if stem not in self._files else f"{stem}_{len(self._files)}"
        self._keys[place] = (FILES, name)
        self._files[name] = data
        self._bundle.digests[place] = hashlib.sha256(content).hexdigest()
        self._waiting.append((place, data))


def _references(data: Any) -> Iterator[dict[str, Any]]:
    """The objects with a `$ref` that a request may need."""
    waiting: list[tuple[Any, bool]] = [(data, False)]
    while waiting:
        part, keys_are_names = waiting.pop()
        if isinstance(part, list):
            waiting += [(one, False) for one in part if isinstance(one, dict | list)]
            continue
        if not isinstance(part, dict):
            continue
        if isinstance(part.get("$ref"), str):
            yield part
        for key, value in part.items():
            if isinstance(value, dict | list) and (keys_are_names or key not in _UNUSED):
                waiting.append((value, key in _NAMES and not keys_are_names))
