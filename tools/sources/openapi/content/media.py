"""Which content types an operation's body has, and how the parts of a form are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.openapi.document import Document

Family = Literal["json", "lines", "form", "multipart", "xml", "text", "binary"]
_PREFERRED: tuple[Family, ...] = ("json", "form", "multipart", "lines", "xml", "text", "binary")
_TEXTS = ("yaml", "graphql", "javascript", "csv", "jwt", "toml", "sparql-query", "sparql-update")
_LINES = ("ndjson", "jsonl", "json-seq", "jsonlines")
_ANY = ("*/*", "application/*")
_PLAIN_JSON = ("application/json", "text/json", "application/*+json", *_ANY)
"""Types that a server which lists them takes alike."""
JSON_PATCH = "application/json-patch+json"
_DEEPEST = 20


@dataclass(frozen=True)
class Part:
    """How one property of a form is written (an Encoding Object).

    Attributes:
        media: the content types that the document names; the first is sent, unless a file has another.
        style: as that of a parameter; `None` if neither it nor `explode` nor `reserved` is given.
        file: it is a file, or a list of files.
        base64: a file is written in base64.
    """

    media: tuple[str, ...] = ()
    style: str | None = None
    explode: bool | None = None
    reserved: bool = False
    file: bool = False
    base64: bool = False


@dataclass(frozen=True)
class Body:
    """The body of a request.

    Attributes:
        argument: the argument that holds it.
        media: the content types, of one family; the first is sent unless the caller chooses another.
        choice: the argument that chooses one; `None` if there is nothing to choose.
        parts: how the properties of a form are written.
        base64: a binary body is written in base64.
        xml: the names of its elements, see `content.xml`.
    """

    argument: str
    media: tuple[str, ...]
    choice: str | None = None
    parts: Mapping[str, Part] = field(default_factory=dict)
    base64: bool = False
    xml: Mapping[str, Any] | None = None


def family(media: str) -> Family:
    """The way in which a body of this content type is written."""
    kind = media.partition(";")[0].strip().lower()
    if any(word in kind for word in _LINES):
        return "lines"
    if "json" in kind or kind in _ANY:
        return "json"
    if kind == "application/x-www-form-urlencoded":
        return "form"
    if kind.startswith("multipart/"):
        return "multipart"
    if kind in {"application/xml", "text/xml"} or kind.endswith("+xml"):
        return "xml"
    return "text" if kind.startswith("text/") or kind.endswith(_TEXTS) else "binary"


def preferred(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The content types of the family that fits a tool's arguments best; of those that mean the same, one.

    Raises:
        BrokenTool: it is one that is not written here.
    """
    listed = [str(media) for media in content]
    chosen = min(listed, key=lambda media: _PREFERRED.index(family(media)))
    if family(chosen) == "multipart" and not chosen.lower().startswith("multipart/form-data"):
        forms = [media for media in listed if media.lower().startswith("multipart/form-data")]
        if not forms:
            raise BrokenTool(
                f"its body is {chosen[:100]}, which is not written here; only multipart/form-data is"
            )
        return tuple(forms[:1])
    those = [media for media in listed if family(media) == family(chosen)]
    plain = [media for media in those if media.partition(";")[0].strip().lower() in _PLAIN_JSON]
    return tuple(media for media in those if media not in plain[1:])


def properties_of(document: Document, schema: Any, depth: int = 0) -> tuple[dict[str, Any], list[str]]:
    """The properties of an object's schema, those of its `allOf`, `anyOf` and `oneOf` included.

    Returns:
        The properties by name, and the names of those that are required.
    """
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return {}, []
    schema = document.resolved(schema)
    found: dict[str, Any] = {}
    required: list[str] = []
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(keyword) or ():
            inner, needed = properties_of(document, part, depth + 1)
            found |= inner
            required += needed if keyword == "allOf" else ()
    if isinstance(own := schema.get("properties"), Mapping):
        found |= {str(name): part for name, part in own.items()}
    if isinstance(needed := schema.get("required"), list):
        required += [str(name) for name in needed]
    return found, list(dict.fromkeys(required))


