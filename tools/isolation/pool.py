"""The host's side: workers are reused unless a call fails, and are ended with all their child processes."""

from __future__ import annotations

import json
import pickle
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from fieldcraft.common.data import Limits, read_json
from fieldcraft.tools.calls.results import Encoded
from fieldcraft.tools.context import ToolCall
from fieldcraft.tools.errors import BrokenTool, ToolError, TransientToolError
from fieldcraft.tools.isolation import STARTING
from fieldcraft.tools.isolation.server import CONTENT, LENGTH, READY, RESULT, SWEEP, receive, send

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

LARGEST_RESULT = 1 << 26
"""The most bytes of JSON that a tool's process may send."""
_FAILURE = Limits(size=1_000_000, depth=4, items=100)

PATIENCE = 10.0
"""Seconds within which a killed process tree, or the fork server, must have ended."""

_BOOT = (
    "import json, socket, sys; sys.path[:] = json.loads(sys.argv[2]);"
    "from fieldcraft.tools.isolation.server import serve; serve(socket.socket(fileno=int(sys.argv[1])))"
)


class IsolatedFailure(ToolError):
    """A tool failed in its process; `kinds` names the class of its exception and the base classes."""

    def __init__(self, message: str, kinds: list[str]) -> None:
        super().__init__(message)
        self.kinds = kinds


