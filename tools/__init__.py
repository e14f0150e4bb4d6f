"""The tools: functions outside the world that models and programs may call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fieldcraft.common.moved import renamed
from fieldcraft.tools.announced import available
from fieldcraft.tools.calls.executor import AllowedTools, ToolExecutor
from fieldcraft.tools.calls.policy import ToolPolicy
from fieldcraft.tools.calls.results import outcome_text
from fieldcraft.tools.context import (
    BudgetPort,
    CorpusPort,
    LibraryView,
    ModelPort,
    Passage,
    RecorderPort,
    ToolCall,
    ToolContext,
    ToolOutcome,
    WorldView,
    current_call,
    current_context,
)
from fieldcraft.tools.errors import BrokenTool, DuplicateTool, ToolError, TransientToolError, UnknownTool
from fieldcraft.tools.loading import load_tools
from fieldcraft.tools.registry import ToolProblem, ToolRegistry
from fieldcraft.tools.traits import Effect, ToolTraits, declare, traits_of

if TYPE_CHECKING:
    from langchain_core.tools import tool

__all__ = [
    "AllowedTools",
    "BrokenTool",
    "BudgetPort",
    "CorpusPort",
    "DuplicateTool",
    "Effect",
    "LibraryView",
    "ModelPort",
    "Passage",
    "RecorderPort",
    "ToolCall",
    "ToolContext",
    "ToolError",
    "ToolExecutor",
    "ToolOutcome",
    "ToolPolicy",
    "ToolProblem",
    "ToolRegistry",
    "ToolTraits",
    "TransientToolError",
    "UnknownTool",
    "WorldView",
    "available",
    "current_call",
    "current_context",
    "declare",
    "load_tools",
    "outcome_text",
    "tool",
    "traits_of",
]


if not TYPE_CHECKING:  # to a type checker a misspelt name is an error

    def __getattr__(name: str) -> Any:
        """Load LangChain's `tool` decorator on first use (its import takes long), and find an old name."""
        if name == "tool":
            from langchain_core.tools import tool

            return tool
        if name == "told":
            return renamed("fieldcraft.tools.told", "fieldcraft.tools.calls.results:outcome_text")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
