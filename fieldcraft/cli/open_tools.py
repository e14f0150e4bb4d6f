"""The tools that `fieldcraft tools` looks at: all that are announced, configured or named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fieldcraft.cli.errors import UsageProblem

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from fieldcraft.cli.options.config import Settings
    from fieldcraft.tools import ToolRegistry

_NO_FLAGS: Mapping[str, Any] = {}


def settings_here(tools: list[str] | None, flags: Mapping[str, Any] = _NO_FLAGS) -> Settings:
    """The settings here, with further tools."""
    from fieldcraft.cli.options.config import load_settings

    settings = load_settings(flags)
    return settings.model_copy(update={"tools": (*settings.tools, *(tools or ()))})


@contextmanager
def open_tools(
    tools: list[str] | None, wanted: str | None = None, flags: Mapping[str, Any] = _NO_FLAGS
) -> Iterator[tuple[Settings, ToolRegistry]]:
    """Everything announced and configured, and what `wanted` (`module:function`) imports."""
    from fieldcraft.tools import load_tools

    settings = settings_here(tools, flags)
    further = [wanted] if wanted is not None and ":" in wanted else []
    names = [*settings.all_tools(), *(tools or ()), "*", *further]
    with load_tools(list(dict.fromkeys(names)), settings.tool_sources) as registry:
        yield settings, registry


def used_by_runs(settings: Settings, registry: ToolRegistry) -> set[str]:
    """The names that a run with these settings could call."""
    from fnmatch import fnmatchcase

    wanted = settings.all_tools()
    named = {name for name in registry.names() if any(fnmatchcase(name, pattern) for pattern in wanted)}
    sources = {name for name in registry.names() if registry.origin(name).startswith(("mcp.", "openapi."))}
    return named | sources | {name for name in registry.names() if registry.origin(name) in wanted}


def sound_tools(registry: ToolRegistry) -> list[tuple[str, BaseTool]]:
    """The tools that can be used; the others go to the registry's problems."""
    from fieldcraft.tools import ToolError, ToolProblem
    from fieldcraft.tools.calls.arguments import checker

    found = []
    for name in registry.names():
        try:
            tool = registry.get(name)
            checker(name, tool)
            found.append((name, tool))
        except ToolError as error:
            registry.problems.append(ToolProblem(name, str(error)))
    return found


def name_of(registry: ToolRegistry, tool: str) -> str:
    """The name of a tool that is named as a person names it.

    Raises:
        BrokenTool: it is there but cannot be used; UnknownTool, UsageProblem: it is not there.
    """
    from fieldcraft.tools import BrokenTool

    if tool in registry:
        return tool
    for problem in registry.problems:
        if tool in {problem.name, problem.name.rpartition(": ")[2]}:
            if problem.misnamed:
                raise UsageProblem(problem.message)
            raise BrokenTool(f"{problem.name}: {problem.message}")
    imported = [name for name in registry.names() if registry.origin(name) == tool]
    if len(imported) == 1:
        return imported[0]
    registry.get(tool)
    return tool


def effect_of(registry: ToolRegistry, name: str) -> str:
    """What a call of it does to the outside; `?` where that cannot be told."""
    from fieldcraft.tools import BrokenTool, traits_of

    try:
        return str(traits_of(registry.get(name)).effect)
    except BrokenTool:
        return "?"
