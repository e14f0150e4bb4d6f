"""A tool in one line, as a model reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

LONGEST_PURPOSE = 1_000
"""Characters of a tool's description; a server may announce one of any size."""

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


def spec(name: str, tool: BaseTool) -> str:
    """`calculator(expression: str): Work out ...`; an argument that may be left out says so."""
    schema = tool.args_schema if isinstance(tool.args_schema, Mapping) else None
    required = None if schema is None else schema.get("required", ())
    properties = tool.args if schema is None else schema.get("properties", {})
    arguments = ", ".join(_argument(key, value, required) for key, value in properties.items())
    return f"{name}({arguments}): {purpose(tool)}"


def purpose(tool: BaseTool) -> str:
    """What the tool is for, on one line."""
    line = " ".join(tool.description.split())
    return line if len(line) <= LONGEST_PURPOSE else f"{line[: LONGEST_PURPOSE - 3]}..."


def _argument(name: str, schema: Any, required: Any) -> str:
    """`required` is what a JSON schema requires, `None` where the signature says it by defaults."""
    schema = schema if isinstance(schema, Mapping) else {}
    kind = type_name(schema)
    if "default" in schema:
        return f"{name}: {kind} = {schema['default']!r}"
    optional = required is not None and name not in required
    return f"{name}: {kind}{' = ...' if optional else ''}"


def type_name(schema: Mapping[str, Any], depth: int = 0) -> str:
    """The type of a JSON schema in Python's words; `any` where it has none."""
    if depth > _DEEPEST:
        return "any"
    if isinstance(choices := schema.get("enum"), list):
        return " | ".join(map(repr, choices))
    if isinstance(either := schema.get("anyOf") or schema.get("oneOf"), list):
        names = [type_name(part, depth + 1) for part in either if isinstance(part, Mapping)]
        return " | ".join(dict.fromkeys(names)) or "any"
    kind = schema.get("type", "dict" if "$ref" in schema or "properties" in schema else "any")
    if isinstance(kind, list):
        return " | ".join(_PYTHON_NAMES.get(part, "any") for part in kind if isinstance(part, str)) or "any"
    if kind == "array" and isinstance(items := schema.get("items"), Mapping):
        return f"list[{type_name(items, depth + 1)}]"
    return _PYTHON_NAMES.get(kind, kind if kind == "dict" else "any") if isinstance(kind, str) else "any"
