"""Checksums of the files that native code reads, which may end the process where they are damaged."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

_NAME = "native.json"
_LONGEST = 1_000_000


class Seal:
    """The checksums of what Chroma keeps outside its database: its graphs of neighbours.

    SQLite finds a damaged page by itself; Chroma's own files are read as they are, and some damage to them
    kills the process or never returns. So they are compared with their checksums before they are opened.
    """

    def __init__(self, index: Path) -> None:
        self._index = index
        self._stamps: dict[str, tuple[int, int]] = {}

    def is_broken(self) -> bool:
        """Whether a file is not as it was when the seal was made, or was never sealed."""
        try:
            stamps = self._stamps_now()
            broken = self._checksums() != self._sealed()
        except OSError:
            return True
        self._stamps = {} if broken else stamps
        return broken

    def renew(self) -> None:
        """Make the seal again where a file has changed. What cannot be sealed counts as broken later."""
        with suppress(OSError):
            stamps = self._stamps_now()
            if stamps != self._stamps:
                self._index.joinpath(_NAME).write_text(json.dumps(self._checksums()))
                self._stamps = stamps

    def _files(self) -> list[Path]:
        return sorted(path for path in self._index.glob("chroma/*/*") if path.is_file())

    def _stamps_now(self) -> dict[str, tuple[int, int]]:
        states = {path.name: path.stat() for path in self._files()}
        return {name: (state.st_size, state.st_mtime_ns) for name, state in states.items()}

    def _checksums(self) -> dict[str, str]:
        found = {}
        for path in self._files():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
            found[f"{path.parent.name}/{path.name}"] = digest.hexdigest()
        return found

    def _sealed(self) -> object:
        path = self._index / _NAME
        if not path.exists():
            return {}
        if path.stat().st_size > _LONGEST:
            return None
        try:
            sealed: object = json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            return None
        return sealed
