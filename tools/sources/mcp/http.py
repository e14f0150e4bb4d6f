"""Limit and normalize the HTTP answers of remote MCP servers before the SDK parses them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
from mcp.shared._httpx_utils import create_mcp_http_client

from fieldcraft.tools.sources.mcp.messages import LARGEST_MESSAGE, rewritten

_LARGEST_OTHER = 1_000_000
"""The most bytes of a body that is not a message, such as an error page."""
_FRAME = 10_000
"""The most bytes of an event in addition to its message."""


def bounded_client(
    headers: dict[str, str] | None = None,
    timeout: httpx2.Timeout | None = None,
    auth: httpx2.Auth | None = None,
) -> httpx2.AsyncClient:
    """An HTTP client whose answers are limited before they are read."""
    client = create_mcp_http_client(headers=headers, timeout=timeout, auth=auth)
    client.event_hooks = {"request": [refuse_compression], "response": [bound_body]}
    return client


async def refuse_compression(request: httpx2.Request) -> None:
    """Request uncompressed answers, since a few compressed bytes may expand to many."""
    request.headers["Accept-Encoding"] = "identity"


async def bound_body(response: httpx2.Response) -> None:
    """Limit a body to the size of a message, and normalize it so that every reader accepts it.

    Raises:
        httpx2.DecodingError: it is compressed, although no compression was requested.
    """
    if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise httpx2.DecodingError("it sent a compressed answer, although none was requested")
    if not isinstance(response.stream, httpx2.AsyncByteStream):
        return
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    match kind:
        case "application/json":
            response.stream = _Message(response.stream)
        case "text/event-stream":
            response.stream = _Events(response.stream)
        case _:
            response.stream = _Other(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def aclose(self) -> None:
        await self._stream.aclose()


class _Other(_Bounded):
    """The beginning of a body that is not a message."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = _LARGEST_OTHER
        async for chunk in self._stream:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return


class _Message(_Bounded):
    """A body that consists of one message."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        content = bytearray()
        async for chunk in self._stream:
            content += chunk
            if len(content) > LARGEST_MESSAGE:
                break
        yield rewritten(bytes(content))


class _Events(_Bounded):
    """A stream of events, each of which may contain a message."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        waiting = bytearray()
        held = b""
        async for chunk in self._stream:
            text = held + chunk
            held = b"\r" if text.endswith(b"\r") else b""
            looked_at = max(len(waiting) - 1, 0)
            waiting += text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            while (end := waiting.find(b"\n\n", looked_at)) >= 0:
                yield _event(bytes(waiting[:end]))
                del waiting[: end + 2]
                looked_at = 0
            if len(waiting) > LARGEST_MESSAGE + _FRAME:
                raise httpx2.SSEError(f"it sent an event of more than {LARGEST_MESSAGE:,} bytes")
        yield bytes(waiting)


def _event(event: bytes) -> bytes:
    """Write an event with its message on one line."""
    lines = event.split(b"\n")
    data = b"\n".join(line[5:].removeprefix(b" ") for line in lines if line.startswith(b"data:"))
    if not data.lstrip().startswith((b"{", b"[")):
        return event + b"\n\n"
    kept = [line for line in lines if not line.startswith(b"data:")]
    return b"\n".join([*kept, b"data: " + rewritten(data)]) + b"\n\n"
