"""The client of `forking.py`: it starts the waiting process, requests runs, and ends it."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

_FORKING = Path(__file__).with_name("forking.py")
_INTERPRETER = ("-s", "-S", "-P", "-B")
_ENVIRONMENT = {"PYTHONHASHSEED": "0"}
_CODE_BYTES = 16


class ForkedScript:
    """A script that runs in a new process for each call, without starting Python each time.

    The processes have no arguments, no environment but a fixed hash seed, no site packages, and `/` as
    their folder. (`-I` would be shorter than the interpreter flags used, but makes Python ignore the hash
    seed.) A session of their own keeps a Ctrl-C at the terminal from ending the call in progress.

    Args:
        script: its path.
        modules: to be imported once, before all runs, from the folder above the script's.
    """

    def __init__(self, script: Path, modules: tuple[str, ...] = ()) -> None:
        self._command = [sys.executable, *_INTERPRETER, str(_FORKING), str(script), *modules]
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None
        atexit.register(self.close)

    def run(self, question: bytes, timeout: float) -> subprocess.CompletedProcess[bytes]:
        """Run the script once, on `question` as its standard input. Safe from any thread.

        Raises:
            subprocess.TimeoutExpired: it took longer than `timeout` seconds, and was ended.
            OSError: the process cannot be started, or is gone.
        """
        with (
            self._lock,
            tempfile.TemporaryFile() as said,
            tempfile.TemporaryFile() as answer,
            tempfile.TemporaryFile() as complaint,
        ):
            said.write(question)
            said.seek(0)
            code = self._ask([file.fileno() for file in (said, answer, complaint)], timeout)
            answer.seek(0)
            complaint.seek(0)
            return subprocess.CompletedProcess(self._command, code, answer.read(), complaint.read())

    def close(self) -> None:
        """End the waiting process, and a run in progress with it."""
        if self._requests is not None:
            self._requests.close()
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = self._requests = None

    def _ask(self, files: list[int], timeout: float) -> int:
        for fresh in (False, True):
            requests = self._connect(timeout)
            try:
                socket.send_fds(requests, [b"r"], files)
                code = requests.recv(_CODE_BYTES)
            except TimeoutError as error:
                self.close()
                raise subprocess.TimeoutExpired(self._command, timeout) from error
            except OSError:
                code = b""
            if code:
                return int(code)
            self.close()
            if fresh:
                break
        raise OSError("it ends as soon as it is started")

    def _connect(self, timeout: float) -> socket.socket:
        """The socket to the waiting process, which is started if necessary."""
        if self._requests is None:
            self._requests, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=_ENVIRONMENT,
                    cwd="/",
                    start_new_session=True,
                )
        self._requests.settimeout(timeout)
        return self._requests


def forked_script(script: Path, modules: tuple[str, ...] = ()) -> ForkedScript:
    """The shared instance of this process for a script; a forked process has its own."""
    return _shared(script, modules, os.getpid())


@cache
def _shared(script: Path, modules: tuple[str, ...], _process: int) -> ForkedScript:
    return ForkedScript(script, modules)
