"""A container's standard streams, as the engine sends them to an attached client."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docker import DockerClient

HEADER = struct.Struct(">BxxxL")
"""The header of each piece of output: the stream (1 output, 2 errors) and its length in bytes."""

OUTPUT, ERRORS = 1, 2
CHUNK = 65536
COMPLAINT_LIMIT = 4096


class AttachedStream:
    """Input and output of a container, without blocking; a `Stream` for a relay. Attach before it starts."""

    def __init__(self, client: DockerClient, container: str) -> None:
        parameters = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        self._socket, self._response = _own_socket(client.api.attach_socket(container, params=parameters))
        self._socket.setblocking(False)
        self.incoming = self.outgoing = int(self._socket.fileno())
        self.errors = b""
        self._pending = bytearray()
        self._kind, self._left = 0, 0

    def receive(self) -> bytes:
        """Read standard output; the beginning of standard error is kept in `errors`.

        Raises:
            BlockingIOError: no output is available.
        """
        while True:
            data = self._receive()
            if not data:
                return b""
            self._pending += data
            output = self._separated()
            if output:
                return output

    def send(self, data: bytes) -> int:
        """Write to standard input; returns how many bytes were written.

        Raises:
            BlockingIOError: nothing could be written.
        """
        from ssl import SSLWantReadError, SSLWantWriteError

        try:
            return int(self._socket.send(data))
        except (SSLWantReadError, SSLWantWriteError):
            raise BlockingIOError from None

    def drain(self) -> None:
        """Read available output to update `errors`."""
        with suppress(OSError):
            while self.receive():
                pass

    def close(self) -> None:
        """Close standard input and the connection. Safe to call twice."""
        with suppress(OSError):
            self._socket.close()
        if self._response is not None:
            self._response.close()
            self._response = None

    def _receive(self) -> bytes:
        from ssl import SSLWantReadError, SSLWantWriteError

        try:
            data = bytes(self._socket.recv(CHUNK))
            while getattr(self._socket, "pending", int)():
                data += self._socket.recv(CHUNK)
        except (SSLWantReadError, SSLWantWriteError):
            raise BlockingIOError from None
        return data

    def _separated(self) -> bytes:
        """Take the output from the pending bytes; an incomplete header is left there."""
        output = bytearray()
        while self._pending:
            if not self._left:
                if len(self._pending) < HEADER.size:
                    break
                self._kind, self._left = HEADER.unpack_from(self._pending)
                del self._pending[: HEADER.size]
            piece = self._pending[: self._left]
            del self._pending[: self._left]
            self._left -= len(piece)
            if self._kind == OUTPUT:
                output += piece
            elif len(self.errors) < COMPLAINT_LIMIT:
                self.errors += piece
        return bytes(output)


def _own_socket(attached: Any) -> tuple[Any, Any]:
    """The connection as a socket, and another object that must be kept alive for it, if any."""
    response = getattr(attached, "_response", None)
    plain = getattr(attached, "_sock", attached)
    if type(plain) is not socket.socket:
        return plain, response
    own = plain.dup()
    (attached if response is None else response).close()
    return own, None
