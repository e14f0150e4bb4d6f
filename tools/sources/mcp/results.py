"""Convert the results of MCP tools: all content is kept, and given once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from fieldcraft.common.text import cut_text, valid_text
from fieldcraft.tools.calls.arguments import one_line
from fieldcraft.tools.calls.schemas import SchemaCheck, sound_schema
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.sources.mcp.contents import Block, blocks_of, text_block, texts_of

if TYPE_CHECKING:
    from langchain_core.messages import ToolMessage
    from mcp_types import CallToolResult

_LONGEST_ERROR = 4_000
_MOST_TEXTS = 10_000
_WRAPPED = "result"
"""The key under which servers put a value that is not an object."""


def data_of(
    server: str, tool: str, result: CallToolResult, schema: Mapping[str, Any] | None, notes: Sequence[str]
) -> str | ToolMessage | Any:
    """The structured content where it is all that the server says; else all content, with it as the artifact.

    Args:
        server: the server's name, for messages.
        tool: the tool's name.
        result: what the server answered.
        schema: the schema of results that it announces, if any.
        notes: what happened in the middle of the call, for the caller.

    Raises:
        ToolError: the server reports that the call failed; the message has all of its text.
    """
    has_data = result.structured_content is not None
    structured = _unwrapped(result.structured_content, schema)
    blocks = blocks_of(result.content)
    if has_data:
        blocks = _without_repetition(blocks, result.structured_content, structured)
    blocks += map(text_block, notes)
    if result.is_error:
        if has_data:
            blocks.append(text_block(json.dumps(structured, ensure_ascii=False)))
        why = texts_of(blocks) or "it does not say why"
        raise ToolError(
            cut_text(f"{tool} failed on MCP server {server!r}: {valid_text(why)}", _LONGEST_ERROR)
        )
    return structured if has_data and not blocks else message_of(blocks, structured)


def message_of(blocks: Sequence[Block], artifact: Any = None) -> str | ToolMessage:
    """Blocks as a tool's result: a text where they are no more, else a message of LangChain's."""
    if artifact is None and all(block["type"] == "text" for block in blocks):
        return texts_of(blocks)
    from langchain_core.messages import ToolMessage

    return ToolMessage(content=list(blocks), artifact=artifact, tool_call_id="")


def complaints_of_result(tool: str, schema: Mapping[str, Any], structured: Any) -> str:
    """The errors of a result by the server's own schema; empty if it is valid.

    Raises:
        BrokenTool, CheckGivenUp: the schema is invalid, or takes too long to check.
    """
    if structured is None:
        return "no structured content"
    found = SchemaCheck(sound_schema(tool, schema)).complaints(structured)
    return one_line(found)


def _unwrapped(structured: Any, schema: Mapping[str, Any] | None) -> Any:
    """The value itself where a server wrapped one that is no object."""
    if not isinstance(structured, dict) or structured.keys() != {_WRAPPED}:
        return structured
    value = structured[_WRAPPED]
    properties = (schema or {}).get("properties")
    announced = isinstance(properties, Mapping) and properties.keys() == {_WRAPPED}
    return value if announced or not isinstance(value, dict) else structured


def _without_repetition(blocks: list[Block], *structured: Any) -> list[Block]:
    """The blocks without the texts that only repeat structured content: whole, a part, or item by item."""
    texts = [block["text"] for block in blocks if block["type"] == "text"]
    if any(value in (texts, [_parsed(text) for text in texts], "\n".join(texts)) for value in structured):
        return [block for block in blocks if block["type"] != "text"]
    told = set(islice(_texts_in(structured), _MOST_TEXTS))
    return [
        block
        for block in blocks
        if block["type"] != "text"
        or (block["text"] not in told and not any(_parsed(block["text"]) == value for value in structured))
    ]


def _texts_in(data: Any) -> Iterator[str]:
    """All texts in JSON data."""
    match data:
        case str():
            yield data
        case Mapping():
            for value in data.values():
                yield from _texts_in(value)
        case list() | tuple():
            for value in data:
                yield from _texts_in(value)


def _parsed(text: str) -> Any:
    try:
        return from_json(text, allow_inf_nan=False)
    except ValueError:
        return text
