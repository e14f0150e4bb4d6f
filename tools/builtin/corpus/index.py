"""A BM25 index of one corpus in the user's cache, updated file by file."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from pathlib import Path
from typing import Any

from filelock import FileLock

from fieldcraft.common.cache import cache_folder
from fieldcraft.common.cache_folders import work_in_memory
from fieldcraft.common.data import Limits, read_json
from fieldcraft.common.files import Folder, UnsafeFile
from fieldcraft.tools.builtin.corpus.passages import words_of
from fieldcraft.tools.builtin.corpus.reading import Stamps, read, stamps
from fieldcraft.tools.context import Passage
from fieldcraft.tools.errors import ToolError

_FORMAT = 1
"""The format version: increase it when the content or structure of indexes changes."""
_HEAP = 50_000_000
_TITLE_WEIGHT = 1.5
_LONGEST_QUERY = 64
"""The most words of a query that are used."""
_KNOWN, _INDEX, _LOCK = "files.json", "index", "lock"
_RECORD = Limits(size=64_000_000, items=500_000, depth=3)

logger = logging.getLogger(__name__)


class PassageIndex:
    """Finds passages of a corpus by words (tantivy's BM25, English stems).

    Files that changed since the last use are read again. Several processes may use one index; a crash during
    an update leaves the previous index.
    """

    def __init__(self, corpus: Path) -> None:
        self._corpus = corpus
        key = hashlib.sha256(f"{corpus.resolve()}\n{_FORMAT}".encode()).hexdigest()[:32]
        self._key = key
        self._folder = cache_folder() / "corpora" / key
        self._index: Any = None
        self._stamps: Stamps | None = None
        self._in_memory = False

    def prepare(self) -> None:
        """Bring the index up to date with the corpus's files."""
        present = stamps(self._corpus)
        if self._index is not None and present == self._stamps:
            return
        if self._in_memory:
            self._follow_in_memory(present)
            self._stamps = present
            return
        try:
            with (
                Folder.open(cache_folder(), create=True) as cache,
                cache.inside("corpora", self._key, create=True) as folder,
            ):
                _check_own(folder)
                with FileLock(self._folder / _LOCK):
                    self._follow_or_rebuild(folder, present)
        except UnsafeFile as error:
            raise ToolError(f"the index of {self._corpus} cannot be kept: {error}") from error
        except (ValueError, OSError) as error:
            work_in_memory(error)
            self._index = None
            self._follow_in_memory(present)
        self._stamps = present

    def _follow_or_rebuild(self, folder: Folder, present: Stamps) -> None:
        try:
            self._follow(folder, present)
        except UnsafeFile:
            raise
        except (ValueError, OSError) as error:
            logger.warning("the index of %s is built again: %s", self._corpus, error)
            self._discard(folder)
            self._follow(folder, present)

    def search(self, query: str, count: int) -> list[Passage]:
        """The `count` best passages, best first; ties are sorted by source."""
        self.prepare()
        words = " ".join(words_of(query)[:_LONGEST_QUERY])
        if not words:
            return []
        parsed, _ = self._index.parse_query_lenient(
            words, ["title", "text"], field_boosts={"title": _TITLE_WEIGHT}
        )
        searcher = self._index.searcher()
        found = []
        for score, address in searcher.search(parsed, count).hits:
            fields = searcher.doc(address).to_dict()
            passage = Passage(*(fields[name][0] for name in ("source", "title", "text")))
            found.append((-score, passage.source, passage))
        return [passage for _, _, passage in sorted(found, key=lambda row: row[:2])]

    def _follow(self, folder: Folder, present: Stamps) -> None:
        if folder.kind(_KNOWN) is None:
            self._discard(folder)
        index = self._open(folder)
        known = _read_known(folder)
        changed = [file for file, stamp in present.items() if known.get(file) != stamp]
        gone = [file for file in known if file not in present]
        if changed or gone:
            logger.info("indexing %s: %d files changed, %d gone", self._corpus, len(changed), len(gone))
            self._write(index, changed, gone)
            folder.write(_KNOWN, json.dumps(present).encode())
        index.reload()
        self._index = index

    def _follow_in_memory(self, present: Stamps) -> None:
        """Index in memory what has changed since the last time; everything where there is no such index."""
        known = self._stamps if self._in_memory and self._stamps is not None else {}
        if not self._in_memory:
            self._in_memory, self._index = True, _index_at(None)
        changed = [file for file, stamp in present.items() if known.get(file) != stamp]
        self._write(self._index, changed, [file for file in known if file not in present])
        self._index.reload()

    def _write(self, index: Any, changed: list[str], gone: list[str]) -> None:
        import tantivy

        writer = index.writer(heap_size=_HEAP, num_threads=1)
        try:
            for file in (*changed, *gone):
                writer.delete_documents_by_term("file", file)
            for file in changed:
                for passage in read(self._corpus, file):
                    writer.add_document(
                        tantivy.Document(
                            file=file, source=passage.source, title=passage.title, text=passage.text
                        )
                    )
            writer.commit()
        finally:
            writer.wait_merging_threads()

    def _open(self, folder: Folder) -> Any:
        folder.folder(_INDEX, create=True).close()
        return _index_at(self._folder / _INDEX)

    def _discard(self, folder: Folder) -> None:
        self._index = None
        if folder.kind(_KNOWN) is not None:
            folder.remove(_KNOWN)
        if folder.kind(_INDEX) is not None:
            folder.remove_tree(_INDEX)


def _index_at(place: Path | None) -> Any:
    """The index in a folder, which may hold one, or a new one in memory."""
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_text_field("file", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("source", stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("title", "text"):
        builder.add_text_field(name, stored=True, tokenizer_name="en_stem", index_option="freq")
    return tantivy.Index(builder.build(), path=None if place is None else str(place))


def _check_own(folder: Folder) -> None:
    """Refuse a folder of another user, and a lock that is not a regular file."""
    status = folder.path.lstat()
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        raise UnsafeFile(folder.path, "belongs to another user; set FIELDCRAFT_CACHE to your own folder")
    if folder.kind(_LOCK) not in {"file", None}:
        raise UnsafeFile(folder.path / _LOCK, "is not a regular file; remove it")


def _read_known(folder: Folder) -> Stamps:
    """The state of the indexed files. Raises `ValueError` if the record is damaged."""
    if folder.kind(_KNOWN) is None:
        return {}
    try:
        data = read_json(folder.read(_KNOWN, limit=_RECORD.size), _RECORD)
        return {str(file): (int(time), int(size)) for file, (time, size) in data.items()}
    except (AttributeError, TypeError) as error:
        raise ValueError(f"{folder.path / _KNOWN} is damaged") from error
