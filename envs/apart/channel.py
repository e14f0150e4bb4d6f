"""Messages between a run and the process of its world: JSON with, beside it, bytes (snapshots, pictures)."""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import Any

_SIZES = struct.Struct("<II")
LARGEST_MESSAGE, LARGEST_BYTES = 64 << 20, 256 << 20
_PART = 1 << 20


class ChannelEnded(Exception):
    """The other process is gone."""


class TooLarge(Exception):
    """The other process announced more than is read; the message says how much."""


def send(channel: socket.socket, message: dict[str, Any], content: bytes = b"") -> None:
    """Send one message.

    Raises:
        ChannelEnded: nobody reads any more.
        TimeoutError: the other process does not read it.
    """
    text = json.dumps(message).encode()
    try:
        channel.sendall(_SIZES.pack(len(text), len(content)) + text + content)
    except TimeoutError:
        raise
    except OSError as error:
        raise ChannelEnded from error


def receive(channel: socket.socket, until: float | None = None) -> tuple[dict[str, Any], bytes]:
    """The next message, at `until` (monotonic seconds) at the latest.

    Raises:
        ChannelEnded: there will be none.
        TimeoutError: it did not come in time.
        TooLarge: it is larger than is read.
    """
    size, more = _SIZES.unpack(_exactly(channel, _SIZES.size, until))
    for announced, limit in ((size, LARGEST_MESSAGE), (more, LARGEST_BYTES)):
        if announced > limit:
            raise TooLarge(f"{announced:,} bytes, where {limit:,} are read")
    message = json.loads(_exactly(channel, size, until))
    return message, _exactly(channel, more, until)


def _exactly(channel: socket.socket, size: int, until: float | None) -> bytes:
    content = bytearray()
    while len(content) < size:
        channel.settimeout(None if until is None else max(until - time.monotonic(), 0.001))
        try:
            part = channel.recv(min(size - len(content), _PART))
        except TimeoutError:
            raise
        except OSError as error:
            raise ChannelEnded from error
        if not part:
            raise ChannelEnded
        content += part
    return bytes(content)
