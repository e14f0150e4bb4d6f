"""The messages of an MCP server, read within bounds before they become objects."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from fieldcraft.common.data import DataError, Limits, check_shape
from fieldcraft.common.text import valid_text

LARGEST_MESSAGE = 16_000_000
"""Bytes of one message; a server that sends a longer one is ended."""
MOST_DIGITS = 300
_SHAPE = Limits(size=LARGEST_MESSAGE, depth=500, items=250_000)
_DEEPEST = 100
"""Levels that are kept: more than a result or a tool may have, so that one deep tool costs itself alone."""
_ID = rb'"id"\s*:\s*(?P<id>-?[0-9]{1,15}|"[^"\\]{1,100}")\s*'
_ID_AT_THE_START = re.compile(rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?' + _ID + rb"[,}]")
_ID_AT_THE_END = re.compile(_ID + rb"\}\s*\Z")
_END = 300


def read_message(raw: bytes) -> Any:
    """The JSON value of a message.

    A number that is too long becomes one that is not finite, and what is too deep is cut at a level that is
    too deep still: `bounded` refuses the part that holds it.

    Raises:
        DataError: it is no JSON, or it is too large, of too many values, or of hundreds of levels.
    """
    if len(raw) > LARGEST_MESSAGE:
        raise DataError(f"it has more than {LARGEST_MESSAGE:,} bytes")
    check_shape(raw, _SHAPE)
    try:
        value = json.loads(raw.decode("utf-8", "replace"), parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise DataError(f"it is no JSON: {str(error)[:200]}") from None
    return _cut(value, 0) if raw.count(b"[") + raw.count(b"{") > _DEEPEST else value


def refusal_of(raw: bytes, error: DataError) -> dict[str, Any] | None:
    """An error in the place of an answer that cannot be read; `None` where what it answers is not seen."""
    found = _ID_AT_THE_START.match(raw[:_END]) or _ID_AT_THE_END.search(raw[-_END:])
    if found is None:
        return None
    told = {"code": -32700, "message": f"its answer cannot be read: {error}"}
    return {"jsonrpc": "2.0", "id": json.loads(found["id"]), "error": told}


def rewritten(raw: bytes) -> bytes:
    """A message as JSON that every reader takes; what cannot be read becomes a few words that are none."""
    try:
        return valid_text(json.dumps(read_message(raw), ensure_ascii=False)).encode()
    except DataError as error:
        refusal = refusal_of(raw, error)
        return f"({error})".encode() if refusal is None else json.dumps(refusal).encode()


def _integer(digits: str) -> float:
    return int(digits) if len(digits) <= MOST_DIGITS else math.inf


def _cut(value: Any, depth: int) -> Any:
    """The value without what lies deeper than is kept."""
    if depth > _DEEPEST:
        return None
    match value:
        case list():
            return [_cut(part, depth + 1) for part in value]
        case dict():
            return {key: _cut(part, depth + 1) for key, part in value.items()}
        case _:
            return value
