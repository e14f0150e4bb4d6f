"""Parse the words typed after a tool's name into its arguments."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from fieldcraft.cli.errors import UsageProblem

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

T = TypeVar("T", list[Any], dict[str, Any])

_NEAR = 0.75
"""The similarity (`difflib` ratio) from which a word counts as a misspelt argument name."""

_MOST_REFERENCES = 8


def schema_of(tool: BaseTool) -> dict[str, Any]:
    """The JSON schema of a tool's arguments."""
    from fieldcraft.tools.calls.arguments import call_schema

    schema = call_schema(tool)
    return dict(schema) if isinstance(schema, Mapping) else dict(tool.get_input_jsonschema())


def rows_of(schema: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Name, type, default and meaning of each argument, followed by the fields of one that holds an object.

    `body.name` is a field of the object `body`; `body[].name` one of each object in the list `body`.
    """
    rows = []
    for name, part in schema.get("properties", {}).items():
        rows.append(_row(name, _whole(schema, part), name in schema.get("required", ())))
        holder, inside = name, _followed(schema, part)
        if inside.get("type") == "array":
            holder, inside = f"{name}[]", _followed(schema, inside.get("items"))
        parts = [inside, *(_followed(schema, one) for one in _held(inside, "allOf", list))]
        needed = [field for one in parts for field in _held(one, "required", list)]
        fields = {field: value for one in parts for field, value in _held(one, "properties", dict).items()}
        rows += [
            _row(f"{holder}.{field}", _whole(schema, value), field in needed)
            for field, value in fields.items()
        ]
    return rows


def _row(name: str, part: Mapping[str, Any], needed: bool) -> tuple[str, str, str, str]:
    from fieldcraft.tools.calls.describing import type_name

    default = "needed" if needed else repr(part["default"]) if "default" in part else "may be left out"
    return name, type_name(part), default, str(part.get("description", ""))


def _held(part: Mapping[str, Any], key: str, kind: type[T]) -> T:
    """The mapping under `key` of a schema; empty if it is of another type, as a server may send anything."""
    found = part.get(key)
    return found if isinstance(found, kind) else kind()


def _followed(schema: Mapping[str, Any], part: Any) -> Mapping[str, Any]:
    """The part of a schema, or the definition that its `$ref` names."""
    for _ in range(_MOST_REFERENCES):
        if not isinstance(part, Mapping):
            return {}
        if "$ref" not in part:
            return part
        part = _held(schema, "$defs", dict).get(str(part["$ref"]).rpartition("/")[2])
    return {}


def _whole(schema: Mapping[str, Any], part: Any) -> dict[str, Any]:
    """A part with what the definition that it names says, and what it says itself."""
    own = part if isinstance(part, Mapping) else {}
    return {**_followed(schema, part), **{key: value for key, value in own.items() if key != "$ref"}}


def typed_arguments(tool: BaseTool, typed: list[str]) -> dict[str, Any]:
    """Parse what was typed into the tool's arguments.

    Raises:
        UsageProblem: it is unclear which argument a value is for, or a name looks misspelt.
    """
    names = list(schema_of(tool).get("properties", {}))
    if len(typed) == 1 and isinstance(whole := _json_or_text(typed[0]), dict):
        return whole
    given: dict[str, Any] = {}
    for entry in typed:
        name, equals, value = entry.partition("=")
        if equals and name.isidentifier() and (name in names or len(typed) > 1 or not names):
            given[name] = _typed(tool, name, value)
        elif len(typed) == 1 and names:
            _refuse_misspelt(name if equals else "", names)
            given[names[0]] = _typed(tool, names[0], entry)
        else:
            taken = ", ".join(names) or "none"
            asked = f"which argument of {tool.name} is {entry[:60]!r}?"
            raise UsageProblem(f"{asked} Write name=value; it takes: {taken}")
    return given


def _refuse_misspelt(name: str, names: list[str]) -> None:
    """Refuse a misspelt argument name; other text with a `=` is a value."""
    near = get_close_matches(name, names, n=1, cutoff=_NEAR) if name.isidentifier() else []
    if near:
        raise UsageProblem(f"no argument {name!r}; did you mean {near[0]!r}?")


def _typed(tool: BaseTool, name: str, value: str) -> Any:
    """Parse a value as JSON, unless the tool takes a text there."""
    part = schema_of(tool).get("properties", {}).get(name, {})
    kind = part.get("type") if isinstance(part, Mapping) else None
    return value if kind == "string" else _json_or_text(value)


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
