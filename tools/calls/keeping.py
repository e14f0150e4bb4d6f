"""The files of a run that keep what is too long, or no text, for the caller: bounded, named by a digest."""

from __future__ import annotations

import base64
import binascii
import hashlib
import mimetypes
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from fieldcraft.common.errors import FieldcraftError
from fieldcraft.common.files import Folder
from fieldcraft.common.text import visible_line
from fieldcraft.tools.calls.naming import identifier
from fieldcraft.tools.langchain.blocks import FilePart

MOST_KEPT = 256_000_000
"""The most bytes of results that are kept for one run."""


class NotKept(FieldcraftError):
    """A file could not be kept; the message says why."""


class KeptResults:
    """A folder of results.

    Args:
        folder: where they are kept; `None` keeps none. It must not be a link.
        redact: removes secrets from texts.
    """

    def __init__(self, folder: Path | None, redact: Callable[[str], str]) -> None:
        self.folder = folder
        self._redact = redact
        self._keeping = Lock()

    def keep(self, name: str, content: bytes, suffix: str) -> Path | None:
        """Write a file named after the tool and its content; returns its path, `None` without a folder.

        Raises:
            NotKept: the folder is full, or cannot be written.
        """
        if self.folder is None:
            return None
        file = f"{identifier(name) or 'tool'}-{hashlib.sha256(content).hexdigest()[:12]}{suffix}"
        try:
            with (
                self._keeping,
                Folder.open(self.folder.parent, create=True) as run,
                run.folder(self.folder.name, create=True) as folder,
            ):
                if folder.kind(file) is None:
                    held = sum(status.st_size for kept in folder.names() if (status := folder.status(kept)))
                    if held + len(content) > MOST_KEPT:
                        raise NotKept(f"is not kept: there are {MOST_KEPT:,} bytes of results already")
                    folder.write(file, content, sync=False)
        except OSError as error:
            raise NotKept(f"could not be kept: {error.strerror}") from error
        return self.folder / file

    def named(self, name: str, part: FilePart) -> str:
        """Keep the file of a content block; returns a line with its type, its size and where it is."""
        kind = visible_line(part["media_type"], 100)
        title = f" {visible_line(part['name'])!r}" if part["name"] else ""
        if part["place"]:
            return f"[{kind}{title}: {visible_line(part['place'], 500)}]"
        try:
            content = base64.b64decode(part["base64"])
        except (binascii.Error, ValueError):
            return f"[{kind}{title}, which is no base64 and not shown]"
        sized = f"{kind}{title} of {len(content):,} bytes"
        try:
            kept = self.keep(name, self._clean(kind, content), mimetypes.guess_extension(kind) or ".bin")
        except NotKept as error:
            return f"[{sized}, which {error}]"
        return f"[{sized}, not shown]" if kept is None else f"[{sized}, in {kept}]"

    def _clean(self, kind: str, content: bytes) -> bytes:
        """Remove secrets from a file of text."""
        if not kind.startswith("text/") and not kind.endswith(("json", "xml")):
            return content
        try:
            return self._redact(content.decode()).encode()
        except UnicodeError:
            return content
