"""Requests to the bridge's process: JSON objects, one a line, over its standard streams."""

from __future__ import annotations

import json
import select
import threading
import time
from collections.abc import Callable
from subprocess import Popen
from typing import Any

from fieldcraft.envs.minecraft.errors import Lost, Refused

LINE_LIMIT = 16 * 1024 * 1024
GRACE = 2.0
"""Seconds that a cancelled request has to say what it did."""

SHELL_SIGNAL = 128
"""What wrappers add to the number of the signal that ended what they wrap."""

HostCall = Callable[[str, list[Any]], Any]


class Fault(Exception):
    """The bridge failed by an error of its own."""


class Channel:
    """Asks one bridge process. One caller at a time; `cancel` may come from any thread.

    Args:
        process: with pipes as standard input and output.
        tell: called with every event, in order.
    """

    def __init__(self, process: Popen[bytes], tell: Callable[[dict[str, Any]], None]) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process has no pipes")
        self._process, self._input, self._output = process, process.stdin, process.stdout
        self._tell = tell
        self._poll = select.poll()
        self._poll.register(self._output, select.POLLIN | select.POLLHUP)
        self._buffer = bytearray()
        self._writing = threading.Lock()
        self._answers: dict[int, dict[str, Any]] = {}
        self._last = 0
        self._under_way: int | None = None
        self._host_call: HostCall | None = None
        self.tick = 0
        self.walked = 0.0

    def call(
        self, method: str, params: dict[str, Any], *, seconds: float, host_call: HostCall | None = None
    ) -> Any:
        """Carry out one request and wait for its answer, `seconds` at most.

        Args:
            method: of the bridge.
            params: its arguments.
            seconds: after which it is cancelled, and the process counts as hung if it says nothing then.
            host_call: answers what the bridge asks meanwhile, by name and arguments.

        Raises:
            Refused: the world does not allow it.
            Lost: the process died or hung, or lost its server.
        """
        self._last += 1
        number, outer, calls = self._last, self._under_way, self._host_call
        self._under_way, self._host_call = number, host_call or calls
        try:
            self._send({"id": number, "method": method, "params": params})
            answer = self._answer(number, seconds)
        finally:
            self._under_way, self._host_call = outer, calls
        error = answer.get("error")
        if error is None:
            return answer.get("value")
        match error["kind"]:
            case "refused":
                raise Refused(error["message"])
            case "lost":
                raise Lost(error["message"])
        raise Fault(error["message"])

    def cancel(self) -> None:
        """End the request under way soon: it answers with what it did. Safe from other threads."""
        if self._under_way is not None:
            self._send({"id": 0, "method": "cancel", "params": {"task": self._under_way}})

    def drain(self) -> None:
        """Read what has arrived without being asked for."""
        while self._read(0):
            pass

    def _answer(self, number: int, seconds: float) -> dict[str, Any]:
        deadline, cancelled = time.monotonic() + seconds, False
        while number not in self._answers:
            left = deadline - time.monotonic()
            if left > 0:
                self._read(left)
            elif not cancelled:
                self.cancel()
                cancelled, deadline = True, time.monotonic() + GRACE
            else:
                raise Lost(f"the bridge did not answer in {seconds + GRACE:g} s")
        return self._answers.pop(number)

    def _read(self, seconds: float) -> bool:
        """Take in what the process sends, waiting `seconds` for it; whether there was anything."""
        if not self._poll.poll(seconds * 1000):
            return False
        data = self._output.read1(1 << 16)  # type: ignore[attr-defined]
        if not data:
            raise Lost(self._death())
        self._buffer += data
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = rest
        if len(rest) > LINE_LIMIT:
            raise Lost("the bridge sent a line without end")
        for line in lines:
            self._take(bytes(line))
        return True

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
            self.tick = max(self.tick, int(message.get("tick", 0)))
            self.walked = float(message.get("walked", self.walked))
        except (ValueError, AttributeError, TypeError, RecursionError):
            raise Lost("the bridge does not keep to its protocol") from None
        if "call" in message:
            self._serve(message)
        elif "event" in message:
            self._tell(message)
        elif isinstance(message.get("id"), int):
            if 0 < message["id"] <= self._last:
                self._answers[message["id"]] = message
        else:
            raise Lost("the bridge does not keep to its protocol")

    def _serve(self, message: dict[str, Any]) -> None:
        """Answer the bridge, which asks the host something for a program."""
        answer: dict[str, Any] = {"answer": message["call"]}
        try:
            if self._host_call is None:
                raise LookupError(f"there is nothing called {message.get('name')!r} here")
            answer["value"] = self._host_call(str(message.get("name")), list(message.get("args") or []))
        except Lost:
            raise
        except Exception as error:
            answer["error"] = str(error) or type(error).__name__
        self._send(answer)

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode() + b"\n"
        try:
            with self._writing:
                self._input.write(data)
                self._input.flush()
        except (OSError, ValueError):
            raise Lost(self._death()) from None

    def _death(self) -> str:
        try:
            code = self._process.wait(1)
        except Exception:
            return "the bridge closed its streams"
        signal = -code if code < 0 else code - SHELL_SIGNAL
        return f"the bridge's process died ({f'signal {signal}' if signal > 0 else f'exit status {code}'})"
