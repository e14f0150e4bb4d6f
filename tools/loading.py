"""Load the tools of a run into a registry; broken ones are listed as problems."""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from fieldcraft.common.plugins import rivals
from fieldcraft.tools.announced import KIND, available, imported, origin_of
from fieldcraft.tools.calls.naming import identifier, unknown_tool
from fieldcraft.tools.errors import NoSuchName, ToolError, UnknownTool
from fieldcraft.tools.langchain.adapting import tools_in
from fieldcraft.tools.registry import ToolProblem, ToolRegistry

if TYPE_CHECKING:
    from fieldcraft.tools.sources.settings import ToolSources

_WAYS = " Your own: 'module:function', an mcpServers file, or an OpenAPI document."


def load_tools(
    wanted: Sequence[str],
    sources: ToolSources | None = None,
    registry: ToolRegistry | None = None,
    *,
    sought: str | None = None,
) -> ToolRegistry:
    """A registry with the tools of these names and all that `sources` give; none for none.

    Args:
        wanted: names or patterns (`search_*`, `*`) of announced tools, `module:function`, a `.json`
            file of `mcpServers`, an OpenAPI document (`.json`, `.yaml`), or the URL of either.
        sources: MCP servers and OpenAPI documents. They are started and read here; the registry's `close`
            ends them.
        registry: has tools already, whose names no other takes; a new one where omitted.
        sought: the one tool that the caller wants. No source is opened if it is not the tool of one, and no
            further one once it is there.

    Raises:
        UnknownTool: nobody announces such a tool; what was started is closed again. A tool that is there
            but broken is on the registry's `problems`.
    """
    registry = ToolRegistry() if registry is None else registry
    named = [name for name in wanted if is_source(name)]
    try:
        unmatched = _add_named(registry, [name for name in wanted if not is_source(name)])
        if sought is not None and _is_settled(registry, sought):
            return registry
        if named or (sources is not None and (sources.mcp or sources.openapi)):
            from fieldcraft.tools.sources.opening import add_sources

            add_sources(registry, named, sources, sought)
            if sought is not None and sought in registry:
                return registry
        for name in unmatched:
            if not registry.select([name]):
                raise UnknownTool(unknown_tool(name, {*available(), *registry.names()}) + _WAYS)
    except BaseException:
        registry.close()
        raise
    return registry


def is_source(name: str) -> bool:
    """Whether `name` is a file or URL of a tool source, rather than the name of a tool."""
    return "://" in name or name.lower().endswith((".json", ".yaml", ".yml"))


def _is_settled(registry: ToolRegistry, sought: str) -> bool:
    """Whether a tool is there, by its name or by its `module:function`, or is known to be broken."""
    if sought in registry or any(problem.name == sought for problem in registry.problems):
        return True
    return any(registry.origin(name) == sought for name in registry)


def _add_named(registry: ToolRegistry, names: Sequence[str]) -> list[str]:
    """Add announced tools and `module:function`s; returns the names that are neither."""
    announced = available()
    unmatched = []
    for name in names:
        if ":" in name:
            _add(registry, name, name, None, name)
            continue
        matching = [known for known in announced if fnmatchcase(known, name)]
        if not matching and (rivalry := rivals(KIND, name)):
            registry.problems.append(ToolProblem(name, rivalry, misnamed=True))
        elif not matching:
            unmatched.append(name)
        for known in matching:
            point = announced[known]
            _add(registry, known, point.value, known, origin_of(point))
    return unmatched


def _add(registry: ToolRegistry, label: str, target: str, name: str | None, origin: str) -> None:
    """Add the tools of `module:name`; a tool that is named twice is added once."""
    try:
        tools = tools_in(imported(target), target)
    except ToolError as error:
        registry.problems.append(ToolProblem(label, str(error), isinstance(error, NoSuchName)))
        return
    for tool in tools:
        own = getattr(tool, "name", None)
        called = name or (_callable_as(own) if isinstance(own, str) else None)
        try:
            if not _is_there(registry, tool, called, origin):
                registry.add(tool, name=called, origin=origin)
        except ToolError as error:
            several = f"{label}: {called or getattr(tool, '__name__', '?')}" if len(tools) > 1 else label
            registry.problems.append(ToolProblem(several, str(error)))


def _is_there(registry: ToolRegistry, tool: Any, name: str | None, origin: str) -> bool:
    known = str(name or getattr(tool, "name", None) or getattr(tool, "__name__", ""))
    return known in registry and registry.origin(known) == origin


def _callable_as(name: str) -> str:
    """A tool's own name, or one like it where a program cannot call that."""
    return name if name.isidentifier() and not keyword.iskeyword(name) else identifier(name)
