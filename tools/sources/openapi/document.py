"""An OpenAPI document, and its references."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.openapi.reading.bundling import bundled
from fieldcraft.tools.sources.openapi.reading.fetching import fetched, is_url, parsed
from fieldcraft.tools.sources.openapi.reading.pointers import pointed
from fieldcraft.tools.sources.openapi.reading.swagger import converted
from fieldcraft.tools.sources.urls import shown

_LONGEST_CHAIN = 50
_OUTSIDE = re.compile(rb"""\$ref["']?\s*:\s*["']?[^\s"'#]""")
"""A reference into another file."""


class LeadsOut(BrokenTool):
    """A reference leads out of the document, to where it is not followed."""


class Document:
    """An OpenAPI 3 document.

    Attributes:
        data: the parsed document, bundled with the files that it references.
        place: the URL or file that it was read from.
        files: the places of the other files -> the SHA-256 of each.
    """

    def __init__(
        self,
        place: str,
        data: Mapping[str, Any],
        *,
        refused: Mapping[str, str] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> None:
        self.place = place
        self.data = data
        self.files = files or {}
        self._refused = refused or {}

    @property
    def url(self) -> str | None:
        """The URL that the document was read from, if any."""
        return self.place if is_url(self.place) else None

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

    def security_schemes(self) -> dict[str, Any]:
        """The security schemes by name, each as it is or with what it references."""
        components = self.data.get("components")
        schemes = components.get("securitySchemes") if isinstance(components, Mapping) else None
        found: dict[str, Any] = {}
        for name, scheme in (schemes if isinstance(schemes, Mapping) else {}).items():
            try:
                found[str(name)] = self.resolved(scheme)
            except BrokenTool:
                found[str(name)] = {}
        return found

    def at(self, reference: str) -> Any:
        """The part that `#/components/...` names.

        Raises:
            LeadsOut: the reference leads to a file or server that is not read.
            BrokenTool: the document has no such part.
        """
        if not reference.startswith("#"):
            why = f" ({self._refused[reference]})" if reference in self._refused else ""
            raise LeadsOut(
                f"the reference {reference[:200]!r} leads out of the document{why}; bundle it into one file"
            )
        return pointed(self.data, reference)


def read(place: str, content: bytes | None = None) -> Document:
    """Read the document at a URL or in a file; a Swagger 2.0 document is converted.

    Args:
        place: the URL or file.
        content: its bytes, if they were fetched before.

    Raises:
        BrokenTool: it cannot be read, or is not such a document.
    """
    if content is None:
        content = fetched(place)
    data, named = parsed(place, content), shown(place)
    if not isinstance(data, dict):
        raise BrokenTool(f"{named} is not an OpenAPI document: it is not an object")
    version, old = str(data.get("openapi", "")), str(data.get("swagger", ""))[:20]
    if not version.startswith("3") and not old.startswith("2"):
        if old:
            raise BrokenTool(f"{named} is a Swagger {old} document; convert it to OpenAPI 3")
        raise BrokenTool(f"{named} is not an OpenAPI 3 document: `openapi` says {version[:20] or 'nothing'}")
    if not isinstance(data.get("paths") or {}, Mapping):
        raise BrokenTool(f"{named} is not an OpenAPI document: its paths are not an object")
    if not _OUTSIDE.search(content):
        return Document(place, data if version.startswith("3") else converted(data))
    bundle = bundled(place, data)
    whole = bundle.data if version.startswith("3") else converted(bundle.data)
    return Document(place, whole, refused=bundle.refused, files=bundle.digests)
