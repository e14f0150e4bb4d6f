"""The MCP servers of a run, on one background event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from fieldcraft.tools.calls.background import BackgroundLoop
from fieldcraft.tools.calls.naming import identifier
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.sources.mcp.results import data_of
from fieldcraft.tools.sources.mcp.session import HeldSession
from fieldcraft.tools.sources.remote import RemoteTool
from fieldcraft.tools.sources.settings import McpServer
from fieldcraft.tools.traits import Effect, ToolTraits

if TYPE_CHECKING:
    from mcp_types import Tool

_SECONDS_TO_CLOSE = 30.0


@dataclass(frozen=True)
class Announced:
    """The tools of a server, and by name the reasons why others are unusable."""

    tools: list[RemoteTool]
    refused: Mapping[str, str]


class McpServers:
    """Keeps a session with each server open, from `open` to `close`."""

    def __init__(self) -> None:
        _quiet_sdk()
        self._loop = BackgroundLoop("fieldcraft-mcp")
        self._sessions: list[HeldSession] = []

    def open(self, servers: Mapping[str, McpServer]) -> dict[str, Announced | ToolError]:
        """Start all servers in parallel; returns the tools of each, or the reason why it has none."""
        sessions = {name: HeldSession(name, server) for name, server in servers.items()}
        self._sessions += sessions.values()
        announced = {name: self._loop.submit(session.tools()) for name, session in sessions.items()}
        found: dict[str, Announced | ToolError] = {}
        for name, future in announced.items():
            try:
                tools = future.result()
                made = [self._tool(sessions[name], servers[name], tool) for tool in tools]
                found[name] = Announced(made, sessions[name].announced.refused)
            except ToolError as error:
                found[name] = error
            except BaseException:
                self.close()
                raise
        return found

    def close(self) -> None:
        """End sessions and servers. Safe to call twice."""
        sessions, self._sessions = self._sessions, []
        if sessions:
            closing = self._loop.submit(_close_all(sessions))
            closing.result(_SECONDS_TO_CLOSE)
        self._loop.close()

    def _tool(self, session: HeldSession, server: McpServer, tool: Tool) -> RemoteTool:
        effect = server.effect_of(tool.name, _hinted(tool) if server.trust_hints else Effect.WRITES)
        return RemoteTool(
            partial(self._call, session, tool.name),
            name=identifier(tool.name) or tool.name,
            description=tool.description or tool.title or tool.name,
            schema=tool.input_schema,
            traits=ToolTraits(effect=effect, isolation="async", timeout=server.timeout, reads_world=False),
        )

    def _call(self, session: HeldSession, tool: str, arguments: dict[str, Any]) -> Future[Any]:
        try:
            return self._loop.submit(_called(session, tool, arguments))
        except RuntimeError as error:
            raise ToolError(f"MCP server {session.name!r} was closed") from error


async def _called(session: HeldSession, tool: str, arguments: dict[str, Any]) -> Any:
    return data_of(session.name, tool, await session.call(tool, arguments))


async def _close_all(sessions: list[HeldSession]) -> None:
    await asyncio.gather(*(session.close() for session in sessions), return_exceptions=True)


def _hinted(tool: Tool) -> Effect:
    hints = tool.annotations
    if hints is not None and hints.read_only_hint:
        return Effect.READS
    return Effect.IDEMPOTENT if hints is not None and hints.idempotent_hint else Effect.WRITES


def _quiet_sdk() -> None:
    """Silence the SDK's log, since calls report failures; a log level that was set is kept."""
    logger = logging.getLogger("mcp.client")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL)
