"""The MCP servers of a run, on one background event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from fieldcraft.tools.calls.background import BackgroundLoop
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.sources.mcp.lists import Lists
from fieldcraft.tools.sources.mcp.offers import offered
from fieldcraft.tools.sources.mcp.session import HeldSession
from fieldcraft.tools.sources.remote import RemoteTool
from fieldcraft.tools.sources.settings import McpServer

_SECONDS_TO_CLOSE = 30.0


@dataclass(frozen=True)
class Announced:
    """What a server offers.

    Attributes:
        tools: the usable tools.
        refused: by name the reasons why others are not usable.
        instructions: what the server says about the use of its tools; data, not to be trusted.
    """

    tools: list[RemoteTool]
    refused: Mapping[str, str]
    instructions: str = ""


class McpServers:
    """Keeps a session with each server open, from `open` to `close`."""

    def __init__(self) -> None:
        _quiet_sdk()
        self._loop = BackgroundLoop("fieldcraft-mcp")
        self._sessions: dict[str, HeldSession] = {}
        self._settings: dict[str, McpServer] = {}
        self._known: dict[str, Lists] = {}

    def open(self, servers: Mapping[str, McpServer]) -> dict[str, Announced | ToolError]:
        """Start all servers in parallel; returns the tools of each, or the reason why it has none."""
        self._settings.update(servers)
        sessions = {name: HeldSession(name, server) for name, server in servers.items()}
        self._sessions.update(sessions)
        reading = {name: self._loop.submit(session.lists()) for name, session in sessions.items()}
        found: dict[str, Announced | ToolError] = {}
        for name, future in reading.items():
            try:
                found[name] = self._announced(name, future.result())
            except ToolError as error:
                found[name] = error
            except BaseException:
                self.close()
                raise
        return found

    def changed(self) -> dict[str, Announced]:
        """What the servers offer that said since the last look that their lists have changed."""
        stale = [
            name
            for name, session in self._sessions.items()
            if session.announced.stale or (name in self._known and session.known is not self._known[name])
        ]
        found: dict[str, Announced] = {}
        for name in stale:
            try:
                lists = self._loop.submit(self._sessions[name].lists()).result()
            except (ToolError, RuntimeError):
                continue
            if lists is not self._known.get(name):
                found[name] = self._announced(name, lists)
        return found

    def close(self) -> None:
        """End sessions and servers. Safe to call twice."""
        sessions, self._sessions = self._sessions, {}
        if sessions:
            closing = self._loop.submit(_close_all(list(sessions.values())))
            closing.result(_SECONDS_TO_CLOSE)
        self._loop.close()

    def _announced(self, name: str, lists: Lists) -> Announced:
        self._known[name] = lists
        session = self._sessions[name]
        tools = list(offered(session, self._settings[name], lists, lambda work: self._submit(name, work)))
        return Announced(tools, dict(session.announced.refused), lists.instructions)

    def _submit(self, name: str, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        try:
            return self._loop.submit(work)
        except RuntimeError as error:
            raise ToolError(f"MCP server {name!r} was closed") from error


async def _close_all(sessions: list[HeldSession]) -> None:
    await asyncio.gather(*(session.close() for session in sessions), return_exceptions=True)


def _quiet_sdk() -> None:
    """Silence the SDK's log, since calls report failures; a log level that was set is kept."""
    logger = logging.getLogger("mcp.client")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL)
