"""A BM25 index on disk over one corpus: derived, in the user's cache, following the corpus file by file."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from pathlib import Path
from typing import Any

from filelock import FileLock

from fieldcraft.tools.builtin.corpus.passages import words_of
from fieldcraft.tools.builtin.corpus.reading import Stamps, read, stamps
from fieldcraft.tools.cache import cache_folder
from fieldcraft.tools.context import Passage

_FORMAT = 1
"""Raise it when what is indexed, or how, changes: indexes of another format are not used."""
_HEAP = 50_000_000
_TITLE_WEIGHT = 1.5
_LONGEST_QUERY = 64
"""Words of a query that count."""

logger = logging.getLogger(__name__)


class PassageIndex:
    """Finds passages of a corpus by words (tantivy's BM25, English stems).

    The files that changed since it was last used are read again. Several processes may use one index; a crash
    in the middle leaves the one from before.
    """

    def __init__(self, corpus: Path) -> None:
        self._corpus = corpus
        key = hashlib.sha256(f"{corpus.resolve()}\n{_FORMAT}".encode()).hexdigest()[:32]
        self._folder = cache_folder() / "corpora" / key
        self._known = self._folder / "files.json"
        self._index: Any = None
        self._stamps: Stamps | None = None

    def prepare(self) -> None:
        """Bring the index up to date with the corpus's files."""
        present = stamps(self._corpus)
        if self._index is not None and present == self._stamps:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self._folder / "lock"):
            try:
                self._follow(present)
            except (ValueError, OSError) as error:
                logger.warning("the index of %s is built anew: %s", self._corpus, error)
                self._discard()
                self._follow(present)
        self._stamps = present

    def search(self, query: str, count: int) -> list[Passage]:
        """The `count` best passages, best first; ties by source."""
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

    def _follow(self, present: Stamps) -> None:
        if not self._known.exists():
            self._discard()
        index = self._open()
        known = self._read_known()
        changed = [file for file, stamp in present.items() if known.get(file) != stamp]
        gone = [file for file in known if file not in present]
        if changed or gone:
            logger.info("indexing %s: %d files changed, %d gone", self._corpus, len(changed), len(gone))
            self._write(index, changed, gone)
            self._write_known(present)
        index.reload()
        self._index = index

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

    def _open(self) -> Any:
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_text_field("file", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("source", stored=True, tokenizer_name="raw", index_option="basic")
        for name in ("title", "text"):
            builder.add_text_field(name, stored=True, tokenizer_name="en_stem", index_option="freq")
        place = self._folder / "index"
        place.mkdir(exist_ok=True)
        return tantivy.Index(builder.build(), path=str(place))

    def _discard(self) -> None:
        self._index = None
        self._known.unlink(missing_ok=True)
        shutil.rmtree(self._folder / "index", ignore_errors=True)

    def _read_known(self) -> Stamps:
        """The state of the files that are indexed. Raises `ValueError` where the record is damaged."""
        if not self._known.exists():
            return {}
        try:
            data = json.loads(self._known.read_text(encoding="utf-8"))
            return {str(file): (int(time), int(size)) for file, (time, size) in data.items()}
        except (AttributeError, TypeError) as error:
            raise ValueError(f"{self._known} is damaged") from error

    def _write_known(self, present: Stamps) -> None:
        aside = self._known.with_suffix(".tmp")
        aside.write_text(json.dumps(present), encoding="utf-8")
        aside.replace(self._known)
