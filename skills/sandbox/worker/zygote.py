"""The fork server: a warm, locked-down interpreter that forks one worker per program.

It reads one request a message from its control socket (`worker`: a forked child gets the socket that came
along and runs one program; `reap`: kill and wait for it) and writes one answer. It runs no program itself.
It ends with its host: on the control socket's end, or when the host's process is gone.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import select
import socket
import sys
from typing import Any, NoReturn

from . import lockdown, seccomp
from .channel import Channel
from .program import Runner

WARM_MODULES = (
    "abc", "array", "ast", "base64", "bisect", "calendar", "cmath", "collections", "contextlib", "copy",
    "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions", "functools", "hashlib",
    "heapq", "inspect", "io", "itertools", "json", "math", "numbers", "operator", "pprint", "queue",
    "random", "re", "secrets", "statistics", "string", "struct", "textwrap", "time", "traceback",
    "types", "typing", "unicodedata", "uuid", "warnings", "zlib",
)  # fmt: skip
"""What programs find imported already; the rest of the standard library costs its usual import."""

MESSAGE = 4096
WORKER_DESCRIPTOR = 3
EXIT_MEMORY = 77
"""How a worker ends that has no memory left even to say so."""


class Zygote:
    """Serves one host.

    `isolation` is `landlock`, `bubblewrap` or `container` (the host started it inside), or `none`.
    """

    def __init__(self, control: socket.socket, host: int | None, isolation: str) -> None:
        self._control = control
        self._host = host
        self._isolation = isolation
        self._pid = os.getpid()
        self._filter = b""

    def lock_down(self, table: str) -> list[str]:
        """Apply the layers that workers inherit, and prepare the one they add. Returns their names.

        Landlock, which is what stands between a program and the files under `landlock`, is one layer more
        under `container`: there it is left out where the kernel does not have it.

        Raises:
            OSError: a layer does not hold on this machine.
        """
        if self._isolation == "none":
            return []
        readable = lockdown.standard_library(sys.path)
        self._filter = seccomp.machine_filter(table)
        lockdown.drop_privileges()
        layers = ["seccomp", "rlimits", "capabilities"]
        if self._isolation == "landlock" or (self._isolation == "container" and lockdown.landlock_abi()):
            layers.append(f"landlock ABI {lockdown.restrict_files(readable)}")
        return layers

    def serve(self) -> None:
        """Answer requests until the host is gone."""
        watched = select.poll()
        watched.register(self._control, select.POLLIN)
        if self._host is not None:
            watched.register(self._host, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in watched.poll()}
            if self._host in ready:
                return
            message, ancillary, _, _ = self._control.recvmsg(MESSAGE, socket.CMSG_SPACE(4))
            if not message:
                return
            request = json.loads(message)
            if request["do"] == "worker":
                answer = {"pid": self._fork(request, _descriptor(ancillary))}
            else:
                answer = {"status": _reap(request["pid"])}
            self._control.sendall(json.dumps(answer).encode())

    def _fork(self, request: dict[str, Any], connection: int) -> int:
        pid = os.fork()
        if pid == 0:
            self._become_worker(request, connection)
        os.close(connection)
        return pid

    def _become_worker(self, request: dict[str, Any], connection: int) -> NoReturn:
        status = 1
        try:
            if sys.platform.startswith("linux"):
                lockdown.die_with_parent(self._pid)
            os.dup2(connection, WORKER_DESCRIPTOR)
            os.closerange(WORKER_DESCRIPTOR + 1, 1024)
            if request["processor"] is not None:
                with contextlib.suppress(OSError):
                    os.sched_setaffinity(0, {request["processor"]})
            lockdown.limit_resources(request["memory"], request["seconds"])
            if self._filter:
                seccomp.install(self._filter)
            _serve_program(Channel(WORKER_DESCRIPTOR))
            status = 0
        except MemoryError:
            status = EXIT_MEMORY
        finally:
            os._exit(status)


def main() -> None:
    """Serve a host that started this process. Takes one JSON argument, and /dev/null as standard input."""
    settings = json.loads(sys.argv[1])
    serve_host(socket.socket(fileno=settings["control"]), settings["host"], settings["isolation"])


def warm_up() -> None:
    """Import what programs find imported."""
    for name in WARM_MODULES:
        importlib.import_module(name)


def serve_host(control: socket.socket, host: int | None, isolation: str) -> None:
    """Warm up, lock down, say so, serve, until the host is gone.

    Args:
        control: where the host asks.
        host: a pidfd of the host's process; readable when that has ended.
        isolation: see `Zygote`.
    """
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path.remove(os.path.dirname(folder))
    warm_up()
    zygote = Zygote(control, host, isolation)
    try:
        layers = zygote.lock_down(os.path.join(folder, "syscalls.json"))
    except OSError as error:
        control.sendall(json.dumps({"error": str(error)}).encode())
        return
    os.environ.clear()
    os.dup2(0, 1)
    os.dup2(0, 2)
    gc.collect()
    gc.freeze()
    control.sendall(json.dumps({"layers": layers}).encode())
    with contextlib.suppress(ConnectionError):
        zygote.serve()


def _serve_program(channel: Channel) -> None:
    channel.send({"type": "ready"})
    start = channel.receive()
    channel.frame_limit = start["frame"]
    Runner(channel, start).run()


def _descriptor(ancillary: list[tuple[int, int, bytes]]) -> int:
    return int(array.array("i", ancillary[0][2])[0])


def _reap(pid: int) -> int:
    """End the worker and return its wait status. Its id is its own until then: only this waits for it."""
    os.kill(pid, 9)
    return os.waitpid(pid, 0)[1]