def parts_of(
    document: Document, properties: Mapping[str, Any], encoding: Any, *, files: bool
) -> dict[str, Part]:
    """How each property is written.

    Args:
        document: holds what the properties reference.
        properties: their schemas by name.
        encoding: the Encoding Objects by name, as the document has them.
        files: whether strings may be files, as in a multipart form.
    """
    given = encoding if isinstance(encoding, Mapping) else {}
    return {
        name: _part(resolved(document, schema), given.get(name), document, files=files)
        for name, schema in properties.items()
    }


def resolved(document: Document, schema: Any) -> Mapping[str, Any]:
    """A schema without its reference; an empty one if there is none."""
    try:
        return document.resolved(schema) if isinstance(schema, Mapping) else {}
    except BrokenTool:
        return {}


def _part(schema: Mapping[str, Any], encoding: Any, document: Document, *, files: bool) -> Part:
    given = encoding if isinstance(encoding, Mapping) else {}
    item = resolved(document, schema.get("items")) if "items" in schema else schema
    style, explode, reserved = (given.get(key) for key in ("style", "explode", "allowReserved"))
    styled = any(value is not None for value in (style, explode, reserved))
    named = given.get("contentType") or item.get("contentMediaType") or ""
    return Part(
        media=tuple(kind.strip() for kind in str(named).split(",") if kind.strip()),
        style=str(style or "form") if styled else None,
        explode=explode if isinstance(explode, bool) else None,
        reserved=reserved is True,
        file=files and is_file(item),
        base64=is_base64(item),
    )


def is_base64(schema: Mapping[str, Any]) -> bool:
    """Whether a string's content is written in base64."""
    return schema.get("format") in {"byte", "base64"} or schema.get("contentEncoding") == "base64"


def is_file(schema: Mapping[str, Any]) -> bool:
    """Whether a property of a multipart form is a file."""
    kind = str(schema.get("contentMediaType") or "application/json")
    listed = schema.get("type") if isinstance(schema.get("type"), list) else [schema.get("type", "string")]
    if not {"string", "file"}.intersection(map(str, listed or ())):
        return False
    return (
        schema.get("format") in {"binary", "byte", "base64"}
        or schema.get("type") == "file"
        or family(kind) == "binary"
        or is_base64(schema)
    )


def sent_as(chosen: str, own: str = "") -> str:
    """The content type to send for one of the document, which may be a pattern; `own` is that of a file."""
    kind = chosen.strip().lower()
    if own and (not kind or _matches(kind, own)):
        return own
    if "*" not in kind:
        return chosen or "application/octet-stream"
    match family(kind):
        case "json":
            return "application/json"
        case "text":
            return "text/plain"
        case "xml":
            return "application/xml"
        case _:
            return own or "application/octet-stream"


def fitting(media: Sequence[str], own: str) -> str:
    """The content type of a file: its `own` if the document allows it, else the first that it names."""
    if not media:
        return own or "application/octet-stream"
    if own and any(_matches(kind.lower(), own.lower()) for kind in media):
        return own
    return sent_as(media[0], own)


def chosen_for(media: Iterable[str], value: Any) -> str:
    """The content type of a body whose caller chose none: a list is a JSON patch, where that is taken."""
    listed = list(media)
    patches = [kind for kind in listed if kind.partition(";")[0].strip().lower() == JSON_PATCH]
    others = [kind for kind in listed if kind not in patches]
    if isinstance(value, list):
        return (patches or listed)[0]
    return (others or listed)[0]


def _matches(pattern: str, kind: str) -> bool:
    first, _, second = pattern.partition("/")
    own_first, _, own_second = kind.partition(";")[0].strip().lower().partition("/")
    return first in {"*", own_first} and second.partition(";")[0].strip() in {"*", own_second}
