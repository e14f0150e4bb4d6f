"""A control socket and the wire of its worker, carried over one stream of bytes: where no socket is shared.

The host's client of the fork server talks to a local socket pair, and the container's fork server to another;
a relay beside each moves what they say, passed sockets included, as records over the stream between them. The
same code runs at both ends. A record: kind (1 byte), number of the worker (4), length (4), content.
"""

from __future__ import annotations

import array
import os
import select
import socket
import struct
from contextlib import suppress
from typing import Protocol

CONTROL, CONTROL_WITH_WORKER, DATA, WORKER_GONE = range(4)
HEADER = struct.Struct(">BII")
CHUNK = 65536
PENDING_LIMIT = 1 << 20
"""Bytes that wait for a reader before no more are taken from the writer."""


class BrokenRecord(ValueError):
    """The stream holds what no relay writes."""


class Stream(Protocol):
    """Both directions of a stream of bytes that does not block."""

    incoming: int
    outgoing: int

    def receive(self) -> bytes:
        """What came, empty at the end. Raises BlockingIOError where nothing did."""

    def send(self, data: bytes) -> int:
        """How much was taken. Raises BlockingIOError where nothing was."""

    def close(self) -> None:
        """Let go of it."""


class Pipes:
    """A stream of two descriptors."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self.incoming, self.outgoing = incoming, outgoing
        os.set_blocking(incoming, False)
        os.set_blocking(outgoing, False)

    def receive(self) -> bytes:
        """See `Stream`."""
        return os.read(self.incoming, CHUNK)

    def send(self, data: bytes) -> int:
        """See `Stream`."""
        return os.write(self.outgoing, data)

    def close(self) -> None:
        """See `Stream`."""
        for descriptor in {self.incoming, self.outgoing}:
            with suppress(OSError):
                os.close(descriptor)


class Records:
    """Cuts a stream into records."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> None:
        """Add what was received."""
        self._pending += data

    def next(self) -> tuple[int, int, bytes] | None:
        """Kind, worker and content of the next whole record.

        Raises:
            BrokenRecord: no relay writes this.
        """
        if len(self._pending) < HEADER.size:
            return None
        kind, worker, length = HEADER.unpack_from(self._pending)
        if kind > WORKER_GONE or length > CHUNK:
            raise BrokenRecord(f"kind {kind}, {length} bytes")
        end = HEADER.size + length
        if len(self._pending) < end:
            return None
        content = bytes(self._pending[HEADER.size : end])
        del self._pending[:end]
        return kind, worker, content


class Relay:
    """One end. The holder of the control socket's other end ends the relay by closing it."""

    def __init__(self, stream: Stream, control: socket.socket, *, trusted: bool) -> None:
        """Take over `stream` and `control`.

        Args:
            stream: to the other relay.
            control: to the fork server (in the container) or to its client (in the host).
            trusted: the far side sends no more than is asked of it, so it is always heard; else it waits
                while what it sent is not read here.
        """
        self._stream = stream
        self._control = control
        self._trusted = trusted
        self._records = Records()
        self._to_stream = bytearray()
        self._to_worker = bytearray()
        self._worker: socket.socket | None = None
        self._number = 0

    def run(self) -> None:
        """Move bytes until either side ends."""
        try:
            while self._turn():
                pass
        except (OSError, BrokenRecord):
            return
        finally:
            self._drop_worker()
            self._control.close()
            self._stream.close()

    def _turn(self) -> bool:
        ready = self._wait()
        if self._worker is not None and self._worker.fileno() in ready:
            self._serve_worker(ready[self._worker.fileno()])
        if self._control.fileno() in ready and not self._take_control():
            return False
        if ready.get(self._stream.incoming, 0) & ~select.POLLOUT and not self._take_stream():
            return False
        self._flush()
        return True

    def _wait(self) -> dict[int, int]:
        wanted = {self._stream.outgoing: select.POLLOUT if self._to_stream else 0}
        if self._trusted or len(self._to_worker) < PENDING_LIMIT:
            wanted[self._stream.incoming] = wanted.get(self._stream.incoming, 0) | select.POLLIN
        room = len(self._to_stream) < PENDING_LIMIT
        wanted[self._control.fileno()] = select.POLLIN if room else 0
        if self._worker is not None:
            writing = select.POLLOUT if self._to_worker else 0
            wanted[self._worker.fileno()] = (select.POLLIN if room else 0) | writing
        poll = select.poll()
        for descriptor, events in wanted.items():
            if events:
                poll.register(descriptor, events)
        return dict(poll.poll())

    def _take_stream(self) -> bool:
        with suppress(BlockingIOError):
            data = self._stream.receive()
            if not data:
                return False
            self._records.feed(data)
            while (record := self._records.next()) is not None:
                self._take_record(*record)
        return True

    def _take_record(self, kind: int, worker: int, content: bytes) -> None:
        if kind == CONTROL:
            self._control.sendall(content)
        elif kind == CONTROL_WITH_WORKER:
            ours, theirs = socket.socketpair()
            with theirs:
                self._adopt(ours, worker)
                socket.send_fds(self._control, [content], [theirs.fileno()])
        elif worker == self._number and self._worker is not None:
            if kind == DATA:
                self._to_worker += content
                self._write_worker()
            else:
                self._drop_worker()

    def _take_control(self) -> bool:
        message, ancillary, _, _ = self._control.recvmsg(CHUNK, socket.CMSG_SPACE(4))
        if not message:
            return False
        if ancillary:
            descriptor = int(array.array("i", ancillary[0][2])[0])
            self._adopt(socket.socket(fileno=descriptor), self._number + 1)
        self._queue(CONTROL_WITH_WORKER if ancillary else CONTROL, message)
        return True

    def _serve_worker(self, events: int) -> None:
        if events & select.POLLOUT:
            self._write_worker()
        if self._worker is None or not events & ~select.POLLOUT:
            return
        try:
            data = self._worker.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._queue(DATA, data)
        else:
            self._leave_worker()

    def _write_worker(self) -> None:
        assert self._worker is not None
        try:
            sent = self._worker.send(self._to_worker)
            del self._to_worker[:sent]
        except BlockingIOError:
            return
        except OSError:
            self._leave_worker()

    def _adopt(self, worker: socket.socket, number: int) -> None:
        self._drop_worker()
        worker.setblocking(False)
        self._worker, self._number = worker, number

    def _leave_worker(self) -> None:
        self._drop_worker()
        self._queue(WORKER_GONE, b"")

    def _drop_worker(self) -> None:
        self._to_worker.clear()
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _queue(self, kind: int, content: bytes) -> None:
        self._to_stream += HEADER.pack(kind, self._number, len(content)) + content

    def _flush(self) -> None:
        with suppress(BlockingIOError):
            while self._to_stream:
                sent = self._stream.send(bytes(self._to_stream[:CHUNK]))
                del self._to_stream[:sent]
