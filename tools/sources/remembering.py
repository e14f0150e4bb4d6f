"""Which tools a source had when it was last opened, so that one can be called without opening the others."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from fieldcraft.common.cache import cache_folder
from fieldcraft.common.data import DataError, Limits, read_json
from fieldcraft.common.files import Folder
from fieldcraft.tools.sources.settings import SourceSettings

_FILE = "tool-names.json"
_MOST_SOURCES = 100
_LIMITS = Limits(size=32_000_000, depth=3, items=600_000)


class RememberedTools:
    """The names of tools by source, in a file of the cache folder. A file that cannot be read is empty.

    Args:
        folder: of the file; the user's cache folder where omitted.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = cache_folder() if folder is None else folder
        self._known: dict[str, Any] = self._read()

    def had(self, origin: str, settings: SourceSettings, tool: str) -> bool:
        """Whether this source, with these settings, had a tool of this name."""
        names = self._known.get(_key(origin, settings))
        return isinstance(names, list) and tool in names

    def note(self, found: Mapping[str, tuple[SourceSettings, Sequence[str]]]) -> None:
        """Remember the names of opened sources, by origin; the oldest are forgotten."""
        before = dict(self._known)
        for origin, (settings, names) in found.items():
            if names:
                self._known[_key(origin, settings)] = list(names)
        if self._known == before:
            return
        kept = dict(list(self._known.items())[-_MOST_SOURCES:])
        try:
            with Folder.open(self._folder, create=True) as folder:
                folder.write(_FILE, to_json(kept), sync=False)
        except OSError:
            return  # a cache that cannot be written costs only time

    def _read(self) -> dict[str, Any]:
        try:
            with Folder.open(self._folder) as folder:
                found = read_json(folder.read(_FILE, limit=_LIMITS.size), _LIMITS)
        except (OSError, DataError):
            return {}
        return found if isinstance(found, dict) else {}


def _key(origin: str, settings: SourceSettings) -> str:
    return hashlib.sha256(f"{Path.cwd()}\n{origin}\n{settings.model_dump_json()}".encode()).hexdigest()[:32]
