"""An open session with one MCP server; the next call restarts a server that died."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
from mcp import Client, MCPError
from mcp_types import CONNECTION_CLOSED, INVALID_REQUEST
from pydantic import ValidationError

from fieldcraft.common.secrets.redaction import redact
from fieldcraft.common.text import visible_line
from fieldcraft.tools.calls.arguments import complaints
from fieldcraft.tools.calls.schemas import CheckGivenUp
from fieldcraft.tools.errors import BrokenTool, ToolError
from fieldcraft.tools.sources.mcp.announcements import LONGEST_CURSOR, Announcements, FilteredStream
from fieldcraft.tools.sources.mcp.http import bounded_client
from fieldcraft.tools.sources.mcp.messages import LARGEST_MESSAGE
from fieldcraft.tools.sources.mcp.process import ServerStatus, running
from fieldcraft.tools.sources.mcp.results import complaints_of_result
from fieldcraft.tools.sources.settings import McpServer, filled
from fieldcraft.tools.sources.urls import shown

if TYPE_CHECKING:
    import httpx2
    from mcp.client import Transport
    from mcp.client._transport import TransportStreams
    from mcp_types import CallToolResult, Tool

MOST_PAGES = 1_000
"""The most pages of one server's list of tools, which may be endless."""
_SECONDS_TO_EXIT = 1.0
_SECONDS_TO_CLOSE = 8.0
_LONGEST_WHY = 300


@dataclass
class _Connection:
    """A client that stays connected until `stop` is set."""

    status: ServerStatus = field(default_factory=ServerStatus)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    client: Client | None = None
    owner: asyncio.Task[None] | None = None
    lost: bool = False

    @property
    def over(self) -> bool:
        return self.lost or self.status.hung_up or self.owner is None or self.owner.done()


class _SessionForgotten(ToolError):
    """The server no longer knows the session, and has not made the call."""


class HeldSession:
    """A session with one server. All methods except `__init__` belong to one event loop.

    Attributes:
        name: the configured name of the server.
        starts: how often it was started or connected to.
        announced: information about its tools, such as refused ones and output schemas.
    """

    def __init__(self, name: str, server: McpServer) -> None:
        self.name = name
        self.starts = 0
        self.announced = Announcements()
        self._server = server
        self._mode = "legacy"
        self._connection: _Connection | None = None
        self._connecting = asyncio.Lock()

    @property
    def status(self) -> ServerStatus:
        """The status of the server's process; an empty one for a remote server."""
        return self._connection.status if self._connection is not None else ServerStatus()

    async def tools(self) -> list[Tool]:
        """The tools that the server announces.

        Raises:
            BrokenTool: it does not start or answer; the message contains its last output.
        """
        connection = await self._connected()
        assert connection.client is not None
        found: list[Tool] = []
        cursor: str | None = None
        try:
            with anyio.fail_after(self._server.start_timeout):
                for _ in range(MOST_PAGES):
                    page = await connection.client.list_tools(cursor=cursor)
                    found += page.tools
                    cursor = page.next_cursor
                    if cursor is None:
                        return found
                    if len(cursor) > LONGEST_CURSOR:
                        raise BrokenTool(f"it marks a page of its list by {len(cursor):,} characters")
        except Exception as error:
            why = await self._why(connection, error)
            raise BrokenTool(f"{self._called} did not say what tools it has: {why}") from error
        raise BrokenTool(
            f"{self._called} has more than {MOST_PAGES:,} pages of tools; its list may be endless"
        )

    async def call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        """Call a tool. A session that ended before the call is reopened first.

        Raises:
            ToolError: the call failed. It is unknown whether an interrupted call took effect.
        """
        try:
            return await self._called_once(tool, arguments)
        except _SessionForgotten:
            return await self._called_once(tool, arguments)

    async def close(self) -> None:
        """End the session, and the server if it was started here."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await _disconnect(connection)

    @property
    def _called(self) -> str:
        return f"MCP server {self.name!r}"

    async def _called_once(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        connection = await self._connected()
        assert connection.client is not None
        try:
            result = await connection.client.call_tool(tool, arguments)
        except MCPError as error:
            if error.code != CONNECTION_CLOSED:
                connection.lost = _forgot_the_session(error)
                kind = _SessionForgotten if connection.lost else ToolError
                raise kind(
                    f"{self._called}: {tool} failed: {redact(error.message[:15_000])[:1_500]}"
                ) from error
            problem: Exception = error
        except ValidationError as error:
            raise ToolError(f"{self._called}: {tool} gave what is no result: {complaints(error)}") from error
        except Exception as error:
            problem = error
        else:
            self._check(tool, result)
            return result
        connection.lost = True
        why = await self._why(connection, problem)
        raise ToolError(f"{self._called} ended in the middle of {tool}: {why}") from problem

    def _check(self, tool: str, result: CallToolResult) -> None:
        """Raise `ToolError` if a result does not match the server's own schema."""
        schema = self.announced.outputs.get(tool)
        if schema is None or result.is_error:
            return
        try:
            wrong = complaints_of_result(tool, schema, result.structured_content)
        except (BrokenTool, CheckGivenUp):
            return
        if wrong:
            raise ToolError(f"{self._called} does not keep to its own schema: {tool} gave {wrong}")

    async def _connected(self) -> _Connection:
        async with self._connecting:
            if self._connection is not None and self._connection.over:
                await self.close()
            if self._connection is None:
                self._connection = await self._connect()
            return self._connection

    async def _connect(self) -> _Connection:
        """Connect in the server's mode: with the handshake, else the newer mode without it."""
        try:
            return await self._connect_as(self._mode)
        except MCPError:
            if self._mode == "auto":
                raise
        self._mode = "auto"
        return await self._connect_as(self._mode)

    async def _connect_as(self, mode: str) -> _Connection:
        connection = _Connection()
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        connection.owner = asyncio.create_task(self._own(connection, mode, ready))
        self.starts += 1
        try:
            with anyio.fail_after(self._server.start_timeout):
                await asyncio.shield(ready)
        except MCPError as error:
            if mode == "legacy" and error.code != CONNECTION_CLOSED and not connection.status.over:
                await _disconnect(connection)
                raise
            await self._give_up(connection, error)
        except Exception as error:
            await self._give_up(connection, error)
        except asyncio.CancelledError:
            await _disconnect(connection)
            raise
        return connection

    async def _give_up(self, connection: _Connection, error: Exception) -> None:
        why = await self._why(connection, error)
        await _disconnect(connection)
        raise BrokenTool(f"{self._called} did not start: {why}") from error

    async def _own(self, connection: _Connection, mode: str, ready: asyncio.Future[None]) -> None:
        """Keep the connection open in one task, as its cancel scopes require."""
        try:
            transport = self._filtered(self._transport(connection.status))
            async with Client(transport, mode=mode) as connection.client:
                ready.set_result(None)
                await connection.stop.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(_innermost(error))
                ready.exception()
            elif not isinstance(error, Exception | BaseExceptionGroup):
                raise

    @asynccontextmanager
    async def _filtered(self, transport: Transport) -> AsyncIterator[TransportStreams]:
        async with transport as (read, write):
            yield FilteredStream(read, self.announced), write

    def _transport(self, status: ServerStatus) -> Transport:
        server = self._server
        if server.url is None:
            return running(server, status)
        headers = {name: filled(value) for name, value in server.headers.items()}
        if server.type == "sse":
            from mcp.client.sse import sse_client

            return sse_client(filled(server.url), headers=headers, httpx_client_factory=bounded_client)
        return _over_http(filled(server.url), headers, status)

    async def _why(self, connection: _Connection, error: Exception) -> str:
        """The cause of a failure, in words that help to correct the configuration."""
        if isinstance(error, BrokenTool):
            return str(error)
        if isinstance(error, TimeoutError):
            said = connection.status.description()
            waited = f"no answer within {self._server.start_timeout:g} s (start_timeout waits longer)"
            return f"{waited}; {said}" if said else waited
        if self._server.url is not None:
            return f"{shown(self._server.url)} {_http_words(error, connection.status.refusal)}"
        if isinstance(error, MCPError) and error.code != CONNECTION_CLOSED:
            return visible_line(redact(error.message[:10_000]), _LONGEST_WHY)
        await connection.status.ended(_SECONDS_TO_EXIT)
        return connection.status.description() or "it closed its output"


