"""Work on foreign data in a process of its own, with a deadline and a memory limit.

For readers that cannot be bounded from inside: a parser written in C that takes quadratic time on some inputs
cannot be stopped in our own process, neither by a deadline nor by Ctrl-C.

Where the system has no limits on processes (Windows), each call has a process of its own, which is ended at a
deadline by the clock on the wall; its memory is not limited.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path

from fieldcraft.common import working
from fieldcraft.common.errors import FieldcraftError
from fieldcraft.common.system import handle_on_this_process, unsupported

_GRACE_SECONDS = 30.0
"""To start, and beyond the deadline that the process keeps itself."""
_START_SECONDS = 10.0
"""For the start of an interpreter that serves one call."""
_LIMITS = unsupported("processes with limits") is None
_FLAGS = ("-I", "-S", "-B")
_WORKERS: weakref.WeakSet[BoundedWorker] = weakref.WeakSet()


class WorkFailed(FieldcraftError):
    """The work was not done; the message says why, in a few words that complete "it ..."."""


class OutOfTime(WorkFailed):
    """It took more processor time than it was given."""


class OutOfMemory(WorkFailed):
    """It took more memory than it was given."""


class BoundedWorker:
    """Calls one function on bytes, in a child process that lives from the first call to the end of its host.

    The process is ended when a call passes a limit, or is interrupted by Ctrl-C, and started again by the
    next one. It ends with its host, even where that is killed. Several threads may call; one call is served
    at a time. After a fork, the child process starts a worker of its own.

    Args:
        function: `module:name`, takes bytes and gives bytes. The module is imported from `folder`, so that
            the packages around it are not loaded.
        folder: where the module's top package lies.
        seconds: processor time of one call. The wall clock may show ten times as much on a busy machine.
        memory: bytes that a call may take beyond what the process has after its start.
        answer: bytes of an answer at most.
    """

    def __init__(
        self, function: str, *, folder: Path, seconds: float, memory: int, answer: int = 16_000_000
    ) -> None:
        self._function = function
        self._folder = folder
        self._seconds = seconds
        self._memory = memory
        self._answer = answer
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        _WORKERS.add(self)

    def __call__(self, data: bytes) -> bytes:
        """The function's answer.

        Raises:
            OutOfTime: see `seconds`.
            OutOfMemory: see `memory`.
            WorkFailed: the function raised an error, or its process ended or could not be started.
        """
        if not _LIMITS:
            return self._once(data)
        with self._lock:
            process, channel = self._running()
            try:
                return self._exchange(channel, data)
            except WorkFailed:
                raise
            except TimeoutError:
                self.close()
                raise OutOfTime(self._late()) from None
            except (OSError, EOFError):
                raise self._ended(process) from None
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """End the process. The next call starts another."""
        process, channel = self._process, self._channel
        self._process, self._channel = None, None
        if channel is not None:
            channel.close()
        if process is not None:
            process.kill()
            process.wait()

    def _exchange(self, channel: socket.socket, data: bytes) -> bytes:
        end = time.monotonic() + self._seconds * working.WALL_FACTOR + _GRACE_SECONDS
        channel.settimeout(end - time.monotonic())
        channel.sendall(working.REQUEST.pack(len(data)) + data)
        status, size = working.ANSWER.unpack(_received(channel, working.ANSWER.size, end))
        if size > self._answer:
            self.close()
            raise WorkFailed(f"gave an answer of {size:,} bytes; at most {self._answer:,} are read")
        answer = _received(channel, size, end)
        if status == working.DONE:
            return answer
        if status == working.NO_MEMORY:
            self.close()
            raise OutOfMemory(self._full())
        raise WorkFailed(f"failed: {answer.decode('utf-8', 'replace')}")

    def _once(self, data: bytes) -> bytes:
        """The answer of a process that is started for this call."""
        settings = {"function": self._function, "path": self._path()}
        try:
            ended = subprocess.run(
                [sys.executable, *_FLAGS, working.__file__, json.dumps(settings)],
                env=_environment(),
                input=data,
                capture_output=True,
                timeout=self._seconds * working.WALL_FACTOR + _START_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise OutOfTime(self._late()) from None
        except OSError as error:
            raise WorkFailed(f"could not be started: {error}") from None
        status, answer = ended.stdout[:1], ended.stdout[1:]
        if status == bytes([working.DONE]) and len(answer) <= self._answer:
            return answer
        if status == bytes([working.NO_MEMORY]):
            raise OutOfMemory(self._full())
        why = answer[:500].decode("utf-8", "replace") or f"exit status {ended.returncode}"
        raise WorkFailed(f"failed: {why}")

    def _path(self) -> list[str]:
        return [str(self._folder), *(entry for entry in sys.path if Path(entry).is_absolute())]

    def _ended(self, process: subprocess.Popen[bytes]) -> WorkFailed:
        """Why the process ended without an answer."""
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=1.0)
        code = process.returncode
        self.close()
        if code in {-signal.SIGPROF, -signal.SIGALRM}:
            return OutOfTime(self._late())
        if code == -signal.SIGABRT:
            return OutOfMemory(self._full())
        return WorkFailed(f"ended its process (exit status {code})")

    def _late(self) -> str:
        return f"takes more than {self._seconds:g} s of processor time"

    def _full(self) -> str:
        return f"takes more than {self._memory // 1_000_000} MB of memory"

    def _running(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        process, channel = self._process, self._channel
        if process is None or channel is None or process.poll() is not None:
            self.close()
            process, channel = self._start()
            self._process, self._channel = process, channel
        return process, channel

    def _start(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair()
        try:
            with theirs, handle_on_this_process() as host:
                settings = {
                    "function": self._function,
                    "path": self._path(),
                    "seconds": self._seconds,
                    "memory": self._memory,
                    "host": host,
                }
                process = subprocess.Popen(
                    [sys.executable, *_FLAGS, working.__file__, json.dumps(settings)],
                    env=_environment(),
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    pass_fds=[] if host is None else [host],
                )
        except OSError as error:
            ours.close()
            raise WorkFailed(f"could not be started: {error}") from None
        return process, ours

    def after_fork(self) -> None:
        """Let the parent's process be: its end of the socket is closed here only."""
        if self._process is not None:
            self._process.returncode = 0
        if self._channel is not None:
            self._channel.close()
        self._process, self._channel = None, None
        self._lock = threading.Lock()


def _environment() -> dict[str, str]:
    return {key: os.environ[key] for key in ("LD_LIBRARY_PATH", "SYSTEMROOT") if key in os.environ}


def _received(channel: socket.socket, size: int, end: float) -> bytes:
    content = bytearray()
    while len(content) < size:
        channel.settimeout(max(end - time.monotonic(), 0.001))
        part = channel.recv(min(size - len(content), 1 << 20))
        if not part:
            raise EOFError
        content += part
    return bytes(content)


def _close_all() -> None:
    for worker in list(_WORKERS):
        worker.close()


def _after_fork() -> None:
    for worker in list(_WORKERS):
        worker.after_fork()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
