"""One connection with an MCP server, over whichever transport reaches it."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import anyio
from mcp import Client, MCPError
from mcp_types import CONNECTION_CLOSED

from fieldcraft.common.secrets.redaction import redact
from fieldcraft.common.text import visible_line
from fieldcraft.tools.errors import BrokenTool
from fieldcraft.tools.sources.mcp.announcements import Announcements, FilteredStream
from fieldcraft.tools.sources.mcp.http import bounded_client
from fieldcraft.tools.sources.mcp.messages import LARGEST_MESSAGE
from fieldcraft.tools.sources.mcp.process import ServerStatus, running
from fieldcraft.tools.sources.mcp.questions import Questions
from fieldcraft.tools.sources.settings import McpServer, filled
from fieldcraft.tools.sources.urls import shown

if TYPE_CHECKING:
    import httpx2
    from mcp.client import Transport
    from mcp.client._transport import TransportStreams

Kind = Literal["stdio", "http", "sse"]

_OLDER = ("400", "404", "405")
"""How a server of the older HTTP protocol (SSE) refuses a message of the newer one."""
_SECONDS_TO_EXIT = 1.0
_SECONDS_TO_CLOSE = 8.0
_LONGEST_WHY = 300


@dataclass
class Connection:
    """A client that stays connected until `close`.

    Attributes:
        server: its settings.
        kind: the transport.
        lost: it is of no use any more.
    """

    server: McpServer
    kind: Kind
    status: ServerStatus = field(default_factory=ServerStatus)
    lost: bool = False
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _client: Client | None = None
    _owner: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        """Whether no further answer can come."""
        return self.lost or self.status.hung_up or self._owner is None or self._owner.done()

    @property
    def client(self) -> Client:
        """The connected client."""
        assert self._client is not None
        return self._client

    @property
    def is_refused_as_older(self) -> bool:
        """Whether the server refused the first message as one of the older protocol does."""
        return self.kind == "http" and self.status.refusal[:3] in _OLDER

    async def open(self, mode: str, announced: Announcements, questions: Questions) -> None:
        """Connect, in a task of its own as the client's cancel scopes require.

        Raises:
            Exception: whatever kept it from connecting; `close` it then.
        """
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._owner = asyncio.get_running_loop().create_task(
            self._own(mode, announced, questions, ready), context=contextvars.Context()
        )
        with anyio.fail_after(self.server.start_timeout):
            await asyncio.shield(ready)

    async def close(self) -> None:
        """Let the owner task close the connection; after a while, or before there is one, cancel it."""
        owner = self._owner
        if owner is None:
            return
        self._stop.set()
        if self._client is not None:
            await asyncio.wait([owner], timeout=_SECONDS_TO_CLOSE)
        owner.cancel()
        await asyncio.wait([owner], timeout=_SECONDS_TO_CLOSE)

    async def why(self, error: Exception) -> str:
        """The cause of a failure, in words that help to correct the configuration."""
        if isinstance(error, BrokenTool):
            return str(error)
        if isinstance(error, TimeoutError):
            said = self.status.description()
            waited = f"no answer within {self.server.start_timeout:g} s (start_timeout waits longer)"
            return f"{waited}; {said}" if said else waited
        if self.server.url is not None:
            return f"{shown(self.server.url)} {_http_words(error, self.status.refusal)}"
        if isinstance(error, MCPError) and error.code != CONNECTION_CLOSED:
            return visible_line(redact(error.message[:10_000]), _LONGEST_WHY)
        await self.status.ended(_SECONDS_TO_EXIT)
        return self.status.description() or "it closed its output"

    async def _own(
        self, mode: str, announced: Announcements, questions: Questions, ready: asyncio.Future[None]
    ) -> None:
        """Keep the connection open."""
        try:
            client = Client(
                _filtered(self._transport(), announced),
                mode=mode,
                cache=None,
                elicitation_callback=questions.elicited,
                sampling_callback=questions.sampled,
            )
            async with client as self._client:
                ready.set_result(None)
                await self._stop.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(_innermost(error))
                ready.exception()
            elif not isinstance(error, Exception | BaseExceptionGroup):
                raise

    def _transport(self) -> Transport:
        server = self.server
        if server.url is None:
            return running(server, self.status)
        headers = {name: filled(value) for name, value in server.headers.items()}
        if self.kind == "sse":
            from mcp.client.sse import sse_client

            return sse_client(filled(server.url), headers=headers, httpx_client_factory=bounded_client)
        return _over_http(filled(server.url), headers, self.status)


@asynccontextmanager
async def _filtered(transport: Transport, announced: Announcements) -> AsyncIterator[TransportStreams]:
    async with transport as (read, write):
        yield FilteredStream(read, announced), write


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
