"""Convert a Swagger 2.0 document to OpenAPI 3, as far as requests need it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.openapi.reading.pointers import pointed

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_FORM, _MULTIPART, _JSON = "application/x-www-form-urlencoded", "multipart/form-data", "application/json"
_NOT_SCHEMA = {"name", "in", "required", "collectionFormat", "allowEmptyValue", "description", "schema"}
_STYLES = {
    "csv": {"style": "form", "explode": False},
    "multi": {"style": "form", "explode": True},
    "pipes": {"style": "pipeDelimited", "explode": False},
    "ssv": {"style": "spaceDelimited", "explode": False},
}
_LONGEST_CHAIN = 50


def converted(data: Mapping[str, Any]) -> dict[str, Any]:
    """The document as OpenAPI 3. `#/definitions/...` and other references keep their places."""
    schemes = data.get("securityDefinitions")
    made = {
        **data,
        "openapi": "3.0.0",
        "servers": _servers(data),
        "components": {
            "securitySchemes": {
                name: _scheme(scheme)
                for name, scheme in (schemes if isinstance(schemes, Mapping) else {}).items()
                if isinstance(scheme, Mapping)
            }
        },
    }
    if isinstance(paths := data.get("paths"), Mapping):
        made["paths"] = {path: _item(data, item) for path, item in paths.items()}
    return made


def _servers(data: Mapping[str, Any]) -> list[dict[str, str]]:
    base = str(data.get("basePath") or "/")
    base = base if base.startswith("/") else f"/{base}"
    host = data.get("host")
    if not host:
        return [{"url": base}]
    schemes = data.get("schemes")
    listed = [str(one) for one in schemes] if isinstance(schemes, list) and schemes else ["https"]
    return [{"url": f"{scheme}://{host}{base}"} for scheme in sorted(listed, reverse=True)]


def _scheme(scheme: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "http", "scheme": "basic"} if scheme.get("type") == "basic" else dict(scheme)


def _item(data: Mapping[str, Any], item: Any) -> Any:
    item = _resolved(data, item)
    if not isinstance(item, Mapping):
        return item
    shared = item.get("parameters") or ()
    made = {key: value for key, value in item.items() if key not in {"parameters", *_METHODS}}
    for method in _METHODS:
        if isinstance(operation := item.get(method), Mapping):
            made[method] = _operation(data, operation, shared)
        elif method in item:
            made[method] = item[method]
    return made


def _operation(
    data: Mapping[str, Any], operation: Mapping[str, Any], shared: Iterable[Any]
) -> dict[str, Any]:
    made = {key: value for key, value in operation.items() if key not in {"parameters", "responses"}}
    found: dict[tuple[Any, Any], Mapping[str, Any]] = {}
    kept: list[Any] = []
    for listed in (*shared, *(operation.get("parameters") or ())):
        parameter = _resolved(data, listed)
        if isinstance(parameter, Mapping):
            found[parameter.get("name"), parameter.get("in")] = parameter
        else:
            kept.append(listed)
    consumes = operation.get("consumes") or data.get("consumes") or []
    media = [str(one) for one in consumes] if isinstance(consumes, list) else []
    form = []
    for parameter in found.values():
        match parameter.get("in"):
            case "body":
                made["requestBody"] = _body(parameter, media)
            case "formData":
                form.append(parameter)
            case _:
                kept.append(_parameter(parameter))
    if form:
        made["requestBody"] = _form(form, media)
    if servers := _schemes(data, operation):
        made["servers"] = servers
    return {**made, "parameters": kept}


def _schemes(data: Mapping[str, Any], operation: Mapping[str, Any]) -> list[dict[str, str]]:
    """The servers of an operation with schemes of its own."""
    schemes = operation.get("schemes")
    return _servers({**data, "schemes": schemes}) if schemes and data.get("host") else []


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    made = {key: parameter[key] for key in ("name", "in", "required", "description") if key in parameter}
    made["schema"] = _schema(parameter)
    if parameter.get("type") == "array" and parameter.get("in") == "query":
        made |= _STYLES.get(str(parameter.get("collectionFormat")), _STYLES["csv"])
    return made


def _body(parameter: Mapping[str, Any], media: list[str]) -> dict[str, Any]:
    usable = [kind for kind in media if kind not in {_FORM, _MULTIPART}] or [_JSON]
    content = {kind: {"schema": parameter.get("schema") or {}} for kind in usable}
    described = {"description": parameter["description"]} if "description" in parameter else {}
    return {"required": parameter.get("required") is True, "content": content, **described}


def _form(parameters: list[Mapping[str, Any]], media: list[str]) -> dict[str, Any]:
    has_file = any(parameter.get("type") == "file" for parameter in parameters)
    kind = _MULTIPART if has_file or (_MULTIPART in media and _FORM not in media) else _FORM
    named = {str(parameter.get("name")): parameter for parameter in parameters}
    required = [name for name, parameter in named.items() if parameter.get("required") is True]
    schema = {
        "type": "object",
        "properties": {name: _schema(parameter) | _described(parameter) for name, parameter in named.items()},
        "required": required,
    }
    encoding = {
        name: _STYLES.get(str(parameter.get("collectionFormat")), _STYLES["csv"])
        for name, parameter in named.items()
        if parameter.get("type") == "array"
    }
    return {"required": bool(required), "content": {kind: {"schema": schema, "encoding": encoding}}}


def _described(parameter: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": parameter["description"]} if "description" in parameter else {}


def _schema(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """The schema that a parameter of Swagger 2 is itself."""
    schema = {key: value for key, value in parameter.items() if key not in _NOT_SCHEMA}
    return schema | {"type": "string", "format": "binary"} if schema.get("type") == "file" else schema


def _resolved(data: Mapping[str, Any], part: Any) -> Any:
    """`part`, or what its references name; unchanged if they lead nowhere."""
    found = part
    for _ in range(_LONGEST_CHAIN):
        reference = found.get("$ref") if isinstance(found, Mapping) else None
        if not isinstance(reference, str) or not reference.startswith("#"):
            return found
        try:
            found = pointed(data, reference)
        except BrokenTool:
            return part
    return part