class IsolationPool:
    """Processes for tools, started on demand and kept for the next call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._pickled: dict[int, tuple[BaseTool, bytes]] = {}
        self._closed = False

    def call(self, call: ToolCall, tool: BaseTool, *, ends: float, timeout: float) -> Encoded:
        """The result of a call as JSON.

        Args:
            call: the call, with the tool's name for the caller.
            tool: the tool, which must be picklable.
            ends: the deadline by `time.monotonic()`, at which the process tree is killed.
            timeout: the seconds to state in the message.

        Raises:
            ToolError: the tool raised an exception, its process ended, or the deadline passed.
        """
        name = call.name
        pickled = self._pickle(name, tool)
        worker = self._take()
        sound = False
        try:
            answer = worker.call((id(tool), pickled), call, ends)
            sound = worker.sweep()
            return _result(name, answer)
        except TimeoutError:
            message = f"tool {name!r} gave no result within {timeout:g} s; its process was ended"
            raise ToolError(message) from None
        except OverflowError as error:
            raise ToolError(f"{name} gave a result that is too large: {error}") from None
        except (OSError, EOFError):
            if self._closed:
                raise ToolError(f"tool {name!r} was cut off: the run's tools were closed") from None
            raise ToolError(f"{name} failed: its process ended in the middle of the call") from None
        finally:
            self._give_back(worker, sound=sound)

    @property
    def warm(self) -> bool:
        """Whether the fork server is running, so that a call need not wait for it."""
        return self._control is not None

    def warm_up(self) -> float:
        """Start the fork server if there is none; returns how many seconds that took."""
        began = time.monotonic()
        with self._lock:
            if self._control is None and not self._closed:
                self._start_server()
        return time.monotonic() - began

    def close(self) -> None:
        """End every process. Safe to call twice."""
        with self._lock:
            self._closed = True
            workers = [*self._idle, *self._busy]
            self._idle.clear()
            server, control = self._server, self._control
            self._server = self._control = None
        for worker in workers:
            worker.end()
        if server is not None and control is not None:
            control.close()
            try:
                server.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    def _pickle(self, name: str, tool: BaseTool) -> bytes:
        known = self._pickled.get(id(tool))
        if known is None:
            import cloudpickle

            try:
                known = (tool, cloudpickle.dumps(tool))
            except Exception as error:
                raise BrokenTool(
                    f"tool {name!r} cannot run in a process of its own, for it cannot be pickled: {error}"
                ) from error
            self._pickled[id(tool)] = known
        return known[1]

    def _take(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise ToolError("a tool was called after the run's tools were closed")
            worker = self._idle.pop() if self._idle else self._start()
            self._busy.add(worker)
            return worker

    def _give_back(self, worker: _Worker, *, sound: bool) -> None:
        with self._lock:
            self._busy.discard(worker)
            if sound and not self._closed:
                self._idle.append(worker)
                return
        worker.end()

    def _start(self) -> _Worker:
        """Let the fork server start a worker; a server that died is restarted."""
        for _ in range(2):
            if self._control is None:
                self._start_server()
            control = self._control
            assert control is not None
            calls, its_calls = socket.socketpair()
            leash, its_leash = socket.socketpair()
            try:
                socket.send_fds(control, [b"w"], [its_calls.fileno(), its_leash.fileno()])
                return _Worker(calls, leash)
            except OSError:
                calls.close()
                leash.close()
                control.close()
                self._control = None
            finally:
                its_calls.close()
                its_leash.close()
        raise TransientToolError("the process that starts tools' processes does not stay alive")

    def _start_server(self) -> None:
        """Start the fork server and wait until it is ready.

        Raises:
            TransientToolError: it did not become ready in time.
        """
        if self._server is not None:
            self._server.wait()
        control, its_end = socket.socketpair()
        with its_end:
            self._server = subprocess.Popen(
                [sys.executable, "-c", _BOOT, str(its_end.fileno()), json.dumps(sys.path)],
                pass_fds=[its_end.fileno()],
                stdin=subprocess.DEVNULL,
            )
        control.settimeout(STARTING)
        with suppress(OSError):
            if control.recv(1) == READY:
                control.settimeout(None)
                self._control = control
                return
        control.close()
        self._server.kill()
        raise TransientToolError("the process that starts tools' processes does not start")


class _Worker:
    """One process that calls tools; closing its leash socket ends it with all child processes."""

    def __init__(self, calls: socket.socket, leash: socket.socket) -> None:
        self._calls = calls
        self._leash = leash
        self._known: set[int] = set()

    def call(self, tool: tuple[int, bytes], call: ToolCall, ends: float) -> bytes:
        key, pickled = tool
        sent = None if key in self._known else pickled
        request = pickle.dumps((key, sent, call.name, dict(call.arguments), call.number))
        self._known.add(key)
        self._calls.settimeout(max(ends - time.monotonic(), 0.001))
        send(self._calls, request)
        answer = receive(self._calls, LARGEST_RESULT, ends)
        if answer is None:
            raise EOFError
        return answer

    def sweep(self) -> bool:
        """End processes that the tool left running; returns whether the worker can be reused."""
        with suppress(OSError):
            self._leash.settimeout(PATIENCE)
            self._leash.sendall(SWEEP)
            return bool(self._leash.recv(1))
        return False

    def end(self) -> None:
        """Kill the worker and all its child processes, and wait for their end."""
        with suppress(OSError):
            self._calls.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self._leash.settimeout(PATIENCE)
            self._leash.shutdown(socket.SHUT_WR)
            while self._leash.recv(1):
                pass
        self._calls.close()
        self._leash.close()


def _result(name: str, answer: bytes) -> Encoded:
    kind, data = answer[:1], answer[1:]
    if kind in {RESULT, CONTENT} and len(data) > LENGTH.size:
        (characters,) = LENGTH.unpack_from(data)
        length = max(characters, -1) if characters != -2 else None
        return Encoded(data[LENGTH.size :], length, is_content=kind == CONTENT)
    try:
        failure = read_json(data, _FAILURE)
        kinds, message = [str(part) for part in failure["kinds"]], str(failure["message"])
        if failure["expected"]:
            text = message
        elif failure["invalid"]:
            text = f"{name} cannot take these arguments: {message}"
        else:
            text = f"{name} failed: {kinds[0]}: {message}"
    except (ValueError, LookupError, TypeError) as error:
        raise ToolError(f"{name} failed: its process does not keep to the protocol") from error
    if "TransientToolError" in kinds:
        raise TransientToolError(text)
    raise IsolatedFailure(text[:2_000], kinds)
