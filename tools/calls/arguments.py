"""Validate arguments before a call, so that errors are reported to the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from fieldcraft.common.data import DataError, Limits, bounded
from fieldcraft.common.text import cut_text, visible_line
from fieldcraft.tools.errors import BrokenTool, ToolError

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

_MOST_COMPLAINTS = 10
_LONGEST = 2_000

LIMITS = Limits(size=256_000, items=50_000)
"""The limits on the arguments of one call."""
LEFT_OUT = "(left out)"

Check = Callable[[Mapping[str, Any]], None]


def size_of(arguments: Mapping[str, Any]) -> int:
    """The size of arguments as JSON, in bytes."""
    return len(to_json(arguments, inf_nan_mode="constants", serialize_unknown=True))


def plain_arguments(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The arguments as data that a journal can hold, and their size as JSON in bytes.

    Raises:
        TooMuch: they are not such data, or exceed a limit.
    """
    if (size := _size_of_few(arguments)) is not None:
        return dict(arguments), size
    try:
        plain: dict[str, Any] = bounded(dict(arguments), LIMITS)
    except DataError as error:
        raise TooMuch(str(error), {LEFT_OUT: str(error)}) from error
    size = size_of(plain)
    if size > LIMITS.size:
        why = f"they have {size:,} bytes; at most {LIMITS.size:,} are passed on"
        raise TooMuch(why, {LEFT_OUT: f"{size:,} bytes"})
    return plain, size


def _size_of_few(arguments: Mapping[str, Any]) -> int | None:
    """The size of arguments that are too short to exceed a limit, as in most calls; else `None`."""
    try:
        text = to_json(arguments)
        if len(text) > LIMITS.digits or text.count(b"[") + text.count(b"{") > LIMITS.depth:
            return None
        from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
    return len(text)


class TooMuch(ToolError):
    """Arguments that are not passed on; `shown` is recorded instead."""

    def __init__(self, message: str, shown: dict[str, Any]) -> None:
        super().__init__(message)
        self.shown = shown


def checker(name: str, tool: BaseTool) -> Check:
    """A function that raises `ToolError` for arguments that `tool` does not accept.

    Raises:
        BrokenTool: the tool's schema is not valid.
    """
    try:
        schema = call_schema(tool)
    except Exception as error:
        raise BrokenTool(f"tool {name!r} has no usable schema: {type(error).__name__}: {error}") from error
    if isinstance(schema, Mapping):
        return _json_schema_checker(name, schema)
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        return _model_checker(name, schema)
    return lambda _: None


def call_schema(tool: BaseTool) -> Any:
    """The schema of the caller's arguments: a pydantic model, or a JSON schema."""
    from langchain_core.tools import Tool

    if isinstance(tool, Tool) and tool.args_schema is None:
        # LangChain's tool of one text: its `tool_call_schema` describes its internal signature.
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
    """A pydantic error message without the prefix that pydantic adds to a validator's message."""
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def complaints(error: ValidationError) -> str:
    """The errors that pydantic found, on one line."""
    found = (
        (problem["loc"], reason(problem["msg"]))
        for problem in error.errors(include_url=False, include_input=False)
    )
    return one_line(found)


def one_line(found: Iterable[tuple[Iterable[object], str]]) -> str:
    """The first few errors with their places, on one line."""
    parts = (
        f"{'.'.join(str(part)[:100] for part in place) or 'arguments'}: {problem}" for place, problem in found
    )
    return visible_line("; ".join(islice(parts, _MOST_COMPLAINTS)), _LONGEST)


def _extra(name: str, arguments: Iterable[str], known: Iterable[str]) -> str:
    from fieldcraft.common.suggest import nearest

    odd = min(set(arguments) - set(known))[:100]
    takes = ", ".join(sorted(known)) or "none"
    return cut_text(f"{name} takes no argument {odd!r}{nearest(odd, known)}; it takes: {takes}", _LONGEST)


def _json_schema_checker(name: str, schema: Mapping[str, Any]) -> Check:
    """A check against an untrusted JSON schema; see `fieldcraft.tools.calls.schemas`."""
    from fieldcraft.tools.calls.schemas import CheckGivenUp, SchemaCheck, sound_schema

    sound = sound_schema(name, schema)
    properties = sound.get("properties", {})
    closed = not sound.get("additionalProperties", False) and "patternProperties" not in sound
    checked = SchemaCheck(sound)

    def check(arguments: Mapping[str, Any]) -> None:
        if closed and not properties.keys() >= arguments.keys():
            raise ToolError(_extra(name, arguments, properties))
        try:
            found = checked.complaints(dict(arguments))
        except BrokenTool as error:
            raise BrokenTool(f"tool {name!r} announces {error}") from error
        except CheckGivenUp:
            raise ToolError(f"{name} cannot take these arguments: it takes too long to check them") from None
        if found:
            raise ToolError(f"{name} cannot take these arguments: {one_line(found)}")

    return check
