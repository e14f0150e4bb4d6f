"""A server's tools, resources and prompts as LangChain tools."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from itertools import islice
from typing import TYPE_CHECKING, Any

from fieldcraft.common.text import visible_line
from fieldcraft.tools.calls.naming import identifier
from fieldcraft.tools.sources.mcp.lists import Lists
from fieldcraft.tools.sources.mcp.session import HeldSession
from fieldcraft.tools.sources.remote import RemoteTool
from fieldcraft.tools.sources.settings import McpServer
from fieldcraft.tools.traits import Effect, ToolTraits

if TYPE_CHECKING:
    from mcp_types import Prompt, Tool

MOST_PROMPTS = 100
"""The most prompts of one server that become tools."""
LONGEST_LISTED = 2_000
"""The most characters of the resources that the description of their tool names."""
MOST_LISTED = 500
"""The most resources that a call without a URI lists."""
_LONGEST_LINE = 200
_LONGEST_DESCRIPTION = 1_000

Submit = Callable[[Coroutine[Any, Any, Any]], Future[Any]]
"""Starts a call on the servers' event loop; raises `ToolError` if that was closed."""


def offered(session: HeldSession, server: McpServer, lists: Lists, submit: Submit) -> Iterator[RemoteTool]:
    """The tools of a server, one that reads its resources, and one for each of its prompts."""
    names = names_of([tool.name for tool in lists.tools])
    for tool in lists.tools:
        yield _tool(session, server, tool, names[tool.name], submit)
    called = identifier(session.name) or "mcp"
    if lists.resources or lists.templates:
        yield _reader(session, server, lists, f"{called}_read_resource", submit)
    for prompt in islice(lists.prompts, MOST_PROMPTS):
        yield _prompt(session, server, prompt, f"{called}_prompt_{identifier(prompt.name)}", submit)


def names_of(announced: list[str]) -> dict[str, str]:
    """Announced name -> the name by which programs and models call the tool.

    A name that fits stays as it is. What becomes of an odd one ends in a checksum if another tool has it.
    """
    names = {name: identifier(name) for name in announced}
    taken = {name for name, fitting in names.items() if name == fitting}
    for name, fitting in names.items():
        if name == fitting:
            continue
        if not fitting or fitting in taken:
            names[name] = f"{fitting or 'tool'}_{zlib.crc32(name.encode()):08x}"
        taken.add(names[name])
    return names


def _tool(session: HeldSession, server: McpServer, tool: Tool, name: str, submit: Submit) -> RemoteTool:
    effect = server.effect_of(tool.name, _hinted(tool) if server.trust_hints else Effect.WRITES)
    return RemoteTool(
        lambda arguments: submit(session.call(tool.name, arguments)),
        name=name,
        description=tool.description or tool.title or tool.name,
        schema=tool.input_schema,
        traits=_traits(server, effect),
    )


def _reader(session: HeldSession, server: McpServer, lists: Lists, name: str, submit: Submit) -> RemoteTool:
    """The tool that reads the resources of a server."""
    named = _entries(lists)
    few = list(_fitting(named))
    more = f"; {len(named) - len(few):,} more are listed without a uri" if len(few) < len(named) else ""

    def read(arguments: Mapping[str, Any]) -> Future[Any]:
        uri = str(arguments.get("uri") or "")
        return submit(session.read(uri) if uri else _listed(named))

    return RemoteTool(
        read,
        name=name,
        description=(
            f"Read a resource of the MCP server {session.name}, by its URI; without one, list them. "
            f"It says that it has: {'; '.join(few)}{more}"
        ),
        schema={"type": "object", "properties": {"uri": {"type": "string"}}},
        traits=_traits(server, server.effect_of(name, Effect.READS)),
    )


def _entries(lists: Lists) -> list[str]:
    """The resources and templates of a server, a line each."""
    known = [(each.uri, each.title or each.name, each.description) for each in lists.resources]
    patterns = [(each.uri_template, each.title or each.name, each.description) for each in lists.templates]
    return [
        visible_line(f"{place} ({name})" + (f": {about}" if about else ""), _LONGEST_LINE)
        for place, name, about in [*known, *patterns]
    ]


def _fitting(lines: list[str]) -> Iterator[str]:
    left = LONGEST_LISTED
    for line in lines:
        left -= len(line)
        if left < 0:
            return
        yield line


async def _listed(lines: list[str]) -> str:
    more = [f"... {len(lines) - MOST_LISTED:,} more"] if len(lines) > MOST_LISTED else []
    return "\n".join([*lines[:MOST_LISTED], *more])


def _prompt(session: HeldSession, server: McpServer, prompt: Prompt, name: str, submit: Submit) -> RemoteTool:
    """The tool that gives the messages of a prompt."""
    arguments = prompt.arguments or []
    properties = {
        argument.name: {
            "type": "string",
            **({"description": argument.description} if argument.description else {}),
        }
        for argument in arguments
    }
    about = visible_line(prompt.description or prompt.title or prompt.name, _LONGEST_DESCRIPTION)
    return RemoteTool(
        lambda given: submit(session.prompt(prompt.name, {key: str(value) for key, value in given.items()})),
        name=name,
        description=f"Get the text of a prompt of the MCP server {session.name}: {about}",
        schema={
            "type": "object",
            "properties": properties,
            "required": [argument.name for argument in arguments if argument.required],
        },
        traits=_traits(server, server.effect_of(name, Effect.READS)),
    )


def _traits(server: McpServer, effect: Effect) -> ToolTraits:
    return ToolTraits(effect=effect, isolation="async", timeout=server.timeout, reads_world=False)


def _hinted(tool: Tool) -> Effect:
    hints = tool.annotations
    if hints is not None and hints.read_only_hint:
        return Effect.READS
    return Effect.IDEMPOTENT if hints is not None and hints.idempotent_hint else Effect.WRITES
