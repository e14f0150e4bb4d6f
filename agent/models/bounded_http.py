"""An HTTP client for providers' servers with a limit on the size of answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import httpx

LONGEST, LONGEST_COMPRESSED = 16_000_000, 128_000
"""The most bytes of an answer on the wire. Compressed data may be a thousand times larger."""


def response_hooks() -> dict[str, list[Any]]:
    """Event hooks of an httpx client (not an asynchronous one) that bound each answer."""
    return {"response": [_bound]}


def bounded_client(seconds: float) -> httpx.Client:
    """A client with these hooks, and a timeout in seconds, that otherwise does as httpx does."""
    import httpx

    return httpx.Client(timeout=seconds, event_hooks=response_hooks(), follow_redirects=True)


def _bound(response: httpx.Response) -> None:
    import httpx

    plain = response.headers.get("content-encoding", "identity").strip().lower() in {"", "identity"}
    limit = LONGEST if plain else LONGEST_COMPRESSED
    stream = cast("httpx.SyncByteStream", response.stream)

    class Bounded(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            read = 0
            for chunk in stream:
                read += len(chunk)
                if read > limit:
                    raise httpx.RemoteProtocolError(f"the answer has more than {limit:,} bytes")
                yield chunk

        def close(self) -> None:
            stream.close()

    response.stream = Bounded()
