"""Runs commands in a Python that lacks what Windows lacks: one a line, as a JSON list of arguments.

This is not Windows: file names, line ends, locks and processes are still those of this machine. It shows that
nothing that only POSIX systems have is imported or called on the way, and no more than that.
"""

from __future__ import annotations

import asyncio  # noqa: F401 - loads the modules of the standard library that are POSIX variants here
import builtins
import concurrent.futures  # noqa: F401 - the same
import io
import json
import multiprocessing.resource_tracker  # noqa: F401 - the same
import os
import resource
import select
import signal
import socket
import subprocess  # noqa: F401 - the same
import sys
import traceback
import uuid  # noqa: F401 - the same
from contextlib import redirect_stderr, redirect_stdout
from types import ModuleType
from typing import Any

import filelock  # noqa: F401 - chooses its variant for POSIX when it is imported, as the next two do
import numpy  # noqa: F401 - the same
import platformdirs  # noqa: F401 - the same

MODULES = "fcntl resource pwd grp spwd crypt termios tty pty curses readline syslog posix"
LACKING = {
    os: """
        fork forkpty getuid geteuid getgid getegid getgroups getresuid setuid setgid killpg setsid setpgid
        getpgid getpgrp getsid uname sysconf pidfd_open memfd_create eventfd fchmod fchown chown lchown
        mkfifo mknod pread preadv pwrite pwritev posix_fallocate statvfs fstatvfs getloadavg nice
        set_blocking get_blocking sched_getaffinity sched_setaffinity sched_yield fchdir chroot ttyname
        openpty wait wait3 wait4 waitid WNOHANG WIFEXITED WEXITSTATUS WIFSIGNALED WTERMSIG WIFSTOPPED
        O_NOFOLLOW O_DIRECTORY O_NONBLOCK O_CLOEXEC O_PATH O_TMPFILE O_NOCTTY O_SYNC fdatasync sync
        getxattr setxattr listxattr fwalk sendfile
        """,
    signal: """
        SIGKILL SIGHUP SIGALRM SIGPROF SIGCHLD SIGUSR1 SIGUSR2 SIGPIPE SIGWINCH SIGTSTP SIGSTOP setitimer
        getitimer alarm pthread_sigmask pthread_kill sigwait ITIMER_REAL ITIMER_PROF
        """,
    socket: "AF_UNIX send_fds recv_fds CMSG_SPACE CMSG_LEN SCM_RIGHTS SO_PEERCRED",
    select: "poll epoll POLLIN POLLOUT POLLHUP POLLERR POLLPRI",
}
"""What Windows lacks. `os.register_at_fork` stays: torch asks for it unless the system is called Windows."""
RESOURCE = resource


def take_away() -> None:
    """Remove what Windows lacks from all that is imported from now on.

    What is imported already, the standard library and a few packages, has variants for POSIX that would
    break: it keeps the modules as they were.
    """
    whole = {module: _copied(module) for module in LACKING}
    own = sys.modules[__name__]
    for user in [module for module in sys.modules.values() if module is not own]:
        for name, value in list(vars(user).items()):
            if isinstance(value, ModuleType) and value in whole:
                vars(user)[name] = whole[value]
    for module, names in LACKING.items():
        for name in names.split():
            if hasattr(module, name):
                delattr(module, name)
    os.supports_dir_fd = os.supports_fd = set()
    os.supports_follow_symlinks = {os.stat}
    for name in MODULES.split():
        sys.modules[name] = None  # type: ignore[assignment]
    builtins.__import__ = _import_but_for_chroma(builtins.__import__)


def _copied(module: ModuleType) -> ModuleType:
    copy = ModuleType(module.__name__)
    vars(copy).update(vars(module))
    return copy


def _import_but_for_chroma(original: Any) -> Any:
    """Chroma imports `resource` unless the system calls itself Windows, which this one does not."""

    def imported(name: str, globals: Any = None, *arguments: Any, **named: Any) -> Any:
        if name == "resource" and str((globals or {}).get("__name__", "")).startswith("chromadb"):
            return RESOURCE
        return original(name, globals, *arguments, **named)

    return imported


def serve() -> None:
    """Run each command of standard input; answer with its exit code, standard output and standard error."""
    from fieldcraft.cli.main import main
    from fieldcraft.cli.views.console import console

    answers = sys.stdout
    for line in sys.stdin:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        console.cache_clear()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = main(json.loads(line))
            except BaseException:
                traceback.print_exc()
                code = -1
        texts = [stream.buffer.getvalue().decode("utf-8", "replace") for stream in (out, err)]  # type: ignore[attr-defined]
        answers.write(json.dumps([code, *texts]) + "\n")
        answers.flush()


if __name__ == "__main__":
    take_away()
    serve()
