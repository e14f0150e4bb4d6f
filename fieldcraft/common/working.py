"""What runs inside the process of a `BoundedWorker`: one function, request after request, within limits.

Run as a script by an interpreter that sees no site packages but those it is given. It speaks over its
standard input, a socket: a request is its length (4 bytes) and its bytes; an answer is a status, a length
and bytes. Where the host gives no limits, standard input is one request, and standard output gets the status
(1 byte) and the answer.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress

with suppress(ImportError):  # Windows, where one request is answered without limits
    import resource

REQUEST = struct.Struct("<I")
ANSWER = struct.Struct("<BI")
"""A status and the length of what follows."""
DONE, FAILED, NO_MEMORY = 0, 1, 2
WALL_FACTOR = 10
"""The wall-clock deadline in multiples of the processor time: the machine may be busy."""


def main() -> None:
    """Serve until the host closes the socket or is gone."""
    settings = json.loads(sys.argv[1])
    sys.path[:] = settings["path"]
    module, _, name = settings["function"].partition(":")
    function: Callable[[bytes], bytes] = getattr(importlib.import_module(module), name)
    if "seconds" not in settings:
        status, answer = _answer(function, sys.stdin.buffer.read())
        sys.stdout.buffer.write(bytes([status]) + answer)
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit_memory(settings["memory"])
    channel = socket.socket(fileno=os.dup(0))
    waiting = [channel.fileno(), *([] if settings["host"] is None else [settings["host"]])]
    while select.select(waiting, [], [])[0] == [channel.fileno()]:
        size = _received(channel, REQUEST.size)
        request = _received(channel, REQUEST.unpack(size)[0]) if size else b""
        if not size:
            return
        signal.setitimer(signal.ITIMER_PROF, settings["seconds"])
        signal.setitimer(signal.ITIMER_REAL, settings["seconds"] * WALL_FACTOR)
        gc.disable()
        status, answer = _answer(function, request)
        gc.enable()
        signal.setitimer(signal.ITIMER_PROF, 0)
        channel.sendall(ANSWER.pack(status, len(answer)) + answer)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _answer(function: Callable[[bytes], bytes], request: bytes) -> tuple[int, bytes]:
    try:
        return DONE, function(request)
    except MemoryError:
        return NO_MEMORY, b""
    except Exception as error:
        return FAILED, f"{type(error).__name__}: {error}"[:500].encode("utf-8", "replace")


def _received(channel: socket.socket, size: int) -> bytes:
    """So many bytes; none where the host has closed the socket."""
    content = bytearray()
    while len(content) < size:
        part = channel.recv(min(size - len(content), 1 << 20))
        if not part:
            return b""
        content += part
    return bytes(content)


def _limit_memory(more: int) -> None:
    """Allow `more` bytes of address space than are in use now, where the system says how much that is."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - nothing more is imported
            used = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (used + more, used + more))


if __name__ == "__main__":
    main()
