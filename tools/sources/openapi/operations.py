"""The operations of a document: their names, arguments and servers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from openapi_pydantic import Parameter as WrittenParameter
from pydantic import ValidationError

from fieldcraft.common.text import valid_text, visible_line
from fieldcraft.tools.calls.arguments import complaints
from fieldcraft.tools.calls.naming import identifier
from fieldcraft.tools.calls.schemas import parts
from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.openapi.arguments import Arguments
from fieldcraft.tools.sources.openapi.content.media import Body
from fieldcraft.tools.sources.openapi.document import Document
from fieldcraft.tools.sources.openapi.headers import NOT_PARAMETERS, is_name
from fieldcraft.tools.sources.openapi.parameters import Parameter
from fieldcraft.tools.sources.openapi.paths import check_template
from fieldcraft.tools.sources.openapi.schemas import Schemas

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
MOST_OPERATIONS = 5_000
_LONGEST_DESCRIPTION = 1_000
_WORDS = ("summary", "description")
_PLACE = re.compile(r"\{([^{}?#/]+)\}")


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        path: the template of its path, without a fragment (which documents add to tell operations apart).
        name: its `operationId`, or a name made of method and path, as a valid tool name.
        description: a description for callers.
        parameters: argument -> the parameter that it fills.
        body: the body; `None` if it takes none.
        schema: JSON schema of all arguments. Its `$defs` are shared with other operations.
        servers: the servers of the operation or its path; empty if those of the document apply.
        parts: the size of the schema with its references followed.
        security: alternatives, each with the names of the required schemes; empty if none is required.
    """

    name: str
    method: str
    path: str
    description: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    body: Body | None = None
    schema: Mapping[str, Any] = field(default_factory=dict)
    servers: tuple[Any, ...] = ()
    security: tuple[tuple[str, ...], ...] = ()
    parts: int = 0


def operations_of(document: Document) -> Iterator[Operation | tuple[str, BrokenTool]]:
    """All operations; for an unusable one, its place and the reason."""
    schemas = Schemas(document)
    for number, (path, method, item) in enumerate(_places(document)):
        place = f"{method.upper()} {path}".strip()
        if number == MOST_OPERATIONS:
            yield place, BrokenTool(f"it and what follows: more than {MOST_OPERATIONS:,} operations")
            return
        try:
            if isinstance(item, BrokenTool):
                raise item
            yield _operation(document, path, method, item, schemas)
        except ValidationError as error:
            yield place, BrokenTool(f"it cannot be read: {complaints(error)}")
        except BrokenTool as error:
            yield place, error
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError) as error:
            yield place, BrokenTool(f"it cannot be read: {visible_line(error)}")


def _places(document: Document) -> Iterator[tuple[str, str, Mapping[str, Any] | BrokenTool]]:
    """Yield path, method and the path's item, or the reason why an entry is unusable."""
    for path, item in (document.data.get("paths") or {}).items():
        if str(path).startswith("x-"):
            continue
        try:
            resolved = document.resolved(item)
        except BrokenTool as error:
            yield str(path), "", error
            continue
        for method in METHODS:
            if method in resolved:
                yield str(path), method, resolved


def _operation(
    document: Document, path: str, method: str, item: Mapping[str, Any], schemas: Schemas
) -> Operation:
    sent, _, _ = path.partition("#")
    check_template(sent)
    data = document.resolved(item[method])
    arguments = Arguments(document, schemas)
    for parameter, schema, required in _parameters(document, sent, item, data):
        arguments.take(parameter, schema, required=required)
    body = arguments.take_body(data.get("requestBody"))
    declared = data.get("operationId")
    made = f"{method} {path}"
    words = [valid_text(str(data[key])[:_LONGEST_DESCRIPTION]).strip() for key in _WORDS if data.get(key)]
    security = data.get("security", document.data.get("security")) or []
    name, schema = identifier(str(declared or made)) or identifier(made), arguments.schema()
    return Operation(
        name=name,
        method=method.upper(),
        path=sent,
        description="\n".join(dict.fromkeys(words))[:_LONGEST_DESCRIPTION]
        or visible_line(f"{method.upper()} {path}"),
        parameters=arguments.parameters,
        body=body,
        schema=schema,
        servers=tuple(data.get("servers") or item.get("servers") or ()),
        security=tuple(tuple(map(str, one)) for one in security if isinstance(one, Mapping)),
        parts=parts(name, schema),
    )


def _parameters(
    document: Document, path: str, item: Mapping[str, Any], data: Mapping[str, Any]
) -> list[tuple[Parameter, Any, bool]]:
    """The parameters of the path and of the operation, which override them.

    Returns:
        Each with its original schema, and whether it is required. A name in the path that no parameter has is
        one of text.
    """
    found: dict[tuple[str, str], tuple[Parameter, Any, bool]] = {}
    for listed in (*(item.get("parameters") or ()), *(data.get("parameters") or ())):
        written = document.resolved(listed)
        parameter = WrittenParameter.model_validate(_bare(written))
        if parameter.param_in == "header":
            if parameter.name.lower() in NOT_PARAMETERS:
                continue
            if not is_name(parameter.name):
                raise BrokenTool(f"{visible_line(parameter.name, 50)!r} is no name of a header")
        place = parameter.param_in.value
        read = Parameter(
            parameter.name,
            place,
            style=parameter.style,
            explode=parameter.explode,
            content=next(iter(parameter.content or ()), None),
            reserved=parameter.allowReserved is True,
        )
        required = parameter.required or place == "path"
        found[parameter.name, place] = (read, _schema_of(written, parameter.description), required)
    for name in _PLACE.findall(path.partition("?")[0]):
        found.setdefault((name, "path"), (Parameter(name, "path"), {"type": "string"}, True))
    return list(found.values())


def _schema_of(written: Mapping[str, Any], description: str | None) -> dict[str, Any]:
    schema = written.get("schema")
    if schema is None and isinstance(content := written.get("content"), Mapping):
        schema = next((media.get("schema") for media in content.values() if isinstance(media, Mapping)), {})
    described = dict(schema) if isinstance(schema, Mapping) else {}
    if description:
        described.setdefault("description", description)
    return described


def _bare(written: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter without its schemas, which may be too large once expanded."""
    bare = {key: value for key, value in written.items() if key not in {"schema", "example", "examples"}}
    if isinstance(content := written.get("content"), Mapping):
        bare["content"] = {media: {} for media in content}
    return bare
