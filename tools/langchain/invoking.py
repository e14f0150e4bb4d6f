"""Invoke a LangChain tool: with its arguments alone, or as a model calls it where it needs the call's id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool


def invoked(tool: BaseTool, arguments: Mapping[str, Any], number: int) -> Any:
    """The result of a tool; `number` tells the calls of a task apart."""
    return tool.invoke(_request(tool, arguments, number))


async def invoked_async(tool: BaseTool, arguments: Mapping[str, Any], number: int) -> Any:
    """As `invoked`, on an event loop."""
    return await tool.ainvoke(_request(tool, arguments, number))


def _request(tool: BaseTool, arguments: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The input of the tool: without the form of a model's call an artifact would be dropped."""
    if tool.response_format == "content_and_artifact":
        return {"type": "tool_call", "name": tool.name, "args": dict(arguments), "id": f"call_{number}"}
    return dict(arguments)
