"""What this operating system and this Python have for us, and what they lack."""

from __future__ import annotations

import importlib.util
import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager

_MODULES = ("fcntl", "resource")
_CALLS = ((os, "fork"), (select, "poll"), (socket, "AF_UNIX"), (socket, "send_fds"))


def unsupported(what: str) -> str | None:
    """Why `what` (in the plural) cannot run here, with the cure; `None` where the system has all it takes.

    Linux and macOS have: forked processes, limits on them, sockets that pass descriptors on. No sandbox runs
    without these, neither Docker's nor `unsafe`.
    """
    missing = [f"{module.__name__}.{name}" for module, name in _CALLS if not hasattr(module, name)]
    missing += [name for name in _MODULES if importlib.util.find_spec(name) is None]
    if not missing:
        return None
    return (
        f"{what} need Linux or macOS: this system has no {missing[0]}; on Windows, run fieldcraft in WSL "
        "(the Windows Subsystem for Linux)"
    )


def installed(*modules: str) -> bool:
    """Whether all of these top-level modules can be imported; a mere folder of such a name is none."""
    specs = [importlib.util.find_spec(module) for module in modules]
    return all(spec is not None and spec.origin is not None for spec in specs)


@contextmanager
def handle_on_this_process() -> Iterator[int | None]:
    """A descriptor (pidfd) that becomes readable where this process has ended; `None` where there are none.

    Unlike a parent-death signal it does not follow the thread that happened to start the other process.
    """
    handle = os.pidfd_open(os.getpid()) if hasattr(os, "pidfd_open") else None
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)
