"""The file of a run's facts, beside its journal: the changes in order, checked by the digest in the state.

The journal holds every change too: a file that is missing, damaged or edited by hand is built from it again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict

from fieldcraft.agent.journal.folders import inside
from fieldcraft.agent.memory.facts import Fact, FactsMark, digest_after
from fieldcraft.agent.memory.store import Memory
from fieldcraft.common.fields import Count, Counts, serialized

FILE = "facts.jsonl"
LINE = 8_000_000
"""The most bytes of one line."""


class FactsChange(BaseModel):
    """What one program, task or library taught, as the journal and the file have it.

    `facts` are new or different, `again` says how often known ones were seen again, by key, and `new` how
    many were not known before.
    """

    model_config = ConfigDict(extra="forbid")

    iteration: Count = 0
    facts: list[Fact] = []
    again: Counts = {}
    new: Count = 0

    def line(self) -> str:
        """The change as one line of the file."""
        return serialized(lambda: self.model_dump_json(exclude={"type", "number", "time"}))


def mark_after(mark: FactsMark, change: FactsChange) -> FactsMark:
    """The mark of a state after a change."""
    return FactsMark(
        changes=mark.changes + 1,
        digest=digest_after(mark.digest, change.line()),
        newest=change.iteration if change.new else mark.newest,
        learned=mark.learned + change.new,
    )


def remember(memory: Memory, change: FactsChange) -> None:
    """Apply a change."""
    memory.take(change.facts, change.again, change.iteration)


class FactsFile:
    """The file in a run's folder. Nothing depends on its being written: it only saves reading the journal."""

    def __init__(self, run: Path) -> None:
        self._run = run

    def read(self, mark: FactsMark) -> Memory | None:
        """The facts at a mark; `None` where the file does not lead there."""
        memory, digest = Memory(), ""
        try:
            for line in self._lines(mark.changes):
                digest = digest_after(digest, line)
                remember(memory, FactsChange.model_validate_json(line))
        except (OSError, ValueError):
            return None
        return memory if digest == mark.digest else None

    def cut(self, mark: FactsMark) -> None:
        """Drop what stands after a mark: a resume writes it again."""
        with suppress(OSError), self._opened(os.O_RDWR, "r+b") as file:
            end = sum(len(line) for _, line in zip(range(mark.changes), file, strict=False))
            file.truncate(end)

    def append(self, change: FactsChange) -> None:
        """Write one more change."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        with suppress(OSError), self._opened(flags, "ab") as file:
            file.write(_bytes(change))

    def write(self, changes: Iterable[FactsChange]) -> None:
        """Write the whole file."""
        with suppress(OSError), inside(self._run) as folder:
            folder.write(FILE, b"".join(map(_bytes, changes)), sync=False)

    @contextmanager
    def _opened(self, flags: int, mode: str) -> Iterator[IO[bytes]]:
        own = flags != os.O_RDONLY
        with inside(self._run) as folder, os.fdopen(folder.open_file(FILE, flags, own=own), mode) as file:
            yield file

    def _lines(self, count: int) -> Iterator[str]:
        if not count:
            return
        with self._opened(os.O_RDONLY, "rb") as file:
            for _ in range(count):
                line = file.readline(LINE)
                if not line.endswith(b"\n"):
                    raise ValueError("the file ends too early, or a line of it is too long")
                yield line[:-1].decode()


def _bytes(change: FactsChange) -> bytes:
    return change.line().encode("utf-8", "replace") + b"\n"
