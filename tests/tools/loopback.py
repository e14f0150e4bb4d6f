"""Ports and processes of this machine, as tests of servers need to know them."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

from machine import eventually

SERVERS = Path(__file__).parent / "servers"


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def wait_for_port(port: int) -> None:
    assert eventually(lambda: listens(port)), f"nothing listens on {port}"


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def children() -> set[int]:
    """The processes that this one has started and not yet buried."""
    found = set()
    for task in Path(f"/proc/{os.getpid()}/task").iterdir():
        with suppress(OSError):
            found |= set(map(int, (task / "children").read_text().split()))
    return {pid for pid in found if lives(pid)}
