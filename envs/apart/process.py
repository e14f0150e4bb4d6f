"""The process of a world, as the run sees it: started, asked, ended, and taken over by its copy."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any

from fieldcraft.envs.apart.channel import ChannelEnded, receive, send

START = "import runpy; runpy.run_module('fieldcraft.envs.apart.serving', run_name='__main__')"
_START_SECONDS, _END_SECONDS, _TRACE_SECONDS = 10.0, 2.0, 0.1
_TRACE = 20_000


class WorldProcess:
    """One process and, perhaps, its waiting copy. Ends with this object's `end`, or with this process.

    Args:
        hash_seed: decides the order of its sets of text; by default that is left to chance.
    """

    def __init__(self, hash_seed: int | None = None) -> None:
        ours, theirs = socket.socketpair()
        self._control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        lifeline, self._lifeline = os.pipe()
        self._traces = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        settings = {
            "path": sys.path,
            "channel": theirs.fileno(),
            "control": control.fileno(),
            "lifeline": lifeline,
            "traces": self._traces.fileno(),
        }
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", START, base64.b64encode(json.dumps(settings).encode()).decode()],
                stdin=subprocess.DEVNULL,
                stdout=sys.__stderr__ if sys.__stderr__ is not None else subprocess.DEVNULL,
                pass_fds=[theirs.fileno(), control.fileno(), lifeline, self._traces.fileno()],
                start_new_session=True,
                env=None if hash_seed is None else {**os.environ, "PYTHONHASHSEED": str(hash_seed)},
            )
        finally:
            theirs.close()
            control.close()
            os.close(lifeline)
        self._channel = ours
        self._server = self._process.pid
        self._copied = False

    def ask(self, message: dict[str, Any], content: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """The answer to a message.

        Raises:
            TimeoutError: it did not come in so many seconds.
            ChannelEnded: the process ended.
            TooLarge: the answer is larger than is read.
        """
        until = time.monotonic() + seconds
        self._channel.settimeout(seconds)
        send(self._channel, message, content)
        answer, blob = receive(self._channel, until)
        if message["do"] == "copy":
            self._know(answer)
        return answer, blob

    def _know(self, answer: dict[str, Any]) -> None:
        """Which process serves now, and whether a copy waits."""
        processes = answer.get("value")
        self._copied = bool(processes)
        if processes:
            self._server = int(processes["server"])

    def stack(self) -> str:
        """Where the process is in its code, as far as it can still tell."""
        with suppress(OSError, AttributeError):
            os.kill(self._server, signal.SIGUSR2)
            time.sleep(_TRACE_SECONDS)
        return self.last_words()

    def last_words(self) -> str:
        """What the process wrote of where it was when it crashed or was asked."""
        try:
            return os.pread(self._traces.fileno(), _TRACE, 0).decode("utf-8", "replace")
        finally:
            os.ftruncate(self._traces.fileno(), 0)
            os.lseek(self._traces.fileno(), 0, os.SEEK_SET)

    def how_it_ended(self) -> str:
        """The exit status or the signal of a process that is gone; of a copy, nobody knows them."""
        if self._server != self._process.pid:
            return "it exited or crashed"
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        code = self._process.returncode
        if code is None:
            return "it closed its connection"
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"

    def hand_over(self) -> bool:
        """End the process and let its copy take over; whether there is one."""
        self._kill()
        if not self._copied:
            return False
        self._copied = False
        ours, theirs = socket.socketpair()
        try:
            socket.send_fds(self._control, [b"!"], [theirs.fileno()])
            theirs.close()
            self._know(receive(ours, time.monotonic() + _START_SECONDS)[0])
        except (OSError, ChannelEnded):
            ours.close()
            return False
        finally:
            theirs.close()
        self._channel.close()
        self._channel = ours
        return True

    def _kill(self) -> None:
        """End the process that serves, which a copy may be."""
        with suppress(OSError):
            os.kill(self._server, signal.SIGKILL)
        if self._server == self._process.pid:
            self._process.wait()

    def end(self) -> None:
        """End the process and its copy. Safe to call twice."""
        if self._lifeline < 0:
            return
        self._channel.close()
        self._control.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self._kill()
        os.close(self._lifeline)
        self._lifeline = -1
        self._traces.close()
