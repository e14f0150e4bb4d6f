"""Open the tool sources of a run, and add their tools to its registry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fieldcraft.common.text import visible_line
from fieldcraft.tools.calls.arguments import checker
from fieldcraft.tools.calls.naming import identifier
from fieldcraft.tools.calls.schemas import parts
from fieldcraft.tools.errors import BrokenTool, DuplicateTool, ToolError
from fieldcraft.tools.registry import ToolProblem, ToolRegistry
from fieldcraft.tools.sources.remembering import RememberedTools
from fieldcraft.tools.sources.settings import McpServer, OpenApiDocument, SourceSettings, ToolSources

if TYPE_CHECKING:
    from fieldcraft.tools.sources.mcp.servers import Announced, McpServers
    from fieldcraft.tools.sources.remote import RemoteTool

T = TypeVar("T")

MOST_TOOLS = 5_000
"""The most tools of one source."""
MOST_TOGETHER = 2_000_000
"""The most objects and lists in the schemas of one source, with references followed."""
MOST_PROBLEMS = 100
"""The most problems of one source that are listed."""
_MOST_TOLD = 20


def add_sources(
    registry: ToolRegistry, named: Sequence[str], sources: ToolSources | None, sought: str | None = None
) -> None:
    """Open the configured `sources` and the `named` files and URLs, and add all their tools.

    Failures are added to `registry.problems` under the name of their source. If one tool is `sought`, the
    sources that had it when they were last opened come first; if it is there, the others stay closed.
    """
    mcp: dict[str, McpServer] = dict(sources.mcp) if sources is not None else {}
    openapi: dict[str, OpenApiDocument] = dict(sources.openapi) if sources is not None else {}
    for name in named:
        try:
            _sort_in(name, registry, mcp, openapi)
        except ToolError as error:
            registry.problems.append(ToolProblem(name, str(error)))
    remembered = RememberedTools()
    for some_mcp, some_openapi in _in_order(mcp, openapi, remembered, sought):
        if some_mcp:
            _open_mcp(registry, some_mcp)
        if some_openapi:
            _open_openapi(registry, some_openapi)
        _note(remembered, registry, {**_by_origin("mcp", some_mcp), **_by_origin("openapi", some_openapi)})
        if sought is not None and sought in registry:
            return


def _in_order(
    mcp: dict[str, McpServer],
    openapi: dict[str, OpenApiDocument],
    remembered: RememberedTools,
    sought: str | None,
) -> list[tuple[dict[str, McpServer], dict[str, OpenApiDocument]]]:
    """The sources that are opened together: those that had the tool, then the others; or all of them."""
    if sought is None:
        return [(mcp, openapi)]
    had_mcp = {name: one for name, one in mcp.items() if remembered.had(f"mcp.{name}", one, sought)}
    had_openapi = {
        name: one for name, one in openapi.items() if remembered.had(f"openapi.{name}", one, sought)
    }
    others = (_without(mcp, had_mcp), _without(openapi, had_openapi))
    return [(had_mcp, had_openapi), others]


def _without(sources: dict[str, T], some: dict[str, T]) -> dict[str, T]:
    return {name: one for name, one in sources.items() if name not in some}


def _by_origin(kind: str, sources: Mapping[str, SourceSettings]) -> dict[str, SourceSettings]:
    return {f"{kind}.{name}": settings for name, settings in sources.items()}


def _note(remembered: RememberedTools, registry: ToolRegistry, opened: Mapping[str, SourceSettings]) -> None:
    names: dict[str, list[str]] = {origin: [] for origin in opened}
    for name in registry:
        names.get(registry.origin(name), []).append(name)
    remembered.note({origin: (settings, names[origin]) for origin, settings in opened.items()})


def _sort_in(
    name: str,
    registry: ToolRegistry,
    mcp: dict[str, McpServer],
    openapi: dict[str, OpenApiDocument],
) -> None:
    """Detect the kind of a file or URL. A single one becomes a source of the same name."""
    is_document = name.lower().endswith((".json", ".yaml", ".yml"))
    if "://" in name:
        if is_document:
            openapi.setdefault(name, OpenApiDocument(document=name))
        else:
            mcp.setdefault(name, McpServer(url=name))
        return
    from fieldcraft.tools.sources.mcp.config import is_mcp_configuration, read_configuration, servers_of

    data = read_configuration(Path(name)) if name.lower().endswith(".json") else {}
    if not is_mcp_configuration(data):
        openapi.setdefault(name, OpenApiDocument(document=name))
        return
    for server, settings in servers_of(data).items():
        if isinstance(settings, ToolError):
            registry.problems.append(ToolProblem(f"mcp.{server}", str(settings)))
        else:
            mcp.setdefault(server, settings)


def _open_mcp(registry: ToolRegistry, servers: Mapping[str, McpServer]) -> None:
    try:
        from fieldcraft.tools.sources.mcp.servers import McpServers
    except ImportError as error:
        problem = f"MCP servers need the extra `mcp`: pip install 'fieldcraft[mcp]' ({error})"
        registry.problems += [ToolProblem(f"mcp.{name}", problem) for name in servers]
        return
    connected = McpServers()
    registry.hold(connected.close)
    for name, found in connected.open(servers).items():
        if isinstance(found, ToolError):
            registry.problems.append(ToolProblem(f"mcp.{name}", str(found)))
        else:
            _add_server(registry, name, servers[name], found)
    registry.follow(partial(_follow, servers, connected))


def _add_server(registry: ToolRegistry, name: str, settings: McpServer, found: Announced) -> None:
    """Add the tools of an MCP server, and what it says of them."""
    origin, before = f"mcp.{name}", len(registry.problems)
    _add(registry, origin, settings, found.tools)
    registry.problems += [ToolProblem(f"{origin}: {tool}", why) for tool, why in found.refused.items()]
    _shorten(registry.problems, before, origin)
    if found.instructions.strip():
        registry.instructions[origin] = found.instructions


def _follow(servers: Mapping[str, McpServer], connected: McpServers, registry: ToolRegistry) -> list[str]:
    """Replace the tools of MCP servers that changed their lists; returns a line for each of them."""
    lines = []
    for name, found in connected.changed().items():
        before = _declared(registry, f"mcp.{name}")
        for tool in before:
            registry.remove(tool)
        problems = len(registry.problems)
        _add_server(registry, name, servers[name], found)
        del registry.problems[problems:]
        after = _declared(registry, f"mcp.{name}")
        parts = {
            "new": after.keys() - before.keys(),
            "gone": before.keys() - after.keys(),
            "changed": {tool for tool in after.keys() & before.keys() if after[tool] != before[tool]},
        }
        told = [f"{what}: {', '.join(sorted(tools)[:_MOST_TOLD])}" for what, tools in parts.items() if tools]
        if told:
            lines.append(f"MCP server {visible_line(name)!r} changed its tools; {'; '.join(told)}")
    return lines


def _declared(registry: ToolRegistry, origin: str) -> dict[str, object]:
    """The tools of a source with what they declare of themselves."""
    tools = {name: registry.get(name) for name in registry if registry.origin(name) == origin}
    return {name: (tool.description, tool.args_schema) for name, tool in tools.items()}


def _open_openapi(registry: ToolRegistry, documents: Mapping[str, OpenApiDocument]) -> None:
    try:
        from fieldcraft.tools.sources.openapi.api import WebApis
    except ImportError as error:
        problem = f"OpenAPI documents need the extra `openapi`: pip install 'fieldcraft[openapi]' ({error})"
        registry.problems += [ToolProblem(f"openapi.{name}", problem) for name in documents]
        return
    apis = WebApis()
    registry.hold(apis.close)
    for name, settings in documents.items():
        origin = f"openapi.{name}"
        before = len(registry.problems)
        try:
            _add(registry, origin, settings, _sound(registry, origin, apis.open(settings)))
        except ToolError as error:
            registry.problems.append(ToolProblem(origin, str(error)))
        except Exception as error:
            why = f"the document cannot be used: {type(error).__name__}: {visible_line(error)}"
            registry.problems.append(ToolProblem(origin, why))
        _shorten(registry.problems, before, origin)


def _sound(
    registry: ToolRegistry, origin: str, found: Iterable[RemoteTool | tuple[str, BrokenTool]]
) -> Iterator[RemoteTool]:
    """Yield the callable operations; the others become problems."""
    for one in found:
        if isinstance(one, tuple):
            registry.problems.append(ToolProblem(f"{origin}: {visible_line(one[0])}", str(one[1])))
        else:
            yield one


def _shorten(problems: list[ToolProblem], before: int, origin: str) -> None:
    """List only the first of a source's many problems."""
    more = len(problems) - before - MOST_PROBLEMS
    if more > 0:
        del problems[before + MOST_PROBLEMS :]
        problems.append(ToolProblem(origin, f"it has {more:,} more problems"))


