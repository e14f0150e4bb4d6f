"""The folder in a run in which notes wait until the process that runs it hears them.

Each note is one small file, renamed into place, so that any number of people can send at once. The run writes
a note into its journal before it removes the file; after a crash between the two the note's id says that it
was heard.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from fieldcraft.agent.journal.folders import inside
from fieldcraft.agent.steering.notes import TEXT_LIMIT, WITH_TEXT, BadNote, Note, account
from fieldcraft.common.files import Folder, UnsafeFile
from fieldcraft.common.text import valid_text

FOLDER = "inbox"
"""The inbox's name in a run's folder."""
WAITING_LIMIT = 1_000
"""The most notes that wait at once."""
_SIZE_LIMIT = 40_000
_PLACE = re.compile(r"(\d{20})-")

logger = logging.getLogger(__name__)


def send(run: Path, note: Note) -> Note:
    """Put a note into the inbox of the run in the folder `run`; it is on disk when this returns.

    Returns:
        The note as it was sent, with its sender's account and the time.

    Raises:
        BadNote: it lacks a text that its kind needs, or too many notes wait.
        OSError: the inbox cannot be written.
    """
    text = valid_text(note.text).strip()
    if note.kind in WITH_TEXT and not text:
        raise BadNote(f"{note.kind!r} needs a text")
    sent = note.model_copy(update={"text": text[:TEXT_LIMIT], "by": account(), "time": time.time()})
    with inside(run, FOLDER, create=True) as folder:
        names = folder.names("file")
        if len(names) >= WAITING_LIMIT:
            raise BadNote(f"{WAITING_LIMIT:,} notes wait already; the run hears them when it goes on")
        folder.write(f"{_place_after(names):020}-{sent.id}.json", sent.model_dump_json().encode())
    return sent


def _place_after(names: list[str]) -> int:
    """The time now, or just after the latest note that waits where the clock has jumped back since."""
    latest = max((int(found[1]) for name in names if (found := _PLACE.match(name))), default=0)
    return max(time.time_ns(), latest + 1)


class Inbox:
    """The receiving end, in the process that runs the run.

    Looking costs one call of the system while nothing changed.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._changed = 0

    def waiting(self, heard: Collection[str] = ()) -> list[Note]:
        """The notes that wait, oldest first; those with an id in `heard` are removed unread.

        A file that is no note, or that belongs to another user, is left out and removed where possible.
        """
        if not self._has_changed():
            return []
        notes: list[Note] = []
        with suppress(FileNotFoundError), inside(self._run, FOLDER) as folder:
            for name in sorted(folder.names("file")):
                if name.startswith("."):
                    continue
                note = _read(folder, name)
                if note is None or note.id in heard:
                    with suppress(OSError):
                        folder.remove(name)
                else:
                    notes.append(note)
        return notes

    def remove(self, note: Note) -> None:
        """Remove a note that stands in the journal by now."""
        with suppress(FileNotFoundError), inside(self._run, FOLDER) as folder:
            for name in folder.names("file"):
                if name.endswith(f"-{note.id}.json"):
                    with suppress(FileNotFoundError):
                        folder.remove(name)

    def _has_changed(self) -> bool:
        """Whether the folder changed since the last look, as far as its clock tells."""
        try:
            changed = (self._run / FOLDER).stat().st_mtime_ns
        except OSError:
            return False
        recent = time.time_ns() - changed < 2_000_000_000
        same, self._changed = changed == self._changed, changed
        return recent or not same


def _read(folder: Folder, name: str) -> Note | None:
    try:
        status = folder.status(name)
        if status is None:
            return None
        if hasattr(os, "getuid") and status.st_uid != os.getuid():
            raise UnsafeFile(folder.path / name, "belongs to another user")
        return Note.model_validate_json(folder.read(name, limit=_SIZE_LIMIT))
    except (OSError, ValidationError) as problem:
        logger.warning("a note to the run is not heard: %s", str(problem).splitlines()[0])
        return None
