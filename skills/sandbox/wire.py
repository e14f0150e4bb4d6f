"""The host's end of a worker's wire: waits for the worker, the deadline, tool results and cancel together."""

from __future__ import annotations

import math
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from fieldcraft.skills.program.execution import KillReason
from fieldcraft.skills.sandbox.frames import AnyFrame, BrokenProtocol, FrameBuffer, read_frame

CHUNK = 65536


class Stopped(Exception):
    """The program must end now, for this reason; `detail` explains it."""

    def __init__(self, reason: KillReason, detail: str | None = None) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class WorkerEnded(Exception):
    """The worker's end of the wire is closed: it died, or closed it."""


class Wake:
    """Interrupts a waiting host from any thread or signal handler."""

    def __init__(self) -> None:
        self.cancelled = False
        self._heard, self._rung = socket.socketpair()
        self._heard.setblocking(False)
        self._rung.setblocking(False)

    def fileno(self) -> int:
        """The socket that becomes readable when the bell rings."""
        return self._heard.fileno()

    def ring(self) -> None:
        """Wake the host. Several rings before it wakes count as one."""
        with suppress(OSError):
            self._rung.send(b"!")

    def cancel(self) -> None:
        """Ask the host to stop the program."""
        self.cancelled = True
        self.ring()

    def hush(self) -> None:
        """Clear earlier rings."""
        with suppress(BlockingIOError):
            while self._heard.recv(CHUNK):
                pass

    def close(self) -> None:
        """Close the sockets; later rings have no effect."""
        self._heard.close()
        self._rung.close()


class Wire:
    """Frames of one worker. `deadline` is on the monotonic clock, in seconds."""

    def __init__(self, connection: socket.socket, wake: Wake, *, frame_limit: int, deadline: float) -> None:
        self.deadline = deadline
        self._connection = connection
        self._descriptor = connection.fileno()
        self._wake = wake
        self._buffer = FrameBuffer(frame_limit)
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._poll.register(wake, select.POLLIN)

    def read(self) -> AnyFrame:
        """The worker's next frame.

        Raises:
            Stopped: deadline, cancel, or an invalid frame.
            WorkerEnded: there will be no more.
        """
        self._check()
        try:
            line = self._buffer.next_line()
            while line is None:
                self._wait()
                self._receive()
                line = self._buffer.next_line()
            return read_frame(line)
        except BrokenProtocol as error:
            raise Stopped(KillReason.PROTOCOL, str(error)) from None

    def write(self, data: bytes) -> None:
        """Send `data`; waits for the worker to read it until the deadline.

        Raises:
            Stopped: deadline or cancel.
            WorkerEnded: the worker has ended.
        """
        view = memoryview(data)
        try:
            while True:
                with suppress(BlockingIOError):
                    view = view[self._connection.send(view) :]
                if not view:
                    return
                self._poll.modify(self._descriptor, select.POLLOUT)
                self._wait()
        except (BrokenPipeError, ConnectionResetError):
            raise WorkerEnded from None
        finally:
            if view:
                self._poll.modify(self._descriptor, select.POLLIN)

    def wait_until(self, done: Callable[[], bool]) -> None:
        """Wait for another event, which rings the bell; the worker must not send anything meanwhile.

        Raises:
            Stopped: deadline or cancel, or the worker sent something.
            WorkerEnded: the worker died waiting.
        """
        while not done():
            if self._descriptor in self._wait():
                self._receive()
                raise Stopped(KillReason.PROTOCOL, "a frame while the program waits for a tool")

    def _receive(self) -> None:
        try:
            data = self._connection.recv(CHUNK)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        if not data:
            raise WorkerEnded
        self._buffer.feed(data)

    def _wait(self) -> list[int]:
        """Wait for the worker or the bell; the descriptors that are ready."""
        remaining = self._check()
        ready = [descriptor for descriptor, _ in self._poll.poll(math.ceil(remaining * 1000))]
        if len(ready) != 1 or ready[0] != self._descriptor:
            self._wake.hush()
            self._check()
        return ready

    def _check(self) -> float:
        """Seconds until the deadline; raises `Stopped` after it, or on cancel."""
        if self._wake.cancelled:
            raise Stopped(KillReason.CANCELLED)
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise Stopped(KillReason.DEADLINE)
        return remaining
