"""Describe a tool in one line for a model."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from fieldcraft.common.text import visible_line

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

LONGEST_PURPOSE = 1_000
"""The most characters of a tool's description; a server may announce a longer one."""
LONGEST_ARGUMENTS = 4_000
"""The most characters of the list of its arguments."""
_MOST = 100
"""The most arguments, and the most choices of one argument, that are listed."""
_LONGEST_NAME, _LONGEST_TYPE = 100, 1_000

_PYTHON_NAMES = {
    "array": "list",
    "boolean": "bool",
    "integer": "int",
    "null": "None",
    "number": "float",
    "object": "dict",
    "string": "str",
}
_DEEPEST = 8
_FIELDS_SHOWN, _MOST_FIELDS = 2, 30
"""Levels of objects whose fields are listed, and the most fields of one."""


def spec(name: str, tool: BaseTool) -> str:
    """`calculator(expression: str): Work out ...`; an optional argument is marked."""
    return f"{signature(name, tool)}: {purpose(tool)}"


def signature(name: str, tool: BaseTool, *, longest: int = LONGEST_ARGUMENTS) -> str:
    """`post(text: str, to: {name: str, floor?: int} = ...)`: objects with their fields, if there is room."""
    schema: Mapping[str, Any] = {"properties": tool.args}
    required = None
    if isinstance(tool.args_schema, Mapping):
        schema = tool.args_schema
        required = schema.get("required", ())
    elif hasattr(offered := tool.tool_call_schema, "model_json_schema"):  # without what is injected
        schema = {**offered.model_json_schema(), **schema}
    properties = schema.get("properties", {})
    for depth in (_FIELDS_SHOWN, 1, 0):
        fields = Fields(schema, depth)
        listed = (_argument(key, value, required, fields) for key, value in islice(properties.items(), _MOST))
        shown = ", ".join(listed)
        if len(shown) <= longest // (2 if depth else 1):
            break
    more = f", ... {len(properties) - _MOST:,} more" if len(properties) > _MOST else ""
    return f"{name}({visible_line(shown, longest)}{more})"


def purpose(tool: BaseTool) -> str:
    """The purpose of the tool, on one line."""
    return visible_line(tool.description, LONGEST_PURPOSE)


def _argument(key: str, schema: Any, required: Any, fields: Fields) -> str:
    """Describe one argument; `required` is that of a JSON schema, or `None` if the defaults decide."""
    schema = schema if isinstance(schema, Mapping) else {}
    name, kind = visible_line(key, _LONGEST_NAME), visible_line(fields.of(schema), _LONGEST_TYPE)
    if "default" in schema:
        return f"{name}: {kind} = {visible_line(repr(schema['default']), _LONGEST_TYPE)}"
    optional = required is not None and key not in required
    return f"{name}: {kind}{' = ...' if optional else ''}"


class Fields:
    """Names the types of a schema's parts, objects with their fields down to so many levels."""

    def __init__(self, root: Mapping[str, Any], levels: int) -> None:
        self._root = root
        self._levels = levels

    def of(self, schema: Mapping[str, Any], depth: int = 0) -> str:
        """The type in Python notation, an object as `{name: str, floor?: int}`."""
        schema = self._followed(schema)
        properties = schema.get("properties")
        if depth < self._levels and isinstance(properties, Mapping) and properties:
            return self._listed(properties, schema.get("required"), depth + 1)
        items = schema.get("items")
        if schema.get("type") == "array" and isinstance(items, Mapping):
            return f"list[{self.of(items, depth)}]" if depth <= _DEEPEST else "list"
        either = schema.get("anyOf") or schema.get("oneOf")
        if isinstance(either, list) and "enum" not in schema and depth <= _DEEPEST:
            parts = [self.of(part, depth + 1) for part in either[:_MOST] if isinstance(part, Mapping)]
            return " | ".join(dict.fromkeys(parts)) or "any"
        return type_name(schema)

    def _listed(self, properties: Mapping[str, Any], required: Any, depth: int) -> str:
        wanted = required if isinstance(required, list) else []
        shown = (
            f"{visible_line(key, _LONGEST_NAME)}{'' if key in wanted else '?'}: "
            f"{self.of(part, depth) if isinstance(part, Mapping) else 'any'}"
            for key, part in islice(properties.items(), _MOST_FIELDS)
        )
        more = ", ..." if len(properties) > _MOST_FIELDS else ""
        return f"{{{', '.join(shown)}{more}}}"

    def _followed(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        for _ in range(_DEEPEST):
            reference = schema.get("$ref")
            if not isinstance(reference, str) or not reference.startswith("#/"):
                break
            found: Any = self._root
            for key in reference[2:].split("/"):
                found = (
                    found.get(key.replace("~1", "/").replace("~0", "~"))
                    if isinstance(found, Mapping)
                    else None
                )
            if not isinstance(found, Mapping):
                break
            schema = found
        return schema


def type_name(schema: Mapping[str, Any], depth: int = 0) -> str:
    """The type of a JSON schema in Python notation; `any` if it has none."""
    if depth > _DEEPEST:
        return "any"
    if isinstance(choices := schema.get("enum"), list):
        more = [f"... {len(choices) - _MOST:,} more"] if len(choices) > _MOST else []
        return " | ".join([*(visible_line(repr(choice), _LONGEST_NAME) for choice in choices[:_MOST]), *more])
    if isinstance(either := schema.get("anyOf") or schema.get("oneOf"), list):
        names = [type_name(part, depth + 1) for part in either if isinstance(part, Mapping)]
        return " | ".join(dict.fromkeys(names)) or "any"
    kind = schema.get("type", "dict" if "$ref" in schema or "properties" in schema else "any")
    if isinstance(kind, list):
        return " | ".join(_PYTHON_NAMES.get(part, "any") for part in kind if isinstance(part, str)) or "any"
    if kind == "array" and isinstance(items := schema.get("items"), Mapping):
        return f"list[{type_name(items, depth + 1)}]"
    return _PYTHON_NAMES.get(kind, kind if kind == "dict" else "any") if isinstance(kind, str) else "any"
