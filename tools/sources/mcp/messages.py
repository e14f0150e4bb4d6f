"""Read the messages of an MCP server within limits before they become objects."""

from __future__ import annotations

import json
import re
from typing import Any

from fieldcraft.common.data import DataError, Limits, read_json_parts
from fieldcraft.common.text import valid_text

LARGEST_MESSAGE = 16_000_000
"""The most bytes of one message; a server that sends a longer one is ended."""
_LIMITS = Limits(size=LARGEST_MESSAGE, depth=100)
"""More levels than a result or a tool may have, so that one deep tool does not break the message."""
_ID = rb'"id"\s*:\s*(?P<id>-?[0-9]{1,15}|"[^"\\]{1,100}")\s*'
_ID_AT_THE_START = re.compile(rb'\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?' + _ID + rb"[,}]")
_ID_AT_THE_END = re.compile(_ID + rb"\}\s*\Z")
_END = 300


def read_message(raw: bytes) -> Any:
    """Parse the JSON of a message, whose parts are limited later.

    Raises:
        DataError: it is not JSON, or it is too large, has too many values, or hundreds of levels.
    """
    return read_json_parts(raw, _LIMITS)


def refusal_of(raw: bytes, error: DataError) -> dict[str, Any] | None:
    """An error response that replaces an unreadable answer; `None` if the answer's id is unknown."""
    found = _ID_AT_THE_START.match(raw[:_END]) or _ID_AT_THE_END.search(raw[-_END:])
    if found is None:
        return None
    fault = {"code": -32700, "message": f"its answer cannot be read: {error}"}
    return {"jsonrpc": "2.0", "id": json.loads(found["id"]), "error": fault}


def rewritten(raw: bytes) -> bytes:
    """A message as JSON that every reader accepts; an unreadable one becomes a short invalid text."""
    try:
        return valid_text(json.dumps(read_message(raw), ensure_ascii=False)).encode()
    except DataError as error:
        refusal = refusal_of(raw, error)
        return f"({error})".encode() if refusal is None else json.dumps(refusal).encode()
