"""Checking arguments before a call, so that what was wrong goes back to the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from fieldcraft.tools.errors import BrokenTool, ToolError

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

_MOST_COMPLAINTS = 10
_LONGEST = 2_000

Check = Callable[[Mapping[str, Any]], None]


def checker(name: str, tool: BaseTool) -> Check:
    """What raises `ToolError` for arguments that `tool` does not take.

    Raises:
        BrokenTool: the tool's schema is none.
    """
    try:
        schema = call_schema(tool)
    except Exception as error:
        raise BrokenTool(f"tool {name!r} has no usable schema: {type(error).__name__}: {error}") from error
    if isinstance(schema, Mapping):
        return _json_schema_checker(name, dict(schema))
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        return _model_checker(name, schema)
    return lambda _: None


def call_schema(tool: BaseTool) -> Any:
    """The schema of what a caller gives: a pydantic model, or a JSON schema."""
    from langchain_core.tools import Tool

    if isinstance(tool, Tool) and tool.args_schema is None:
        # LangChain's tool of one text: its `tool_call_schema` tells the signature of its insides.
        return {"type": "object", "properties": tool.args, "required": list(tool.args)}
    return tool.tool_call_schema


def _model_checker(name: str, schema: type[BaseModel]) -> Check:
    known: frozenset[str] | None = None
    if schema.model_config.get("extra") != "allow":
        fields = schema.model_fields
        known = frozenset(fields).union(field.alias for field in fields.values() if field.alias)

    def check(arguments: Mapping[str, Any]) -> None:
        if known is not None and not known.issuperset(arguments):
            raise ToolError(_extra(name, arguments, known))
        try:
            schema.model_validate(arguments)
        except ValidationError as error:
            raise ToolError(f"{name} cannot take these arguments: {complaints(error)}") from error

    return check


def reason(message: str) -> str:
    """What pydantic says is wrong, without the name that it gives to a validator's own words."""
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def complaints(error: ValidationError) -> str:
    """What pydantic found wrong, as one line."""
    found = (
        (problem["loc"], reason(problem["msg"]))
        for problem in error.errors(include_url=False, include_input=False)
    )
    return _line(found)


def _line(found: Iterable[tuple[Iterable[object], str]]) -> str:
    parts = [f"{'.'.join(map(str, place)) or 'arguments'}: {problem}" for place, problem in found]
    return "; ".join(parts[:_MOST_COMPLAINTS])[:_LONGEST]


def _extra(name: str, arguments: Iterable[str], known: Iterable[str]) -> str:
    from fieldcraft.tools.naming import nearest

    odd = min(set(arguments) - set(known))
    return (
        f"{name} takes no argument {odd[:100]!r}{nearest(odd, known)}; it takes: "
        f"{', '.join(sorted(known)) or 'none'}"
    )


def _json_schema_checker(name: str, schema: dict[str, Any]) -> Check:
    """A check against a JSON schema that somebody else wrote.

    `pattern` is left to the tool: a hostile expression could stall this process. No reference is fetched.
    """
    from jsonschema import Draft202012Validator, SchemaError, validators
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    base = validators.validator_for(schema, default=Draft202012Validator)
    try:
        base.check_schema(schema)
    except (SchemaError, RecursionError) as error:
        message = getattr(error, "message", "it is nested too deeply")
        raise BrokenTool(f"tool {name!r} announces a bad schema: {message[:500]}") from error
    if schema.get("type", "object") != "object":
        raise BrokenTool(f"tool {name!r} announces a bad schema: its arguments are no object")
    properties = schema.get("properties", {})
    closed = schema.get("additionalProperties") in {False, None} and "patternProperties" not in schema
    unpatterned = validators.extend(base, _UNCHECKED)  # type: ignore[no-untyped-call]
    validator = unpatterned(schema, registry=Registry())

    def check(arguments: Mapping[str, Any]) -> None:
        if closed and not properties.keys() >= arguments.keys():
            raise ToolError(_extra(name, arguments, properties))
        try:
            found = [
                (error.absolute_path, error.message[:200]) for error in validator.iter_errors(dict(arguments))
            ]
        except (Unresolvable, RecursionError) as error:
            raise BrokenTool(f"tool {name!r} announces a schema that cannot be followed: {error}") from error
        if found:
            raise ToolError(f"{name} cannot take these arguments: {_line(found)}")

    return check


def _accept(*_: object) -> Iterable[Any]:
    return ()


_UNCHECKED = {"pattern": _accept, "patternProperties": _accept}
