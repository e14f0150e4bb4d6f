"""The operations of a document: their names, arguments and servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from openapi_pydantic import Parameter, RequestBody
from pydantic import ValidationError

from fieldcraft.common.text import valid_text, visible_line
from fieldcraft.tools.calls.arguments import complaints
from fieldcraft.tools.calls.naming import identifier
from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.openapi.document import Document
from fieldcraft.tools.sources.openapi.headers import NOT_PARAMETERS, is_name
from fieldcraft.tools.sources.openapi.paths import check_template
from fieldcraft.tools.sources.openapi.schemas import Copied, Schemas

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MOST_OPERATIONS = 5_000
_LONGEST_DESCRIPTION = 1_000
_WORDS = ("summary", "description")


@dataclass(frozen=True)
class Body:
    """The body of a request: the `argument` that holds it, its content type, and which parts are `files`."""

    argument: str
    media: str
    files: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        name: its `operationId`, or a name made of method and path, as a valid tool name.
        description: a description for callers.
        parameters: argument -> the parameter that it fills.
        body: the body; `None` if it takes none.
        schema: JSON schema of all arguments.
        servers: the servers of the operation or its path; empty if those of the document apply.
        security: alternatives, each with the names of the required schemes; empty if none is required.
    """

    name: str
    method: str
    path: str
    description: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    body: Body | None = None
    schema: Mapping[str, Any] = field(default_factory=dict)
    servers: tuple[Mapping[str, Any], ...] = ()
    security: tuple[tuple[str, ...], ...] = ()


def operations_of(document: Document) -> Iterator[Operation | tuple[str, BrokenTool]]:
    """All operations; for an unusable one, its place and the reason."""
    copied = Copied()
    for number, (path, method, item) in enumerate(_places(document)):
        place = f"{method.upper()} {path}".strip()
        if number == MOST_OPERATIONS:
            yield place, BrokenTool(f"it and what follows: more than {MOST_OPERATIONS:,} operations")
            return
        try:
            if isinstance(item, BrokenTool):
                raise item
            yield _operation(document, path, method, item, copied)
        except ValidationError as error:
            yield place, BrokenTool(f"it cannot be read: {complaints(error)}")
        except BrokenTool as error:
            yield place, error
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
            yield place, BrokenTool(f"it cannot be read: {visible_line(error)}")


def _places(document: Document) -> Iterator[tuple[str, str, Mapping[str, Any] | BrokenTool]]:
    """Yield path, method and the path's item, or the reason why an entry is unusable."""
    for path, item in (document.data.get("paths") or {}).items():
        try:
            resolved = document.resolved(item)
        except BrokenTool as error:
            yield str(path), "", error
            continue
        for method in METHODS:
            if method in resolved:
                yield str(path), method, resolved


def _operation(
    document: Document, path: str, method: str, item: Mapping[str, Any], copied: Copied
) -> Operation:
    check_template(path)
    data = document.resolved(item[method])
    schemas = Schemas(document, copied)
    arguments = _Arguments(schemas)
    for parameter, schema in _parameters(document, item, data):
        arguments.take(parameter, schema)
    body = arguments.take_body(document, data.get("requestBody"))
    declared = data.get("operationId")
    made = f"{method} {path}"
    words = [valid_text(str(data[key])[:_LONGEST_DESCRIPTION]).strip() for key in _WORDS if data.get(key)]
    security = data.get("security", document.data.get("security")) or []
    return Operation(
        name=identifier(str(declared or made)) or identifier(made),
        method=method.upper(),
        path=path,
        description="\n".join(dict.fromkeys(words))[:_LONGEST_DESCRIPTION]
        or visible_line(f"{method.upper()} {path}"),
        parameters=arguments.parameters,
        body=body,
        schema=arguments.schema(),
        servers=tuple(data.get("servers") or item.get("servers") or ()),
        security=tuple(tuple(map(str, one)) for one in security if isinstance(one, Mapping)),
    )


def _parameters(
    document: Document, item: Mapping[str, Any], data: Mapping[str, Any]
) -> list[tuple[Parameter, Any]]:
    """The parameters of the path and of the operation, which override them, each with its original schema."""
    found: dict[tuple[str, str], tuple[Parameter, Any]] = {}
    for listed in (*(item.get("parameters") or ()), *(data.get("parameters") or ())):
        written = document.resolved(listed)
        parameter = Parameter.model_validate(_bare(written))
        if parameter.param_in == "header":
            if parameter.name.lower() in NOT_PARAMETERS:
                continue
            if not is_name(parameter.name):
                raise BrokenTool(f"{visible_line(parameter.name, 50)!r} is no name of a header")
        schema = written.get("schema")
        if schema is None and isinstance(content := written.get("content"), Mapping):
            schema = next(
                (media.get("schema") for media in content.values() if isinstance(media, Mapping)), {}
            )
        described = dict(schema or {}) if not isinstance(schema, bool) else {}
        if parameter.description and "$ref" not in described:
            described.setdefault("description", parameter.description)
        found[parameter.name, str(parameter.param_in)] = (parameter, described)
    return list(found.values())


def _bare(written: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter or body without its schemas, which may be too large once expanded."""
    bare = {key: value for key, value in written.items() if key not in {"schema", "example", "examples"}}
    if isinstance(content := written.get("content"), Mapping):
        bare["content"] = {media: {} for media in content}
    return bare


class _Arguments:
    """Collects the arguments of a tool under unique names."""

    def __init__(self, schemas: Schemas) -> None:
        self.parameters: dict[str, Parameter] = {}
        self._schemas = schemas
        self._properties: dict[str, Any] = {}
        self._required: list[str] = []

    def take(self, parameter: Parameter, schema: Any) -> None:
        kind = parameter.param_in.value
        name = self._free(parameter.name, kind)
        self.parameters[name] = parameter
        self._add(name, schema, required=parameter.required or kind == "path")

    def take_body(self, document: Document, written: Any) -> Body | None:
        if written is None:
            return None
        resolved = document.resolved(written)
        body = RequestBody.model_validate(_bare(resolved))
        media = _preferred(list(body.content))
        if media is None:
            return None
        name = self._free("body", "request")
        content = resolved["content"][media]
        schema = content.get("schema", {}) if isinstance(content, Mapping) else {}
        self._add(name, schema, required=body.required)
        return Body(name, media, _files(document, schema))

    def schema(self) -> dict[str, Any]:
        made: dict[str, Any] = {
            "type": "object",
            "properties": self._properties,
            "required": self._required,
            "additionalProperties": False,
        }
        if self._schemas.definitions:
            made["$defs"] = self._schemas.definitions
        return made

    def _free(self, wanted: str, kind: str) -> str:
        name = identifier(wanted) or "value"
        while name in self._properties:
            name = f"{name}_{kind}"
        return name

    def _add(self, name: str, schema: Any, *, required: bool) -> None:
        self._properties[name] = self._schemas.copied(schema)
        if required:
            self._required.append(name)


def _files(document: Document, schema: Any) -> frozenset[str]:
    """The properties of a form that are files."""
    properties = document.resolved(schema).get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping):
        return frozenset()
    parts = {str(name): document.resolved(part) for name, part in properties.items() if part is not True}
    return frozenset(
        name for name, part in parts.items() if part.get("format") == "binary" or "contentMediaType" in part
    )


def _preferred(media: list[str]) -> str | None:
    """The content type that fits a tool's arguments best."""
    for wanted in ("json", "x-www-form-urlencoded", "multipart/form-data", "text/"):
        for kind in media:
            if wanted in kind.lower():
                return kind
    return media[0] if media else None
