"""Convert the results of MCP tools to data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mcp_types import (
    AudioContent,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from fieldcraft.tools.calls.arguments import one_line
from fieldcraft.tools.calls.schemas import SchemaCheck, sound_schema
from fieldcraft.tools.errors import ToolError

if TYPE_CHECKING:
    from mcp_types import CallToolResult


def data_of(server: str, tool: str, result: CallToolResult) -> Any:
    """The structured content if there is any, else the text; other content is only named.

    Raises:
        ToolError: the server reports that the call failed.
    """
    text = "\n".join(_words(block) for block in result.content)
    if result.is_error:
        raise ToolError(f"{tool} failed on MCP server {server!r}: {text or 'it does not say why'}"[:2_000])
    structured = result.structured_content
    if structured is None:
        return text
    if isinstance(structured, dict) and structured.keys() == {"result"}:
        return structured["result"]  # how a server wraps a value that is not an object
    return structured


def complaints_of_result(tool: str, schema: Mapping[str, Any], structured: Any) -> str:
    """The errors of a result by the server's own schema; empty if it is valid.

    Raises:
        BrokenTool, CheckGivenUp: the schema is invalid, or takes too long to check.
    """
    if structured is None:
        return "no structured content"
    found = SchemaCheck(sound_schema(tool, schema)).complaints(structured)
    return one_line(found)


def _words(block: object) -> str:
    match block:
        case TextContent(text=text):
            return text
        case ImageContent(mime_type=kind, data=data) | AudioContent(mime_type=kind, data=data):
            return f"[{kind} of {_size(data):,} bytes, not shown]"
        case ResourceLink(name=name, uri=uri):
            return f"{name}: {uri}"
        case EmbeddedResource(resource=TextResourceContents(text=text)):
            return text
        case EmbeddedResource(resource=resource):
            blob = getattr(resource, "blob", "")
            return f"[{resource.mime_type or 'data'} of {_size(blob):,} bytes, not shown: {resource.uri}]"
        case _:
            return f"[{type(block).__name__}, not shown]"


def _size(base64_text: str) -> int:
    """The size of base64 data in bytes."""
    return len(base64_text) * 3 // 4 - base64_text[-2:].count("=")
