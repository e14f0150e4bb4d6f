"""Make what is registered a tool that works here: schemas of pydantic's first version, classes, toolkits."""

from __future__ import annotations

import inspect
from typing import Any

from pydantic import ValidationError

from fieldcraft.common.text import visible_line
from fieldcraft.tools.calls.arguments import complaints
from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.langchain.injected import unfillable

_CONVERSIONS = ("to_langchain_structured_tool", "to_langchain_tool")
"""Methods by which tools of other frameworks, such as LlamaIndex, make themselves tools of LangChain."""


def tools_in(found: Any, target: str) -> list[Any]:
    """The tools of a named object: itself, its items, those of a toolkit, or an instance of a tool's class.

    Raises:
        BrokenTool: the class cannot be made, or the toolkit does not give its tools.
    """
    try:
        if isinstance(found, type) and any(hasattr(found, name) for name in ("invoke", "get_tools")):
            found = found()
        if hasattr(found, "get_tools"):
            found = found.get_tools()
        return [_converted(one) for one in (found if isinstance(found, list | tuple) else [found])]
    except Exception as error:
        said = complaints(error) if isinstance(error, ValidationError) else visible_line(error, 300)
        raise BrokenTool(
            f"{target} cannot be made without arguments, or gives no tools ({type(error).__name__}: {said}); "
            "make it in a module of yours, and name that: module:tool"
        ) from error


def _converted(tool: Any) -> Any:
    return next((getattr(tool, name)() for name in _CONVERSIONS if hasattr(tool, name)), tool)


def refusal(tool: Any) -> str | None:
    """The reason why something that is registered is no tool, or cannot be called here; `None` if it can."""
    if not hasattr(tool, "invoke") and not inspect.isroutine(tool) and hasattr(tool, "description"):
        framework = type(tool).__module__.partition(".")[0]
        return (
            f"{str(getattr(tool, 'name', tool))[:100]!r} is a tool of {framework}, not of LangChain; "
            "write a function that calls it, and register that"
        )
    return unfillable(tool)


def adapted(tool: Any) -> Any:
    """The tool, or one that announces the JSON schema of a schema of pydantic's first version.

    Raises:
        BrokenTool: that schema cannot be written as JSON.
    """
    schema = getattr(tool, "args_schema", None)
    is_new = hasattr(schema, "__pydantic_fields__")
    if is_new or not isinstance(schema, type) or not hasattr(schema, "__fields__"):
        return tool
    from fieldcraft.tools.langchain.old_schemas import OldSchemaTool

    try:
        return OldSchemaTool.of(tool)
    except Exception as error:
        why = f"{type(error).__name__}: {visible_line(error, 300)}"
        raise BrokenTool(f"tool {tool.name!r} has no usable schema: {why}") from error
