"""The host's side of the fork server: ask it for workers, have them ended."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from fieldcraft.skills.sandbox.base import SandboxUnavailable

START_SECONDS = 30.0
ANSWER_SECONDS = 10.0


class ForkServerGone(Exception):
    """The fork server died or does not answer; a new one may be started."""


@dataclass(frozen=True)
class Worker:
    """A forked worker: its process id in the fork server's eyes, and the host's end of its wire."""

    pid: int
    connection: socket.socket


class ServerProcess(Protocol):
    """The process or container in which a fork server runs."""

    def error_output(self) -> str:
        """Its standard error, after it has ended."""

    def locked_down(self) -> None:
        """Called when the server is locked down, after which its standard error is not needed."""

    def close(self) -> None:
        """End it. Safe to call twice."""


class ForkServer:
    """One warm interpreter. Not thread-safe. After any exception but `SandboxUnavailable` it is closed."""

    def __init__(
        self,
        control: socket.socket,
        server_process: ServerProcess,
        *,
        memory: int | None = None,
        same_kernel: bool = True,
    ) -> None:
        """Wait until the interpreter is locked down.

        Args:
            control: the socket that it answers on; closing it ends the server.
            server_process: its process or container. This object closes it and `control`, also on failure.
            memory: the most bytes of memory of a worker; no limit by default.
            same_kernel: it runs on this machine, so that processors have the same numbers.

        Raises:
            SandboxUnavailable: it did not start, or a layer does not hold; the message says which.
        """
        self._control = control
        self._server_process = server_process
        self._memory = memory
        self._same_kernel = same_kernel
        self._control.settimeout(START_SECONDS)
        try:
            self.layers = self._await_ready()
        except BaseException:
            self.close()
            raise
        self._control.settimeout(ANSWER_SECONDS)
        self._server_process.locked_down()

    def has_room(self, memory: int) -> bool:
        """Whether a worker may use so many bytes here."""
        return self._memory is None or memory <= self._memory

    def worker(self, *, memory: int, seconds: int, processor: int | None) -> Worker:
        """Fork a worker: `memory` in bytes, `seconds` of processor time, on one `processor` or any.

        Raises:
            ForkServerGone: it does not answer.
        """
        ours, theirs = socket.socketpair()
        there = processor if self._same_kernel else None
        request = {"do": "worker", "memory": memory, "seconds": seconds, "processor": there}
        try:
            with theirs:
                pid = self._ask(request, "pid", theirs)
        except BaseException:
            ours.close()
            raise
        ours.setblocking(False)
        return Worker(pid, ours)

    def end(self, worker: Worker) -> int | None:
        """Kill the worker if it lives, wait for it; its wait status, `None` where nobody knows any more."""
        worker.connection.close()
        with suppress(ForkServerGone):
            return self._ask({"do": "reap", "pid": worker.pid}, "status")
        return None

    def close(self) -> None:
        """End the server and with it every worker. Safe to call twice."""
        self._control.close()
        self._server_process.close()

    def _ask(self, request: dict[str, Any], wanted: str, connection: socket.socket | None = None) -> int:
        """The number that the server answers with; it is not believed to be one."""
        try:
            message = json.dumps(request).encode()
            if connection is None:
                self._control.sendall(message)
            else:
                socket.send_fds(self._control, [message], [connection.fileno()])
            answer = self._control.recv(4096)
            if not answer:
                raise ForkServerGone("the fork server has ended")
            number = json.loads(answer)[wanted]
            if not isinstance(number, int):
                raise TypeError(wanted)
        except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
            self.close()
            raise ForkServerGone(f"the fork server does not answer: {type(error).__name__} {error}") from None
        except BaseException:
            self.close()
            raise
        return number

    def _await_ready(self) -> tuple[str, ...]:
        """The layers that the server says it is locked down by."""
        try:
            answer = self._control.recv(4096)
        except TimeoutError:
            raise SandboxUnavailable(f"the sandbox did not start within {START_SECONDS:g} seconds") from None
        except OSError:
            answer = b""
        if not answer:
            raise SandboxUnavailable(
                f"the sandbox did not start: {self._server_process.error_output().strip()[-500:]}"
            )
        try:
            said = json.loads(answer)
            if "error" in said:
                raise SandboxUnavailable(f"the sandbox cannot lock itself down: {str(said['error'])[:500]}")
            return tuple(str(layer)[:100] for layer in said["layers"])
        except (ValueError, LookupError, TypeError, RecursionError):
            raise SandboxUnavailable(
                "what answers from the sandbox is no fork server of this version"
            ) from None
