"""All corpora that a person configured, searched together."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from typing import Protocol

from fieldcraft.tools.builtin.corpus.index import PassageIndex
from fieldcraft.tools.builtin.corpus.zim import ZimArchive
from fieldcraft.tools.context import Passage
from fieldcraft.tools.errors import ToolError

_EXTRA = ("tantivy", "libzim", "selectolax")
_ENOUGH = 50


class _Searched(Protocol):
    def prepare(self) -> None: ...

    def search(self, query: str, count: int) -> list[Passage]: ...


class Corpora:
    """Folders, text files, JSONL files and ZIM archives to search in (`fieldcraft.tools.CorpusPort`).

    Indexes are built on first use and updated when files change. Calls from several threads take turns.

    Args:
        paths: the corpora. Whether each exists is checked on first use.
    """

    def __init__(self, paths: Sequence[Path | str]) -> None:
        self._paths = [Path(path) for path in paths]
        self._open: dict[Path, _Searched] = {}
        self._turn = threading.Lock()

    def prepare(self) -> None:
        """Index now, so that no call has to wait for it.

        Raises:
            ToolError: one of the paths cannot be searched, or the extra `search` is not installed.
        """
        with self._turn:
            for path in self._paths:
                self._searched(path).prepare()

    def search(self, query: str, count: int) -> list[Passage]:
        """The best passages, best first; those of several corpora take turns.

        Raises:
            ToolError: one of the paths cannot be searched, or the extra `search` is not installed.
        """
        count = max(1, min(count, _ENOUGH))
        with self._turn:
            found = [self._searched(path).search(query, count) for path in self._paths]
        return [passage for row in zip_longest(*found) for passage in row if passage is not None][:count]

    def _searched(self, path: Path) -> _Searched:
        if not path.exists():
            raise ToolError(f"there is no corpus {path}; correct --corpus, or `corpus` in fieldcraft.toml")
        if not (path.is_dir() or path.is_file()):
            raise ToolError(f"the corpus {path} is neither a folder nor a plain file")
        if path not in self._open:
            missing = [name for name in _EXTRA if find_spec(name) is None]
            if missing:
                raise ToolError(f"searching needs {missing[0]}: pip install 'fieldcraft[search]'")
            archive = path.suffix.lower() == ".zim" and ZimArchive.indexed(path)
            self._open[path] = ZimArchive(path) if archive else PassageIndex(path)
        return self._open[path]
