"""An open session with one MCP server; the next call restarts a server that died."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
from mcp import MCPError
from mcp_types import CONNECTION_CLOSED, INVALID_REQUEST
from pydantic import ValidationError

from fieldcraft.common.secrets.redaction import redact
from fieldcraft.tools.calls.arguments import complaints
from fieldcraft.tools.calls.schemas import CheckGivenUp
from fieldcraft.tools.errors import BrokenTool, ToolError
from fieldcraft.tools.sources.mcp.announcements import Announcements
from fieldcraft.tools.sources.mcp.calls import CallInProgress
from fieldcraft.tools.sources.mcp.connection import Connection, Kind
from fieldcraft.tools.sources.mcp.contents import blocks_of, prompt_text, text_block, texts_of
from fieldcraft.tools.sources.mcp.lists import Lists, read_lists
from fieldcraft.tools.sources.mcp.questions import Questions
from fieldcraft.tools.sources.mcp.results import complaints_of_result, data_of, message_of
from fieldcraft.tools.sources.settings import McpServer

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import CallToolResult

T = TypeVar("T")

BETWEEN_READINGS = 1.0
"""Seconds; a server that says more often that its lists have changed is not asked more often."""


class _SessionForgotten(ToolError):
    """The server no longer knows the session, and has not made the call."""


class HeldSession:
    """A session with one server. All methods except `__init__` belong to one event loop.

    Attributes:
        name: the configured name of the server.
        kind: the transport that reaches it.
        starts: how often it was started or connected to.
        announced: information about its tools, such as refused ones and output schemas.
    """

    def __init__(self, name: str, server: McpServer) -> None:
        self.name = name
        self.kind: Kind = server.type or ("http" if server.command is None else "stdio")
        self.starts = 0
        self.announced = Announcements()
        self._server = server
        self._mode = "legacy"
        self._connection: Connection | None = None
        self._connecting = asyncio.Lock()
        self._listing = asyncio.Lock()
        self._lists: Lists | None = None
        self._read_again_at = -BETWEEN_READINGS
        self._calls: list[CallInProgress] = []
        self._questions = Questions(name, server, lambda: self._calls[-1] if self._calls else None)

    @property
    def known(self) -> Lists | None:
        """What the server offered when it was asked last; `None` before."""
        return self._lists

    async def lists(self) -> Lists:
        """What the server offers; read again if it said that this has changed.

        Raises:
            BrokenTool: it does not start or answer; the message contains its last output.
        """
        async with self._listing:
            if self._lists is None:
                self._lists = await self._read_lists()
            elif self.announced.stale and time.monotonic() - self._read_again_at >= BETWEEN_READINGS:
                try:
                    self._lists = await self._read_lists()
                finally:
                    self._read_again_at = time.monotonic()
            return self._lists

    async def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        """Call a tool. A session that ended before the call is reopened first.

        Raises:
            ToolError: the call failed. It is unknown whether an interrupted call took effect.
        """
        if self.announced.stale:
            await self._look_for(tool)
        with self._in_progress(tool) as progress:

            async def call(client: Client) -> CallToolResult:
                return await client.call_tool(tool, arguments, progress_callback=progress.progressed)

            result = await self._asked(tool, call)
            self._check(tool, result)
            self.announced.stale = self.announced.stale or _is_unknown(tool, result)
            return data_of(self.name, tool, result, self.announced.outputs.get(tool), progress.notes)

    async def read(self, uri: str) -> Any:
        """The content of a resource.

        Raises:
            ToolError: it cannot be read.
        """
        with self._in_progress(uri) as progress:
            found = await self._asked(uri, lambda client: client.read_resource(uri))
            blocks = blocks_of(found.contents) + list(map(text_block, progress.notes))
            return message_of(blocks)

    async def prompt(self, name: str, arguments: dict[str, str]) -> str:
        """The messages of a prompt, as text.

        Raises:
            ToolError: the server does not give it.
        """
        with self._in_progress(name) as progress:
            found = await self._asked(name, lambda client: client.get_prompt(name, arguments))
            return "\n".join([prompt_text(found.messages), *progress.notes])

    async def close(self) -> None:
        """End the session, and the server if it was started here."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    @property
    def _called(self) -> str:
        return f"MCP server {self.name!r}"

    @contextmanager
    def _in_progress(self, name: str) -> Iterator[CallInProgress]:
        """A block in which the server may ask for something on behalf of a call."""
        call = CallInProgress(name)
        self._calls.append(call)
        try:
            yield call
        finally:
            call.ended.set()
            self._calls.remove(call)

    async def _look_for(self, tool: str) -> None:
        """Raise `ToolError` if the server took a tool away."""
        if not (await self.lists()).has_tool(tool):
            raise ToolError(f"{self._called} no longer has the tool {tool}; it took it away during the run")

    async def _asked(self, what: str, ask: Callable[[Client], Awaitable[T]]) -> T:
        try:
            return await self._asked_once(what, ask)
        except _SessionForgotten:
            return await self._asked_once(what, ask)

    async def _asked_once(self, what: str, ask: Callable[[Client], Awaitable[T]]) -> T:
        connection = await self._connected()
        try:
            return await ask(connection.client)
        except MCPError as error:
            if error.code != CONNECTION_CLOSED:
                connection.lost = _forgot_the_session(error)
                kind = _SessionForgotten if connection.lost else ToolError
                raise kind(
                    f"{self._called}: {what} failed: {redact(error.message[:15_000])[:1_500]}"
                ) from error
            problem: Exception = error
        except ValidationError as error:
            raise ToolError(f"{self._called}: {what} gave what is no result: {complaints(error)}") from error
        except Exception as error:
            problem = error
        connection.lost = True
        why = await connection.why(problem)
        raise ToolError(f"{self._called} ended in the middle of {what}: {why}") from problem

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

    async def _read_lists(self) -> Lists:
        connection = await self._connected()
        self.announced.begin()
        try:
            with anyio.fail_after(self._server.start_timeout):
                return await read_lists(connection.client)
        except Exception as error:
            why = await connection.why(error)
            raise BrokenTool(f"{self._called} did not say what tools it has: {why}") from error

    async def _connected(self) -> Connection:
        async with self._connecting:
            if self._connection is not None and self._connection.over:
                await self.close()
            if self._connection is None:
                self._connection = await self._connect()
                self.announced.stale = self._lists is not None  # a restarted server may have other tools
            return self._connection

    async def _connect(self) -> Connection:
        """Connect in the server's mode (the handshake, else the newer one without it), over its transport."""
        try:
            return await self._connect_as(self._mode)
        except MCPError:
            if self._mode == "auto":
                raise
        self._mode = "auto"
        return await self._connect_as(self._mode)

    async def _connect_as(self, mode: str) -> Connection:
        connection = Connection(self._server, self.kind)
        self.starts += 1
        try:
            await connection.open(mode, self.announced, self._questions)
        except MCPError as error:
            if self._is_older(connection):
                return await self._connect_as_older(connection, error)
            if mode == "legacy" and error.code != CONNECTION_CLOSED and not connection.status.over:
                await connection.close()
                raise
            await self._give_up(connection, error)
        except Exception as error:
            if self._is_older(connection):
                return await self._connect_as_older(connection, error)
            await self._give_up(connection, error)
        except asyncio.CancelledError:
            await connection.close()
            raise
        return connection

    def _is_older(self, connection: Connection) -> bool:
        """Whether the older protocol (SSE) is to be tried, which the specification asks of clients."""
        return self._server.type is None and connection.is_refused_as_older

    async def _connect_as_older(self, refused: Connection, error: Exception) -> Connection:
        await refused.close()
        older = Connection(self._server, "sse")
        try:
            await older.open("legacy", self.announced, self._questions)
        except asyncio.CancelledError:
            await older.close()
            raise
        except Exception:
            await older.close()
            await self._give_up(refused, error)
        self.kind = "sse"
        return older

    async def _give_up(self, connection: Connection, error: Exception) -> None:
        why = await connection.why(error)
        await connection.close()
        raise BrokenTool(f"{self._called} did not start: {why}") from error


def _is_unknown(tool: str, result: CallToolResult) -> bool:
    """Whether the server says that it has no such tool, as one does that took it away without a word."""
    if not result.is_error:
        return False
    said = texts_of(blocks_of(result.content))[:1_000].lower()
    return tool.lower() in said and any(words in said for words in ("unknown tool", "not found", "no such"))


def _forgot_the_session(error: MCPError) -> bool:
    """Whether a restarted HTTP server does not know the session, and so has not made the call."""
    return error.code == INVALID_REQUEST and "session" in error.message.lower()
