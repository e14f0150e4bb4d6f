"""Write the messages of each call: what an earlier call had is named and not written again."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

from fieldcraft.agent.journal.folders import inside
from fieldcraft.agent.models.messages import Message
from fieldcraft.agent.redact import redact
from fieldcraft.agent.transcript.form import FILE, FOLDER, file_name, spans
from fieldcraft.common.text import valid_text

MOST_LINES = 50_000
"""Lines of one file, after which the next one begins: what is known of them is in memory."""
MOST_BYTES = 8_000_000
"""Of one file."""
MOST_TEXT = 200_000_000
"""Characters that one file unfolds to."""


class Transcript:
    """Keeps the messages of a run's model calls in its folder `prompts`, without secrets.

    Each process begins a file of its own, at its first call.

    Args:
        run: the run's folder.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._begin()

    def keep(self, role: str, template: str, call: int, messages: Sequence[Message]) -> None:
        """Write the messages of one call, as they are sent.

        Raises:
            OSError: they cannot be written; the next call begins a new file.
        """
        new: list[str] = []
        said = [[message.role, spans(self._numbers(_shown(message), new))] for message in messages]
        record = {"role": role, "call": call, "template": template, "lines": new, "messages": said}
        line = json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"
        packed = self._pack.compress(line.encode()) + self._pack.flush(zlib.Z_SYNC_FLUSH)
        try:
            self._append(packed)
        except BaseException:
            self._begin()
            raise
        self._unfolded += sum(len(message.text) for message in messages)
        if len(self._lines) > MOST_LINES or self._size > MOST_BYTES or self._unfolded > MOST_TEXT:
            self._begin()

    def _begin(self) -> None:
        self._name, self._size, self._unfolded = "", 0, 0
        self._pack = zlib.compressobj(9)
        self._lines: dict[str, int] = {}
        self._paragraphs: dict[str, list[int]] = {}

    def _numbers(self, text: str, new: list[str]) -> list[int]:
        """The numbers of a text's lines; those that are new are added to `new`.

        Secrets are looked for paragraph by paragraph, in those that no earlier call had.
        """
        numbers: list[int] = []
        for place, paragraph in enumerate(text.split("\n\n")):
            if place:
                numbers.append(self._number("", new))
            known = self._paragraphs.get(paragraph)
            if known is None:
                shown = valid_text(redact(paragraph))
                known = [self._number(line, new) for line in shown.split("\n")]
                self._paragraphs[paragraph] = known
            numbers += known
        return numbers

    def _number(self, line: str, new: list[str]) -> int:
        number = self._lines.get(line)
        if number is None:
            number = self._lines[line] = len(self._lines)
            new.append(line)
        return number

    def _append(self, packed: bytes) -> None:
        with inside(self._run, FOLDER, create=True) as folder:
            fresh = not self._name
            if fresh:
                numbers = [int(found[1]) for name in folder.names() if (found := FILE.fullmatch(name))]
                self._name = file_name(max(numbers, default=0) + 1)
            flags = os.O_WRONLY | os.O_APPEND | (os.O_CREAT | os.O_EXCL if fresh else 0)
            descriptor = folder.open_file(self._name, flags, own=True)
            with os.fdopen(descriptor, "ab") as file:
                if os.fstat(descriptor).st_size != self._size:
                    raise OSError(None, f"{self._name} was changed while the run wrote it")
                file.write(packed)
        self._size += len(packed)


def _shown(message: Message) -> str:
    calls = [f"calls {request.name} {request.model_dump_json()}" for request in message.requests]
    pictures = [f"shows picture {hashlib.sha256(image).hexdigest()}" for image in message.images]
    return "\n".join([message.text, *calls, *pictures] if message.text else [*calls, *pictures] or [""])
