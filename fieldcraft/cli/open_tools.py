"""Open the tools that `fieldcraft tools` works with: announced, configured and named ones."""

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
    """The current settings with further tools added."""
    from fieldcraft.cli.options.config import load_settings

    settings = load_settings(flags)
    return settings.model_copy(update={"tools": (*settings.tools, *(tools or ()))})


@contextmanager
def open_tools(
    tools: list[str] | None, wanted: str | None = None, flags: Mapping[str, Any] = _NO_FLAGS
) -> Iterator[tuple[Settings, ToolRegistry]]:
    """Open all announced and configured tools, or only the sources that the one `wanted` tool needs."""
    from fieldcraft.tools import load_tools

    settings = settings_here(tools, flags)
    further = [wanted] if wanted is not None and ":" in wanted else []
    names = [*settings.all_tools(), *(tools or ()), "*", *further]
    with load_tools(list(dict.fromkeys(names)), settings.tool_sources, sought=wanted) as registry:
        yield settings, registry


def used_by_runs(settings: Settings, registry: ToolRegistry) -> set[str]:
    """The names of the tools that a run with these settings may call."""
    from fnmatch import fnmatchcase

    wanted = settings.all_tools()
    named = {name for name in registry.names() if any(fnmatchcase(name, pattern) for pattern in wanted)}
    sources = {name for name in registry.names() if registry.origin(name).startswith(("mcp.", "openapi."))}
    return named | sources | {name for name in registry.names() if registry.origin(name) in wanted}


def sound_tools(registry: ToolRegistry) -> list[tuple[str, BaseTool]]:
    """The usable tools; problems with the others are added to the registry."""
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
    """The registered name of a tool as a person typed it.

    Raises:
        BrokenTool: the tool exists but cannot be used.
        UnknownTool: no tool has this name.
        UsageProblem: a module or function does not exist.
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
    """The side effects that the tool declares; `?` if they are unknown."""
    from fieldcraft.tools import BrokenTool, traits_of

    try:
        return str(traits_of(registry.get(name)).effect)
    except BrokenTool:
        return "?"
