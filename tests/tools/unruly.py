"""Tools that are better called in a process of their own, which imports them from here."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from fieldcraft.tools import ToolError, TransientToolError, declare

isolated = declare(isolation="process", effect="reads")


@isolated
def double(number: int) -> int:
    """Double a number."""
    return number * 2


@isolated
def whereabouts() -> list[int]:
    """Say which process this is, and its parent."""
    return [os.getpid(), os.getppid()]


@declare(isolation="process", effect="reads", timeout=1.0)
def hang(note: str) -> None:
    """Start a process, say which, and hang."""
    Path(note).write_text(str(subprocess.Popen(["sleep", "1000"], start_new_session=True).pid))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(1000)


@isolated
def leave(note: str) -> str:
    """Start a process and leave it behind."""
    Path(note).write_text(str(subprocess.Popen(["sleep", "1000"], start_new_session=True).pid))
    return "left"


@isolated
def end(how: str) -> str:
    """End in one of several ways."""
    match how:
        case "exit":
            sys.exit("bye")
        case "_exit":
            os._exit(3)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "crash":
            ctypes.string_at(0)
        case _:
            raise ConnectionResetError("the line is dead")
    return "never"


@isolated
def fork() -> str:
    """Come back twice."""
    return "child" if os.fork() == 0 else "parent"


@isolated
def shout(size: int) -> str:
    """Write to where messages could be, then give a long text."""
    print("noise", flush=True)
    os.write(1, b"more noise")
    return "x" * size


@isolated
def refuse(kind: str) -> str:
    """Raise an error of ours."""
    raise (TransientToolError if kind == "transient" else ToolError)("not today")
