"""Requests to the bridge's process: JSON objects, one a line, over its standard streams."""

from __future__ import annotations

import json
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from subprocess import Popen
from typing import Any

from fieldcraft.common.text import visible_line
from fieldcraft.envs.minecraft.errors import Lost, Refused
from fieldcraft.envs.minecraft.messages import (
    BOT,
    BROKEN,
    MESSAGE_LIMIT,
    Answer,
    Bounds,
    Call,
    Event,
    read_message,
)

READ_AT_ONCE, DRAINED_AT_ONCE = 1 << 16, 1000
GRACE = 2.0
"""Seconds that a cancelled request has to say what it did."""

LONGEST_WAIT = 0.5
"""Seconds until a cancellation is noticed that could not be sent at once."""

WRITE_SECONDS = 10.0
"""How long the process may leave what it is sent unread."""

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

    def __init__(self, process: Popen[bytes], tell: Callable[[Event], None]) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process has no pipes")
        self._process, self._input, self._output = process, process.stdin, process.stdout
        self._tell = tell
        self._poll = select.poll()
        self._poll.register(self._output, select.POLLIN | select.POLLHUP)
        self._writable = select.poll()
        self._writable.register(self._input, select.POLLOUT)
        self._writable.register(self._output, select.POLLIN | select.POLLHUP)
        os.set_blocking(self._input.fileno(), False)
        self._bounds = BOT
        self._said = self._messages = 0
        self._parts: list[bytes] = []
        self._part_size = 0
        self._lines: deque[bytes] = deque()
        self._broken: str | None = None
        self._cancel_asked = False
        self._writing = threading.Lock()
        self._asked: set[int] = set()
        self._answers: dict[int, Answer] = {}
        self._last = 0
        self._under_way: int | None = None
        self._host_call: HostCall | None = None
        self._calls: deque[Call] = deque()
        self._serving = False
        self.tick = 0
        self.walked = 0.0

    def bind(self, bounds: Bounds) -> None:
        """From now on the process may say this much, and its clock is not believed."""
        self._bounds = bounds
        self._said = self._messages = 0

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
            Lost: the process died or hung, lost its server, or does not keep to its protocol.
        """
        self._last += 1
        number, outer, calls = self._last, self._under_way, self._host_call
        self._under_way, self._host_call = number, host_call or calls
        self._asked.add(number)
        try:
            self._send({"id": number, "method": method, "params": params})
            answer = self._answer(number, seconds)
        finally:
            self._under_way, self._host_call = outer, calls
            self._asked.discard(number)
            self._cancel_asked = self._cancel_asked and outer is not None
        error = answer.error
        if error is None:
            return answer.value
        match error.kind:
            case "refused":
                raise Refused(error.message)
            case "lost":
                raise Lost(error.message)
        raise Fault(error.message)

    def cancel(self) -> None:
        """End the request under way soon: it answers with what it did. Safe from other threads."""
        number = self._under_way
        if number is None or not self._writing.acquire(blocking=False):
            self._cancel_asked = number is not None
            return
        try:
            os.write(self._input.fileno(), _cancellation(number))
        except (OSError, ValueError):
            self._cancel_asked = True
        finally:
            self._writing.release()

    def drain(self) -> None:
        """Read what has arrived without being asked for."""
        for _ in range(DRAINED_AT_ONCE):
            if not self._read(0):
                return

    def _answer(self, number: int, seconds: float) -> Answer:
        deadline, cancelled = time.monotonic() + seconds, False
        while number not in self._answers:
            left = deadline - time.monotonic()
            if left > 0 and (cancelled or not self._cancel_asked):
                self._read(min(left, LONGEST_WAIT))
            elif not cancelled:
                self._cancel_asked = False
                self._write(_cancellation(number))
                cancelled, deadline = True, time.monotonic() + GRACE
            else:
                raise self._break(f"the bridge did not answer in {seconds + GRACE:g} s")
        return self._answers.pop(number)

    def _read(self, seconds: float) -> bool:
        """Take in one message, waiting `seconds` for it; whether anything came."""
        if not self._lines:
            if not self._poll.poll(seconds * 1000):
                return False
            self._receive()
        if self._lines:
            self._take(self._lines.popleft())
        return True

    def _receive(self) -> None:
        """Read what the process has sent and cut it into lines."""
        if self._broken is not None:
            raise Lost(self._broken)
        data = os.read(self._output.fileno(), READ_AT_ONCE)
        if not data:
            raise self._break(self._death())
        self._said += len(data)
        *lines, rest = data.split(b"\n")
        if lines and self._parts:
            lines[0] = b"".join([*self._parts, lines[0]])
        if lines:
            self._parts, self._part_size = [], 0
        if rest:
            self._parts.append(rest)
            self._part_size += len(rest)
        self._lines.extend(lines)
        self._messages += len(lines)
        self._check_bounds()

    def _check_bounds(self) -> None:
        bounds = self._bounds
        if self._part_size > bounds.line:
            raise self._break("the bridge sent a line without end")
        if bounds.total is not None and self._said > bounds.total:
            raise self._break(f"the program's process said more than {bounds.total >> 20} MB")
        if bounds.messages is not None and self._messages > bounds.messages:
            raise self._break(f"the program's process sent more than {bounds.messages} messages")

    def _take(self, line: bytes) -> None:
        try:
            message = read_message(line, self._bounds)
        except Lost as lost:
            raise self._break(str(lost)) from None
        if self._bounds.total is None:
            self.tick = max(self.tick, message.tick)
            if message.walked is not None:
                self.walked = message.walked
        if isinstance(message, Answer):
            if message.id in self._asked and message.id not in self._answers:
                self._answers[message.id] = message
            elif message.id:
                raise self._break(BROKEN)
        elif isinstance(message, Event):
            self._tell(message)
        else:
            self._serve(message)

    def _serve(self, message: Call) -> None:
        """Answer what the bridge asks the host for a program; what it asks meanwhile comes after."""
        self._calls.append(message)
        if self._serving:
            return
        self._serving = True
        try:
            while self._calls:
                self._answer_call(self._calls.popleft())
        finally:
            self._serving = False
            self._calls.clear()

    def _answer_call(self, message: Call) -> None:
        answer: dict[str, Any] = {"answer": message.call}
        try:
            if self._host_call is None:
                raise LookupError("there is no program that could ask for anything")
            answer["value"] = self._host_call(message.name, message.args)
        except Lost:
            raise
        except Exception as error:
            answer["error"] = visible_line(error, MESSAGE_LIMIT) or type(error).__name__
        self._send(answer)

    def _send(self, message: dict[str, Any]) -> None:
        self._write(json.dumps(message).encode() + b"\n")

    def _write(self, data: bytes) -> None:
        if self._broken is not None:
            raise Lost(self._broken)
        left, deadline = memoryview(data), 0.0
        with self._writing:
            while True:
                try:
                    written = os.write(self._input.fileno(), left)
                except BlockingIOError:
                    deadline = deadline or time.monotonic() + WRITE_SECONDS
                    self._wait_to_write(deadline)
                except (OSError, ValueError):
                    raise self._break(self._death()) from None
                else:
                    if written == len(left):
                        return
                    left = left[written:]

    def _wait_to_write(self, deadline: float) -> None:
        """Wait until the process takes more; it may be waiting itself until it has been read."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise self._break("the bridge does not read what it is sent")
        ready = {number for number, _ in self._writable.poll(left * 1000)}
        if self._output.fileno() in ready:
            self._receive()

    def _break(self, why: str) -> Lost:
        """Believe nothing that the process says from here on."""
        if self._broken is None:
            self._broken = why
            self._lines.clear()
            self._parts, self._part_size = [], 0
        return Lost(self._broken)

    def _death(self) -> str:
        try:
            code = self._process.wait(1)
        except Exception:
            return "the bridge closed its streams"
        signal = -code if code < 0 else code - SHELL_SIGNAL
        return f"the bridge's process died ({f'signal {signal}' if signal > 0 else f'exit status {code}'})"


def _cancellation(number: int) -> bytes:
    return json.dumps({"id": 0, "method": "cancel", "params": {"task": number}}).encode() + b"\n"
