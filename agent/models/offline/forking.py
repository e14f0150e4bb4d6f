"""Run one script many times, each time in a forked copy of a prepared process.

`python forking.py SCRIPT MODULE...` imports the modules (from the folder above the script's) and then waits
on a socket, its standard input. For each message of three open files it forks a process that runs the script
with these as its standard input, output and error, and answers with that process's exit code in decimal. It
reads none of them itself, so no run can learn of another; it ends when the socket closes.

Run by an isolated interpreter, which knows no package.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import sys
import traceback
from importlib import import_module
from pathlib import Path
from types import CodeType

STREAMS = 3
MEMORY = 2**30
"""The most bytes of memory of one run of the script."""
LONGEST_ANSWER = 64 * 2**20
"""The most bytes that it may write."""


def main() -> None:
    """Fork on request, one run at a time."""
    name, *modules = sys.argv[1:]
    script = Path(name)
    sys.path.insert(0, str(script.parent.parent))
    for module in modules:
        import_module(module)
    code = compile(script.read_text(encoding="utf-8"), name, "exec")
    with socket.socket(fileno=os.dup(0)) as requests:
        while True:
            message, files, _, _ = socket.recv_fds(requests, 1, STREAMS)
            if not message:
                return
            child = os.fork()
            if not child:
                requests.close()
                _run(code, name, files)
            for file in files:
                os.close(file)
            _, status = os.waitpid(child, 0)
            requests.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def _run(code: CodeType, script: str, files: list[int]) -> None:
    """The script as `__main__`, to the end of this process."""
    for stream, file in enumerate(files):
        os.dup2(file, stream)
        os.close(file)
    sys.argv = [script]
    failed = 0
    _confine()
    try:
        exec(code, {"__name__": "__main__", "__file__": script})  # noqa: S102 - the script it was started for
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        failed = 1
    sys.stderr.flush()
    os._exit(failed)


def _confine() -> None:
    """Limit the resources of a run, if the system supports it."""
    for kind, limit in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, LONGEST_ANSWER)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (limit, limit))


if __name__ == "__main__":
    main()
