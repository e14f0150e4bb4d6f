"""Read the kept messages of a run, in any form that a version wrote, as a stranger's."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldcraft.agent.journal.folders import inside, why
from fieldcraft.agent.transcript.form import (
    FILE,
    FILE_LIMIT,
    FOLDER,
    OLD_FILE,
    RECORD_LIMIT,
    TEXT_LIMIT,
    numbers_of,
)
from fieldcraft.common.data import DataError, Limits, read_json
from fieldcraft.common.errors import DamagedRecord
from fieldcraft.common.files import Folder
from fieldcraft.common.text import decoded

_PIECE = 1 << 20
_LIMITS = Limits(size=RECORD_LIMIT, items=2_000_000)
_TURN = re.compile(r"^<!-- (system|user|assistant|tool) -->\n", re.MULTILINE)


class TranscriptDamaged(DamagedRecord, RuntimeError):
    """The kept messages of a run cannot be read on; the message names the file. The run is none the worse."""


@dataclass(frozen=True)
class KeptCall:
    """The messages of one model call as they were sent: roles and texts.

    A call that a model found too long, or that was repeated after a crash, is there once for each time.
    """

    role: str
    call: int
    template: str
    messages: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """All messages as one text, each below its role."""
        return "\n\n".join(f"<!-- {role} -->\n{text}" for role, text in self.messages)


def kept_calls(run: Path) -> Iterator[KeptCall]:
    """The kept calls of the run in this folder, oldest first; none where it kept none.

    Raises:
        TranscriptDamaged: after the calls before the damage.
    """
    try:
        with inside(run, FOLDER) as folder:
            yield from _calls(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise TranscriptDamaged(f"the prompts in {run / FOLDER} cannot be read: {why(error)}") from error


def _calls(folder: Folder) -> Iterator[KeptCall]:
    names = folder.names()
    old = [found for name in names if (found := OLD_FILE.fullmatch(name))]
    for found in sorted(old, key=lambda found: (int(found[2]), found[1])):
        text = decoded(folder.read(found[0], limit=FILE_LIMIT))
        yield KeptCall(found[1], int(found[2]), found[3], _turns(text))
    damage = ""
    for name in sorted(name for name in names if FILE.fullmatch(name)):
        try:
            yield from _unfolded(folder.read(name, limit=FILE_LIMIT))
        except ValueError as error:
            damage = damage or f"{folder.path / name} is damaged: {error}; what is left of it was read"
    if damage:
        raise TranscriptDamaged(damage)


def _turns(text: str) -> tuple[tuple[str, str], ...]:
    """The messages of an older form: each below a comment with its role."""
    parts = _TURN.split(text.removesuffix("\n"))
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return tuple((role, said.removesuffix("\n\n")) for role, said in pairs)


def _unfolded(packed: bytes) -> Iterator[KeptCall]:
    """The records of one file; a torn last one is passed over.

    Raises:
        ValueError: the file holds something else.
    """
    lines: list[str] = []
    room = TEXT_LIMIT
    for raw in _records(packed):
        record = _record(raw)
        lines += record["lines"]
        messages = []
        for role, numbers in record["messages"]:
            text = "\n".join(lines[number] for number in numbers_of(numbers, len(lines)))
            room -= len(text)
            if room < 0:
                raise ValueError(f"it unfolds to more than {TEXT_LIMIT:,} characters")
            messages.append((role, text))
        yield KeptCall(record["role"], record["call"], record["template"], tuple(messages))


def _records(packed: bytes) -> Iterator[bytes]:
    unpack = zlib.decompressobj()
    rest = bytearray()
    unfolded = 0
    while packed or unpack.unconsumed_tail:
        try:
            piece = unpack.decompress(unpack.unconsumed_tail or packed, _PIECE)
        except zlib.error as error:
            raise ValueError("it is no stream of zlib, or not whole") from error
        packed = b""
        if not piece:
            return
        unfolded += len(piece)
        rest += piece
        if len(rest) > RECORD_LIMIT or unfolded > TEXT_LIMIT:
            raise ValueError(f"a record has more than {RECORD_LIMIT:,} bytes")
        *whole, last = rest.split(b"\n")
        rest = bytearray(last)
        yield from map(bytes, whole)


def _record(raw: bytes) -> dict[str, Any]:
    try:
        record = read_json(raw, _LIMITS)
    except DataError as error:
        raise ValueError(f"a record is no JSON ({error})") from error
    if not isinstance(record, dict):
        raise ValueError("a record is no JSON object")
    texts, messages = record.get("lines"), record.get("messages")
    named = all(isinstance(record.get(name), str) for name in ("role", "template"))
    call = record.get("call")
    if (
        not named
        or not isinstance(call, int)
        or not isinstance(texts, list)
        or not all(isinstance(line, str) for line in texts)
        or not isinstance(messages, list)
        or not all(_is_message(message) for message in messages)
    ):
        raise ValueError("a record lacks its role, call, template, lines or messages")
    return record


def _is_message(message: object) -> bool:
    return isinstance(message, list) and len(message) == 2 and all(isinstance(part, str) for part in message)
