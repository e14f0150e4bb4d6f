"""Checking arguments before a call, so that what was wrong goes back to the caller."""

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
"""How much of arguments a tool is given in one call."""
LEFT_OUT = "(left out)"

Check = Callable[[Mapping[str, Any]], None]


def size_of(arguments: Mapping[str, Any]) -> int:
    """Bytes of arguments as JSON."""
    return len(to_json(arguments, inf_nan_mode="constants", serialize_unknown=True))


def plain_arguments(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The arguments as data that can be written down and read back, and their bytes as JSON.

    Raises:
        TooMuch: they are no such data, or too much.
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
    """The size of arguments that are too short to break a bound, as those of most calls; `None` of others."""
    try:
        text = to_json(arguments)
        if len(text) > LIMITS.digits or text.count(b"[") + text.count(b"{") > LIMITS.depth:
            return None
        from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
    return len(text)


class TooMuch(ToolError):
    """Arguments that are not passed on; `shown` is what is recorded in their place."""

    def __init__(self, message: str, shown: dict[str, Any]) -> None:
        super().__init__(message)
        self.shown = shown


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
        return _json_schema_checker(name, schema)
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
    return one_line(found)


def one_line(found: Iterable[tuple[Iterable[object], str]]) -> str:
    """Places and what is wrong there, the first few, on one line."""
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
    """A check against a JSON schema that somebody else wrote; see `fieldcraft.tools.calls.schemas`."""
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
