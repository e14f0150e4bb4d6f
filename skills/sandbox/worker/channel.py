"""The worker's end of the wire: one JSON object a line, a question and its answer at a time.

Frames to the host: `ready`, `log`, `call` (a primitive), `tool`, `skill` (one that the world runs), `skills`
(counts), `done`. Frames from the host: the start, then an answer to each `call`, `tool` and `skill`:
`{"value": _}` or `{"error": _, "message": _}`.
"""

from __future__ import annotations

import json
import os
from typing import Any, NoReturn

from .values import NESTING_LIMIT, depth, revive

CHUNK = 65536
LOG_CHUNK = 4096


class ArgumentsNotJSON(TypeError):
    """What a program passed to a primitive or a tool cannot be sent; the message says what can."""


def _refuse(value: object) -> NoReturn:
    raise ArgumentsNotJSON(
        f"a {type(value).__name__} cannot be passed or returned; use numbers, text, lists and dicts"
    )


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_refuse).encode
_decode = json.JSONDecoder(object_hook=revive).raw_decode


def encode(value: object) -> str:
    """JSON text on one line.

    Raises:
        TypeError: something JSON does not know, nested deeper than the host reads, or larger than it takes.
    """
    try:
        text = _encode(value)
    except (ValueError, RecursionError) as error:
        raise ArgumentsNotJSON(f"this cannot be passed or returned: {error}") from None
    if text.count("[") + text.count("{") > NESTING_LIMIT and depth(value) > NESTING_LIMIT:
        raise ArgumentsNotJSON(f"data nested deeper than {NESTING_LIMIT} levels cannot be passed or returned")
    return text


class Channel:
    """Frames over a connected socket. Not thread-safe; a worker has no threads."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._calls = 0
        self._log: list[str] = []
        self._log_size = 0
        self.frame_limit = CHUNK
        self.skill_counts: dict[str, int] = {}
        self._told_counts: dict[str, int] = {}

    def request(self, kind: str, name: str, content: str) -> dict[str, Any]:
        """Ask the host and wait for its answer. `content` is encoded JSON members, e.g. `"args":[]`."""
        self.flush()
        number = self._calls
        self._calls = number + 1
        frame = f'{{"type":"{kind}","id":{number},"name":"{name}",{content}}}\n'.encode("utf-8", "replace")
        if len(frame) > self.frame_limit:
            raise ArgumentsNotJSON(
                f"the arguments of {name} are {len(frame)} bytes; {self.frame_limit} is the limit"
            )
        self._write(frame)
        return self.receive()

    def send(self, frame: dict[str, Any]) -> None:
        """Send a frame that has no answer.

        Raises:
            TypeError: it holds what JSON does not know, or is too large.
        """
        data = (encode(frame) + "\n").encode("utf-8", "replace")
        if len(data) > self.frame_limit:
            raise ArgumentsNotJSON(
                f"{len(data)} bytes are too large to send; {self.frame_limit} is the limit"
            )
        self._write(data)

    def receive(self) -> dict[str, Any]:
        """The next frame of the host. Ends the process where the host is gone."""
        data = os.read(self._descriptor, CHUNK)
        if not data.endswith(b"\n"):
            data = self._rest(data)
        frame: dict[str, Any] = _decode(data.decode())[0]
        return frame

    def log(self, text: str) -> None:
        """Add to the log; sent at each line's end, so that a killed program's last words are not lost."""
        for start in range(0, len(text), LOG_CHUNK):
            piece = text[start : start + LOG_CHUNK]
            self._log.append(piece)
            self._log_size += len(piece)
            if self._log_size >= LOG_CHUNK:
                self.flush()
        if "\n" in text:
            self.flush()

    def count_skill(self, name: str) -> None:
        """Count a call to a library skill; the first call of each is reported at once."""
        self.skill_counts[name] = self.skill_counts.get(name, 0) + 1
        if name not in self._told_counts:
            self.flush()

    def flush(self) -> None:
        """Send the log so far, and the skill counts where they changed."""
        if self._log:
            text = "".join(self._log)
            self._log.clear()
            self._log_size = 0
            self.send({"type": "log", "text": text})
        if self.skill_counts != self._told_counts:
            self._told_counts = dict(self.skill_counts)
            self.send({"type": "skills", "counts": self._told_counts})

    def _rest(self, first: bytes) -> bytes:
        parts = [first]
        while not parts[-1].endswith(b"\n"):
            if not parts[-1]:
                os._exit(0)
            parts.append(os.read(self._descriptor, CHUNK))
        return b"".join(parts)

    def _write(self, data: bytes) -> None:
        sent = os.write(self._descriptor, data)
        while sent < len(data):
            data = data[sent:]
            sent = os.write(self._descriptor, data)
