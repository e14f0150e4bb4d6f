"""Credentials of a web API, sent as its document specifies."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from fieldcraft.common.text import visible_line
from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.openapi.document import Document
from fieldcraft.tools.sources.openapi.headers import is_parameter
from fieldcraft.tools.sources.openapi.kept import opened
from fieldcraft.tools.sources.openapi.operations import Operation
from fieldcraft.tools.sources.settings import OpenApiDocument, filled

_MOST_NAMED = 8


class Credentials:
    """The user's credentials, by the names of the document's security schemes.

    Raises:
        BrokenTool: a scheme is unknown or not supported, or a variable is not set.
    """

    def __init__(self, document: Document, given: Mapping[str, str]) -> None:
        self._known = document.security_schemes()
        self._secrets = {name: filled(secret) for name, secret in given.items()}
        self._places: dict[str, tuple[str, str, str]] = {}
        for name, secret in self._secrets.items():
            if name not in self._known:
                known = ", ".join(map(str, self._known)) or "none"
                raise BrokenTool(f"the document has no security scheme {name!r}; it has: {known}")
            self._places[name] = _place(name, self._known[name], secret)

    def for_operation(self, alternatives: Sequence[Sequence[str]]) -> dict[str, dict[str, str]]:
        """The credentials of a request: place (`header`, `query`, `cookie`) -> name -> value.

        The first alternative with complete credentials is used.
        """
        found: dict[str, dict[str, str]] = {"header": {}, "query": {}, "cookie": {}}
        chosen = next((names for names in alternatives if all(name in self._places for name in names)), ())
        for name in chosen:
            place, key, value = self._places[name]
            found[place][key] = value
        return found

    def hint(self, alternatives: Sequence[Sequence[str]]) -> str:
        """A hint which credentials are missing, for an operation that refused a request without them."""
        missing = sorted({name for names in alternatives for name in names} - self._places.keys())
        if not missing:
            return ""
        return f'; it wants credentials: credentials = {{{missing[0]} = "${{NAME_OF_A_VARIABLE}}"}}'


def lacking(settings: OpenApiDocument) -> str:
    """Which credentials the operations of a document need that are not given, and how many operations.

    Empty where nothing is missing.

    Raises:
        BrokenTool: the document cannot be read.
    """
    _, operations = opened(filled(settings.document))
    missing: set[str] = set()
    refused = 0
    for operation in operations:
        if not isinstance(operation, Operation) or not settings.wants(operation.name):
            continue
        needs = [set(names) - settings.credentials.keys() for names in operation.security]
        if needs and all(needs):
            refused += 1
            missing |= min(needs, key=len)
    if not refused:
        return ""
    names = ", ".join(visible_line(name, 60) for name in sorted(missing)[:_MOST_NAMED])
    example = visible_line(min(missing), 60)
    return (
        f"{refused} operation{'s need' if refused > 1 else ' needs'} credentials that are not given: "
        f'{names}; set credentials = {{{example} = "${{NAME_OF_A_VARIABLE}}"}}'
    )


def _place(name: str, scheme: Mapping[str, Any], secret: str) -> tuple[str, str, str]:
    """(place, key, value) of a security scheme."""
    kind, way = str(scheme.get("type", "")), str(scheme.get("scheme", "")).lower()
    match kind:
        case "apiKey" if scheme.get("in") in {"header", "query", "cookie"}:
            key = str(scheme.get("name", name))
            if scheme["in"] == "header" and not is_parameter(key):
                raise BrokenTool(f"the security scheme {name!r} names no header of its own")
            return str(scheme["in"]), key, secret
        case "http" if way == "basic":
            return "header", "Authorization", f"Basic {base64.b64encode(secret.encode()).decode()}"
        case "http" if way == "bearer":
            return "header", "Authorization", f"Bearer {secret}"
        case "oauth2" | "openIdConnect":
            return "header", "Authorization", f"Bearer {secret}"
        case _:
            raise BrokenTool(
                f"the security scheme {name!r} ({' '.join((kind, way)).strip()}) is not served here; "
                "give what it needs as `headers`"
            )
