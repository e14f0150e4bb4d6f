"""Make what is registered a tool that works here: schemas of pydantic's first version, classes, toolkits."""

from __future__ import annotations

from typing import Any

from fieldcraft.common.text import visible_line
from fieldcraft.tools.errors import BrokenTool


def tools_in(found: Any, target: str) -> list[Any]:
    """The tools of a named object: itself, its items, those of a toolkit, or an instance of a tool's class.

    Raises:
        BrokenTool: the class cannot be made, or the toolkit does not give its tools.
    """
    if isinstance(found, list | tuple):
        return list(found)
    try:
        if isinstance(found, type) and (hasattr(found, "invoke") or hasattr(found, "get_tools")):
            found = found()
        return list(found.get_tools()) if hasattr(found, "get_tools") else [found]
    except Exception as error:
        why = f"{type(error).__name__}: {visible_line(error, 300)}"
        raise BrokenTool(
            f"{target} cannot be made without arguments, or gives no tools ({why}); make it in a module of "
            "yours, and name that: module:tool"
        ) from error


def adapted(tool: Any) -> Any:
    """The tool, or one that announces the JSON schema of a schema of pydantic's first version.

    Raises:
        BrokenTool: that schema cannot be written as JSON.
    """
    schema = getattr(tool, "args_schema", None)
    if not isinstance(schema, type) or hasattr(schema, "model_fields") or not hasattr(schema, "__fields__"):
        return tool
    from fieldcraft.tools.langchain.old_schemas import OldSchemaTool

    try:
        return OldSchemaTool.of(tool)
    except Exception as error:
        why = f"{type(error).__name__}: {visible_line(error, 300)}"
        raise BrokenTool(f"tool {tool.name!r} has no usable schema: {why}") from error
