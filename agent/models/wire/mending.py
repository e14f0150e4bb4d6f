"""Hooks for HTTP clients that put each answer into a form that its reader can take.

They work on the responses of httpx and of httpx2, whichever a provider's package uses.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from fieldcraft.agent.models.wire.errors_within import status_within
from fieldcraft.agent.models.wire.reports import mend_reports

if TYPE_CHECKING:
    import httpx

LONGEST, LONGEST_COMPRESSED = 16_000_000, 128_000
"""The most bytes of an answer on the wire. Compressed data may be a thousand times larger."""
_LONGEST_NUMBER = 4_000


def bound(response: httpx.Response) -> None:
    """Let an answer end with an error where it has too many bytes on the wire."""
    plain = response.headers.get("content-encoding", "identity").strip().lower() in {"", "identity"}
    _limit(response, response.stream, LONGEST if plain else LONGEST_COMPRESSED)


def mend(response: httpx.Response) -> None:
    """Mend an answer in JSON: its report of tokens, its type of content, and the status of an error."""
    if not response.is_success or "event-stream" in response.headers.get("content-type", ""):
        return
    data = b"".join(_decoded(response))
    answer = _read(data)
    if answer is not None:
        response.headers["Content-Type"] = "application/json"
        response.status_code = status_within(answer) or response.status_code
        data = _written(answer) or data
    _replace(response, [data])


def mend_lines(response: httpx.Response) -> None:
    """Mend an answer that comes as lines of JSON, each as soon as it is there."""
    if not response.is_success:
        return
    lines = _lines(_decoded(response))
    first = next(lines, b"")
    answer = _read(first)
    if answer is not None:
        response.status_code = status_within(answer) or response.status_code
    _replace(response, (_mended(line) for line in chain([first], lines)))


def _mended(line: bytes) -> bytes:
    answer = _read(line)
    written = _written(answer) if answer is not None else b""
    return written + b"\n" if written else line


def _read(data: bytes) -> dict[str, Any] | None:
    """A JSON object; `None` for anything else."""
    try:
        answer = json.loads(data, parse_int=_number)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _number(digits: str) -> int | float:
    """A whole number; Python reads none of more than some thousands of digits."""
    return int(digits) if len(digits) <= _LONGEST_NUMBER else math.inf


def _written(answer: dict[str, Any]) -> bytes:
    """The answer with a readable report; nothing where it cannot be written."""
    mend_reports(answer)
    try:
        return json.dumps(answer).encode()
    except RecursionError:
        return b""


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    begun: list[bytes] = []
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for end in whole:
            yield b"".join([*begun, end, b"\n"])
            begun = []
        begun.append(rest)
    yield b"".join(begun)


def _decoded(response: httpx.Response) -> Iterator[bytes]:
    """The answer without its content encoding, which goes out of the headers too."""
    inner = type(response)(response.status_code, headers=response.headers, stream=response.stream)
    for name in ("Content-Encoding", "Content-Length", "Transfer-Encoding"):
        response.headers.pop(name, None)
    return _limited(response, inner.iter_bytes(), LONGEST)


def _limited(response: httpx.Response, chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    read = 0
    for chunk in chunks:
        read += len(chunk)
        if read > limit:
            raise _package(response).RemoteProtocolError(f"the answer has more than {limit:,} bytes")
        yield chunk


def _limit(response: httpx.Response, stream: Any, limit: int) -> None:
    _replace(response, _limited(response, stream, limit))


def _replace(response: httpx.Response, chunks: Iterable[bytes]) -> None:
    """Let a response be read from these chunks, and close what it was read from."""
    stream: Any = response.stream
    base: Any = _package(response).SyncByteStream

    class Replaced(base):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            yield from chunks

        def close(self) -> None:
            stream.close()

    response.stream = Replaced()


def _package(response: httpx.Response) -> Any:
    return sys.modules[type(response).__module__.partition(".")[0]]
