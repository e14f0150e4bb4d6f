"""What an MCP server offers: its tools, resources and prompts, read page by page within limits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from mcp import MCPError

from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.mcp.announcements import LONGEST_CURSOR

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import Prompt, Resource, ResourceTemplate, Tool

MOST_PAGES = 1_000
"""The most pages of one list, which may be endless."""
MOST_ENTRIES = 2_000
"""The most resources, templates and prompts that are read."""
LONGEST_INSTRUCTIONS = 4_000


@dataclass(frozen=True)
class Lists:
    """What a server offers.

    Attributes:
        instructions: what the server says about the use of its tools; data, not to be trusted.
    """

    tools: tuple[Tool, ...] = ()
    resources: tuple[Resource, ...] = ()
    templates: tuple[ResourceTemplate, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    instructions: str = ""

    def has_tool(self, name: str) -> bool:
        """Whether there is a tool of this name."""
        return any(tool.name == name for tool in self.tools)


async def read_lists(client: Client) -> Lists:
    """Read all lists of a server; those of resources and prompts only if it has them.

    Raises:
        BrokenTool: its list of tools has no end.
        MCPError: it does not give its list of tools.
    """
    has = client.server_capabilities
    resources = has.resources is not None
    if has.tools is None and (resources or has.prompts is not None):
        tools = await _optional(client.list_tools, "tools", wanted=True)
    else:
        tools = tuple(await _pages(client.list_tools, "tools"))
    return Lists(
        tools=tools,
        resources=await _optional(client.list_resources, "resources", resources),
        templates=await _optional(client.list_resource_templates, "resource_templates", resources),
        prompts=await _optional(client.list_prompts, "prompts", has.prompts is not None),
        instructions=(client.instructions or "")[:LONGEST_INSTRUCTIONS],
    )


async def _optional(ask: Callable[..., Awaitable[Any]], key: str, wanted: bool) -> tuple[Any, ...]:
    """The entries of a list without which a server is still of use."""
    if not wanted:
        return ()
    try:
        return tuple(islice(await _pages(ask, key), MOST_ENTRIES))
    except (MCPError, BrokenTool, ValueError):
        return ()


async def _pages(ask: Callable[..., Awaitable[Any]], key: str) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await ask(cursor=cursor)
        found += getattr(page, key)
        cursor = page.next_cursor
        if cursor is None:
            return found
        if len(cursor) > LONGEST_CURSOR:
            raise BrokenTool(f"it marks a page of its list by {len(cursor):,} characters")
    raise BrokenTool(f"it has more than {MOST_PAGES:,} pages of {key}; its list may be endless")
