"""The fork server and its children. Run by `pool` in a fresh interpreter; talks over inherited sockets.

A worker reads requests (pickles, from the host that started it) and answers in JSON: the host reads nothing
from a tool's process that could run there.
"""

from __future__ import annotations

import ctypes
import json
import os
import pickle
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import cloudpickle

HEADER = struct.Struct("!Q")
LENGTH = struct.Struct("!q")
"""The length of the complete result, as `Encoded.characters`; -2 if nothing was cut."""
SWEEP, SWEPT, READY = b"s", b"d", b"r"
RESULT, CONTENT, ERROR = b"r", b"c", b"e"
_PR_SET_CHILD_SUBREAPER = 36
_MOST_SWEEPS = 5_000
_BETWEEN_SWEEPS = 0.001


def receive(channel: socket.socket, limit: int, ends: float | None = None) -> bytes | None:
    """Read the next frame until the deadline `ends` (`time.monotonic()`); `None` at the end of the stream.

    Raises:
        OverflowError: it is longer than `limit` bytes.
        TimeoutError: `ends` passed.
    """
    header = _exactly(channel, HEADER.size, ends)
    if header is None:
        return None
    (size,) = HEADER.unpack(header)
    if size > limit:
        raise OverflowError(f"{size:,} bytes, {limit:,} allowed")
    return _exactly(channel, size, ends)


def _exactly(channel: socket.socket, size: int, ends: float | None) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        if ends is not None:
            channel.settimeout(max(ends - time.monotonic(), 0.001))
        chunk = channel.recv(min(size - len(data), 1 << 20))
        if not chunk:
            return None
        data += chunk
    return bytes(data)


def send(channel: socket.socket, *parts: bytes) -> None:
    """Write one frame of `parts`."""
    channel.sendall(HEADER.pack(sum(map(len, parts))))
    for part in parts:
        channel.sendall(part)


def serve(control: socket.socket) -> None:
    """Fork a keeper and a worker for each pair of sockets that arrives, until the host closes the channel."""
    _warm_up()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control.sendall(READY)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _keep(*(socket.socket(fileno=descriptor) for descriptor in descriptors))
            os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)


def _warm_up() -> None:
    """Import and build in advance what every worker needs."""
    from langchain_core.tools import StructuredTool

    import fieldcraft.tools.calls.arguments
    import fieldcraft.tools.calls.results  # noqa: F401

    def nothing(number: int = 0) -> int:
        """Return the number."""
        return number

    cloudpickle.loads(cloudpickle.dumps(StructuredTool.from_function(nothing))).invoke({"number": 1})


def _keep(calls: socket.socket, leash: socket.socket) -> None:
    """Start the worker; end its leftover processes on request, and everything when the leash closes."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    worker = os.fork()
    if worker == 0:
        os.setsid()
        leash.close()
        with suppress(OSError):
            _work(calls)
        os._exit(0)
    calls.close()
    with suppress(OSError):
        while leash.recv(1) == SWEEP:
            _end_descendants(sparing=worker)
            leash.sendall(SWEPT)
    with suppress(OSError):
        os.killpg(worker, signal.SIGKILL)
    _end_descendants(sparing=None)


def _end_descendants(*, sparing: int | None) -> None:
    """Kill all descendants until none is left; this process adopts orphans and reaps them."""
    for _ in range(_MOST_SWEEPS):
        found = [process for process in _descendants(os.getpid()) if process != sparing and _lives(process)]
        for process in found:
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)
        reaped = _reap(sparing)
        if not found and not reaped:
            return
        time.sleep(_BETWEEN_SWEEPS)


def _reap(sparing: int | None) -> bool:
    reaped = False
    for process in _children(os.getpid()):
        if process != sparing:
            with suppress(ChildProcessError):
                reaped = os.waitpid(process, os.WNOHANG)[0] != 0 or reaped
    return reaped


def _descendants(process: int) -> list[int]:
    children = _children(process)
    return [*children, *(other for child in children for other in _descendants(child))]


def _lives(process: int) -> bool:
    """Whether the process is running; a dead one may wait to be reaped by a parent that is not killed."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def _children(process: int) -> list[int]:
    found: list[int] = []
    for tasks in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError, ValueError):
            found += map(int, tasks.read_text().split())
    return found


def _work(calls: socket.socket) -> None:
    """Answer requests `(key, tool or None, name, arguments, number)` until the host closes the channel."""
    from fieldcraft.tools.calls.results import encoded
    from fieldcraft.tools.langchain.invoking import invoked

    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    me = os.getpid()
    tools: dict[int, Any] = {}
    answer: tuple[bytes, ...]
    while (request := receive(calls, sys.maxsize)) is not None:
        _reap(sparing=None)
        try:
            key, tool, name, arguments, number = pickle.loads(request)  # noqa: S301 - the host's own
            if tool is not None:
                tools[key] = pickle.loads(tool)  # noqa: S301
            made = encoded(name, invoked(tools[key], arguments, number))
            kind = CONTENT if made.is_content else RESULT
            answer = (kind, LENGTH.pack(-2 if made.characters is None else made.characters), made.json)
        except BaseException as error:
            answer = (ERROR, _described(error))
        if os.getpid() != me:
            os._exit(1)  # the tool forked, and this is the child process
        send(calls, *answer)


def _described(error: BaseException) -> bytes:
    from pydantic import ValidationError

    from fieldcraft.tools.calls.arguments import complaints
    from fieldcraft.tools.calls.results import bounded_text
    from fieldcraft.tools.errors import ToolError

    failure: dict[str, Any] = {
        "kinds": [kind.__name__ for kind in type(error).__mro__][:20],
        "message": bounded_text(error),
        "expected": isinstance(error, ToolError),
        "invalid": False,
    }
    if isinstance(error, ValidationError):
        failure |= {"message": complaints(error), "invalid": True}
    return json.dumps(failure).encode()
