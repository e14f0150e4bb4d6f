"""Errors that a LangChain tool turns into text for a model: here the call has failed, with that text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.langchain.blocks import parts_of

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool


def without_handlers(tool: BaseTool) -> BaseTool:
    """The tool, or a copy whose `handle_tool_error` and `handle_validation_error` raise their text."""
    update: dict[str, Any] = {}
    if tool.handle_tool_error:
        update["handle_tool_error"] = _raising(tool.handle_tool_error)
    if isinstance(tool.handle_validation_error, bool):
        update["handle_validation_error"] = None  # its text says less than the error
    elif tool.handle_validation_error:
        update["handle_validation_error"] = _raising(tool.handle_validation_error)
    return tool.model_copy(update=update) if update else tool


def _raising(handler: bool | str | Callable[[Any], Any]) -> Callable[[Exception], Any]:
    def handle(error: Exception) -> Any:
        if callable(handler):
            said = handler(error)
        elif isinstance(handler, str):
            said = handler
        else:
            said = error.args[0] if error.args else "it does not say why"
        texts = [part if isinstance(part, str) else f"[{part['media_type']}]" for part in parts_of(said)]
        raise ToolError("\n".join(texts)) from error

    return handle
