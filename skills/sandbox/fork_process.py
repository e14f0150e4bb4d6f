"""A fork server in a process of this machine, in bubblewrap where that is the isolation."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal

from fieldcraft.common.system import handle_on_this_process
from fieldcraft.skills.sandbox.base import SandboxUnavailable
from fieldcraft.skills.sandbox.bubblewrap import wrapped
from fieldcraft.skills.sandbox.fork_server import ForkServer

Isolation = Literal["landlock", "bubblewrap", "none"]

HERE = Path(__file__).resolve().parent
INTERPRETER_FLAGS = ("-S", "-s", "-P", "-B")
"""No site packages, no user's folder, no script's folder on the path, no byte code written."""

BOOTSTRAP = "import sys; sys.path.insert(0, sys.argv.pop(1)); import worker.zygote; worker.zygote.main()"


class LocalProcess:
    """A fork server's process on this machine."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def error_output(self) -> str:
        """See `ServerProcess`."""
        stream = self._process.stderr
        return "" if stream is None or stream.closed else stream.read().decode(errors="replace")

    def locked_down(self) -> None:
        """See `ServerProcess`."""
        if self._process.stderr is not None:
            self._process.stderr.close()

    def close(self) -> None:
        """See `ServerProcess`."""
        self.locked_down()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=0.2)
            return
        self._process.kill()
        self._process.wait()


def start_process(isolation: Isolation) -> ForkServer:
    """Start a fork server and wait until it is locked down.

    Raises:
        SandboxUnavailable: it did not start, or a layer does not hold; the message says which.
    """
    control, theirs = socket.socketpair()
    try:
        with theirs:
            process = _start(isolation, theirs)
    except BaseException:
        control.close()
        raise
    return ForkServer(control, LocalProcess(process))


def _start(isolation: Isolation, control: socket.socket) -> subprocess.Popen[bytes]:
    """Start the interpreter with nothing of ours but its control socket and a handle on this process.

    The handle (a pidfd) shows it that the host is gone even where another process holds the socket's other
    end; unlike a parent-death signal it does not follow the thread that happened to start it.
    """
    with handle_on_this_process() as host:
        return _started(isolation, control, host)


def _started(isolation: Isolation, control: socket.socket, host: int | None) -> subprocess.Popen[bytes]:
    settings = {"control": control.fileno(), "host": host, "isolation": isolation}
    interpreter = sys._base_executable  # type: ignore[attr-defined]
    command = [interpreter, *INTERPRETER_FLAGS, "-c", BOOTSTRAP, str(HERE), json.dumps(settings)]
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
