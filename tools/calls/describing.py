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


def spec(name: str, tool: BaseTool) -> str:
    """`calculator(expression: str): Work out ...`; an optional argument is marked."""
    schema = tool.args_schema if isinstance(tool.args_schema, Mapping) else None
    required = None if schema is None else schema.get("required", ())
    properties = tool.args if schema is None else schema.get("properties", {})
    shown = ", ".join(_argument(key, value, required) for key, value in islice(properties.items(), _MOST))
    more = f", ... {len(properties) - _MOST:,} more" if len(properties) > _MOST else ""
    return f"{name}({visible_line(shown, LONGEST_ARGUMENTS)}{more}): {purpose(tool)}"


def purpose(tool: BaseTool) -> str:
    """The purpose of the tool, on one line."""
    return visible_line(tool.description, LONGEST_PURPOSE)


def _argument(key: str, schema: Any, required: Any) -> str:
    """Describe one argument; `required` is that of a JSON schema, or `None` if the defaults decide."""
    schema = schema if isinstance(schema, Mapping) else {}
    name, kind = visible_line(key, _LONGEST_NAME), visible_line(type_name(schema), _LONGEST_TYPE)
    if "default" in schema:
        return f"{name}: {kind} = {visible_line(repr(schema['default']), _LONGEST_TYPE)}"
    optional = required is not None and key not in required
    return f"{name}: {kind}{' = ...' if optional else ''}"


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