@asynccontextmanager
async def _over_http(
    url: str, headers: dict[str, str], status: ServerStatus
) -> AsyncIterator[TransportStreams]:
    from mcp.client.streamable_http import streamable_http_client

    async def note(response: httpx2.Response) -> None:
        refused = response.request.method == "POST" and response.status_code >= 400
        words = f"{response.status_code} {response.reason_phrase}"
        status.refusal = visible_line(words, _LONGEST_WHY) if refused else ""

    async with bounded_client(headers=headers) as client:
        client.event_hooks["response"].append(note)
        streaming = streamable_http_client(url, http_client=client, max_sse_event_size=2 * LARGEST_MESSAGE)
        async with streaming as streams:
            yield streams


async def _disconnect(connection: _Connection) -> None:
    """Let the owner task close its connection; after a while, or before there is one, cancel it."""
    owner = connection.owner
    if owner is None:
        return
    connection.stop.set()
    if connection.client is not None:
        await asyncio.wait([owner], timeout=_SECONDS_TO_CLOSE)
    owner.cancel()
    await asyncio.wait([owner], timeout=_SECONDS_TO_CLOSE)


def _forgot_the_session(error: MCPError) -> bool:
    """Whether a restarted HTTP server does not know the session, and so has not made the call."""
    return error.code == INVALID_REQUEST and "session" in error.message.lower()


def _innermost(error: BaseException) -> Exception:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error if isinstance(error, Exception) else ConnectionError("the connection was ended")


def _http_words(error: Exception, refusal: str) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        refusal = visible_line(f"{response.status_code} {response.reason_phrase}", _LONGEST_WHY)
    if refusal:
        return f"answered {refusal}{'; give it `headers`' if refusal[:3] in {'401', '403'} else ''}"
    words = visible_line(redact(str(error)[:10_000]), _LONGEST_WHY) or type(error).__name__
    return (
        f"answered what is no MCP: {words}" if isinstance(error, MCPError) else f"cannot be reached: {words}"
    )
