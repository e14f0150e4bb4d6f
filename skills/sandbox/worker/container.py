"""The first process of a container: finds its host, by socket or streams, and becomes the fork server.

Takes one JSON argument: `socket` is the path of the host's socket, or null for a relay over standard input
and output.
"""

from __future__ import annotations

import array
import json
import os
import socket
import sys

from . import relay, zygote

NO_SOCKET = 3
"""Exit status where the host's socket cannot be reached from in here."""


def main() -> None:
    """Serve the host to its end."""
    path = json.loads(sys.argv[1])["socket"]
    if path is None:
        _serve_by_relay()
    else:
        _serve_by_socket(path)


def _serve_by_socket(path: str) -> None:
    control = socket.socket(socket.AF_UNIX)
    try:
        control.connect(path)
    except OSError as error:
        sys.stderr.write(f"{path}: {error}\n")
        sys.exit(NO_SOCKET)
    _, ancillary, _, _ = control.recvmsg(1, socket.CMSG_SPACE(4))
    host = int(array.array("i", ancillary[0][2])[0]) if ancillary else None
    _forget_input()
    zygote.serve_host(control, host, "container")


def _serve_by_relay() -> None:
    """The fork server in a child; this process moves bytes between it and the host's streams."""
    control, theirs = socket.socketpair()
    if os.fork() == 0:
        control.close()
        _forget_input()
        zygote.serve_host(theirs, None, "container")
        os._exit(0)
    theirs.close()
    relay.Relay(relay.Pipes(0, 1), control, trusted=True).run()


def _forget_input() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.close(nothing)
