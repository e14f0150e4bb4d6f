"""The arguments of a call in a text: by place or by name, quoted where they must be, typed by the tool."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fieldcraft.common.data import DataError, Limits, read_json
from fieldcraft.common.text import valid_text
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.toolformer.syntax import text

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

_LIMITS = Limits(size=1_000_000)
_KEYWORD = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)\s*")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a tool: whether it takes text as it stands, or a value in JSON."""

    name: str
    textual: bool
    required: bool


def parameters_of(tool: BaseTool) -> tuple[Parameter, ...]:
    """The parameters of a tool, in the order of its signature."""
    required = set(tool.get_input_jsonschema().get("required", ()))
    return tuple(
        Parameter(name, schema.get("type") == "string", name in required)
        for name, schema in tool.args.items()
    )


def read(written: str, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """The arguments by name.

    A value is quoted text, JSON, or text as it stands. A tool of one parameter takes all that is written,
    commas included; else the first values are those of the first parameters, and `name=value` names one.

    Raises:
        ToolError: more values than parameters, a value given twice, or a position after a name.
    """
    if not written.strip():
        return {}
    known = {parameter.name: parameter for parameter in parameters}
    pieces = [written] if len(parameters) == 1 else _split(written)
    values: dict[str, Any] = {}
    for place, piece in enumerate(pieces):
        named = _KEYWORD.match(piece)
        if named is not None and named[1] in known:
            parameter, shown = known[named[1]], piece[named.end() :]
        elif place < len(parameters) and len(values) == place:
            parameter, shown = parameters[place], piece
        else:
            raise ToolError(f"there is no parameter for the argument {piece.strip()[:100]!r}")
        if parameter.name in values:
            raise ToolError(f"the argument {parameter.name!r} is given twice")
        values[parameter.name] = _value(shown.strip(), textual=parameter.textual)
    return values


def written(arguments: Mapping[str, Any], parameters: Sequence[Parameter]) -> str:
    """The arguments as text: those of the first parameters by place, the others by name."""
    known = {parameter.name: parameter for parameter in parameters}
    order = [parameter.name for parameter in parameters if parameter.name in arguments]
    order += [name for name in arguments if name not in known]
    pieces = []
    for place, name in enumerate(order):
        parameter = known.get(name, Parameter(name, textual=False, required=False))
        value = _shown(arguments[name], parameter, alone=len(parameters) == 1)
        by_place = place < len(parameters) and parameters[place].name == name
        pieces.append(value if by_place else f"{name}={value}")
    return ", ".join(pieces)


def _shown(value: Any, parameter: Parameter, *, alone: bool) -> str:
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    bare = (
        parameter.textual
        and bool(value)
        and value == value.strip()
        and not any(mark in value for mark in ("\n", "\r", "\\", text.ARROW))
        and (alone or "," not in value)
        and value[0] not in "\"'="
        and not _KEYWORD.match(value)
        and text.balanced(value)
    )
    return value if bare else json.dumps(value, ensure_ascii=False)


def _split(written: str) -> list[str]:
    """What stands between the commas that are outside of quotes and brackets."""
    pieces, begin, place, before = [], 0, 0, ","
    waiting: list[str] = []
    while place < len(written):
        letter = written[place]
        if letter in "\"'" and before in "(,=[{:" and (end := text.quoted_end(written, place)) is not None:
            place, before = end, letter
            continue
        if letter in _CLOSERS:
            waiting.append(_CLOSERS[letter])
        elif waiting and letter == waiting[-1]:
            waiting.pop()
        elif letter == "," and not waiting:
            pieces.append(written[begin:place])
            begin = place + 1
        if not letter.isspace():
            before = letter
        place += 1
    return [*pieces, written[begin:]]


def _value(piece: str, *, textual: bool) -> Any:
    if piece[:1] in {'"', "'"} and text.quoted_end(piece, 0) == len(piece):
        return _unquoted(piece)
    if textual:
        return piece
    try:
        return read_json(piece, _LIMITS)
    except DataError:
        return {"True": True, "False": False, "None": None}.get(piece, piece)


def _unquoted(piece: str) -> str:
    try:
        if piece[0] == '"':
            return str(read_json(piece, _LIMITS))
        return valid_text(str(ast.literal_eval(piece)))
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return piece[1:-1]
