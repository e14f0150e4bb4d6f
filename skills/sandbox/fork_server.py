"""The host's side of the fork server: start it, ask it for workers, have them ended."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fieldcraft.skills.sandbox.base import SandboxUnavailable
from fieldcraft.skills.sandbox.bubblewrap import wrapped

Isolation = Literal["landlock", "bubblewrap", "none"]

HERE = Path(__file__).resolve().parent
BOOTSTRAP = "import sys; sys.path.insert(0, sys.argv.pop(1)); import worker.zygote; worker.zygote.main()"
START_SECONDS = 30.0
ANSWER_SECONDS = 10.0


class ForkServerGone(Exception):
    """The fork server died or does not answer; a new one may be started."""


@dataclass(frozen=True)
class Worker:
    """A forked worker: its process id in the fork server's eyes, and the host's end of its wire."""

    pid: int
    connection: socket.socket


class ForkServer:
    """One warm interpreter. Not thread-safe. After any exception but `SandboxUnavailable` it is closed."""

    def __init__(self, isolation: Isolation) -> None:
        """Start it and wait until it is locked down.

        Raises:
            SandboxUnavailable: it did not start, or a layer does not hold; the message says which.
        """
        self._control, theirs = socket.socketpair()
        self._control.settimeout(START_SECONDS)
        with theirs:
            self._process = _start(isolation, theirs)
        try:
            self._await_ready()
        except BaseException:
            self.close()
            raise
        self._control.settimeout(ANSWER_SECONDS)

    @property
    def pid(self) -> int:
        """The process id of the fork server (of bubblewrap around it, where that is the isolation)."""
        return self._process.pid

    def worker(self, *, memory: int, seconds: int, processor: int | None) -> Worker:
        """Fork a worker: `memory` in bytes, `seconds` of processor time, on one `processor` or any.

        Raises:
            ForkServerGone: it does not answer.
        """
        ours, theirs = socket.socketpair()
        request = {"do": "worker", "memory": memory, "seconds": seconds, "processor": processor}
        try:
            with theirs:
                pid = self._ask(request, theirs)["pid"]
        except BaseException:
            ours.close()
            raise
        ours.setblocking(False)
        return Worker(pid, ours)

    def end(self, worker: Worker) -> int | None:
        """Kill the worker if it lives, wait for it; its wait status, `None` where nobody knows any more."""
        worker.connection.close()
        with suppress(ForkServerGone):
            return int(self._ask({"do": "reap", "pid": worker.pid})["status"])
        return None

    def close(self) -> None:
        """End the server and with it every worker. Safe to call twice."""
        self._control.close()
        if self._process.stderr is not None:
            self._process.stderr.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=0.2)
            return
        self._process.kill()
        self._process.wait()

    def _ask(self, request: dict[str, Any], connection: socket.socket | None = None) -> dict[str, Any]:
        try:
            message = [json.dumps(request).encode()]
            if connection is None:
                self._control.sendall(message[0])
            else:
                socket.send_fds(self._control, message, [connection.fileno()])
            answer = self._control.recv(4096)
            if not answer:
                raise ForkServerGone("the fork server has ended")
            answered: dict[str, Any] = json.loads(answer)
        except OSError as error:
            self.close()
            raise ForkServerGone(f"the fork server does not answer: {error}") from None
        except BaseException:
            self.close()
            raise
        return answered

    def _await_ready(self) -> None:
        try:
            answer = self._control.recv(4096)
        except TimeoutError:
            raise SandboxUnavailable(f"the sandbox did not start within {START_SECONDS:g} seconds") from None
        if not answer:
            complaint = self._process.stderr.read().decode(errors="replace") if self._process.stderr else ""
            raise SandboxUnavailable(f"the sandbox did not start: {complaint.strip()[-500:]}")
        said = json.loads(answer)
        if "error" in said:
            raise SandboxUnavailable(f"the sandbox cannot lock itself down: {said['error']}")
        if self._process.stderr is not None:
            self._process.stderr.close()


def _start(isolation: Isolation, control: socket.socket) -> subprocess.Popen[bytes]:
    """Start the interpreter with nothing of ours but its control socket and a handle on this process.

    The handle (a pidfd) tells it that the host is gone even where another process holds the socket's other
    end; unlike a parent-death signal it does not follow the thread that happened to start it.
    """
    host = os.pidfd_open(os.getpid()) if hasattr(os, "pidfd_open") else None
    settings = {"control": control.fileno(), "host": host, "isolation": isolation}
    interpreter = sys._base_executable  # type: ignore[attr-defined]
    command = [interpreter, "-S", "-s", "-P", "-B", "-c", BOOTSTRAP, str(HERE), json.dumps(settings)]
    environment = {"PYTHONHASHSEED": "0"}
    if "LD_LIBRARY_PATH" in os.environ:
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    if isolation == "bubblewrap":
        command = wrapped(command, environment, HERE / "worker")
    try:
        return subprocess.Popen(
            command,
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=[control.fileno(), *([] if host is None else [host])],
        )
    except OSError as error:
        raise SandboxUnavailable(f"the sandbox did not start: {error}") from None
    finally:
        if host is not None:
            os.close(host)
