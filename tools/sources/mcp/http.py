"""What MCP servers elsewhere send, bounded and made readable before the SDK parses it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
from mcp.shared._httpx_utils import create_mcp_http_client

from fieldcraft.tools.sources.mcp.messages import LARGEST_MESSAGE, rewritten

_LARGEST_OTHER = 1_000_000
"""Bytes of a body that is no message, such as a page that says what went wrong."""
_FRAME = 10_000
"""Bytes of an event beside its message."""


def bounded_client(
    headers: dict[str, str] | None = None,
    timeout: httpx2.Timeout | None = None,
    auth: httpx2.Auth | None = None,
) -> httpx2.AsyncClient:
    """A client whose answers are bounded before anything reads them."""
    client = create_mcp_http_client(headers=headers, timeout=timeout, auth=auth)
    client.event_hooks = {"request": [refuse_compression], "response": [bound_body]}
    return client


async def refuse_compression(request: httpx2.Request) -> None:
    """A few bytes may stand for many: ask for none of that."""
    request.headers["Accept-Encoding"] = "identity"


async def bound_body(response: httpx2.Response) -> None:
    """Let no more of a body through than a message may have, and that in a form every reader takes.

    Raises:
        httpx2.DecodingError: it is compressed although it was asked not to be.
    """
    if response.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise httpx2.DecodingError("it answers compressed, though it was asked not to")
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
    """The beginning of a body that is no message."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = _LARGEST_OTHER
        async for chunk in self._stream:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return


class _Message(_Bounded):
    """A body that is one message."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        content = bytearray()
        async for chunk in self._stream:
            content += chunk
            if len(content) > LARGEST_MESSAGE:
                break
        yield rewritten(bytes(content))


class _Events(_Bounded):
    """Events, each of which may carry a message."""

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
    """An event whose message is on one line."""
    lines = event.split(b"\n")
    data = b"\n".join(line[5:].removeprefix(b" ") for line in lines if line.startswith(b"data:"))
    if not data.lstrip().startswith((b"{", b"[")):
        return event + b"\n\n"
    kept = [line for line in lines if not line.startswith(b"data:")]
    return b"\n".join([*kept, b"data: " + rewritten(data)]) + b"\n\n"