def _prefix(origin: str) -> str:
    """The setting that gives the tools of a source other names."""
    made = identifier(origin.partition(".")[2].rpartition("/")[2].partition(".")[0]) or "other"
    return f': prefix = "{made}_" under [{visible_line(origin, 100)}]'


def _add(registry: ToolRegistry, origin: str, settings: SourceSettings, tools: Iterable[RemoteTool]) -> None:
    """Add the wanted tools; a broken tool, or one whose name is taken, becomes a problem."""
    left = MOST_TOGETHER
    wanted = (tool for tool in tools if settings.wants(tool.name))
    for number, tool in enumerate(wanted):
        if number == MOST_TOOLS:
            registry.problems.append(ToolProblem(origin, f"it has more than {MOST_TOOLS:,} tools"))
            return
        name = settings.prefix + tool.name
        try:
            if tool.parts is None:
                checker(name, tool)
            left -= parts(name, tool.schema_of_arguments) if tool.parts is None else tool.parts
            if left < 0:
                raise BrokenTool(f"the schemas of {origin} have more than {MOST_TOGETHER:,} parts in total")
            registry.add(tool, name=name, origin=origin)
        except DuplicateTool as error:
            registry.problems.append(ToolProblem(f"{origin}: {tool.name}", f"{error}{_prefix(origin)}"))
        except ToolError as error:
            registry.problems.append(ToolProblem(f"{origin}: {tool.name}", str(error)))
        except Exception as error:
            problem = BrokenTool(f"tool {name!r} cannot be used: {type(error).__name__}: {error}")
            registry.problems.append(ToolProblem(f"{origin}: {tool.name}", str(problem)[:1_000]))
