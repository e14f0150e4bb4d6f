"""The search index over a library: derived, in the user's cache, and never the only copy of anything.

It holds one entry for each digest, so it follows the library skill by skill. Chroma loses data when two
processes open one directory; a process that does not get the directory's lock works with an index in memory,
built from the vectors that are remembered per model. A damaged index is thrown away and built again.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
import re
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from fieldcraft.common.cache import cache_folder
from fieldcraft.common.cache_folders import check_ours, open_cache, work_in_memory
from fieldcraft.common.files import Folder
from fieldcraft.common.plugins import name_of
from fieldcraft.common.text import valid_text
from fieldcraft.skills.library.locking import FolderLock, LockTaken
from fieldcraft.skills.library.skill import Skill
from fieldcraft.skills.program.source import ProgramError, parse_program
from fieldcraft.skills.search.dense import DenseIndex, IndexDamaged
from fieldcraft.skills.search.embeddings import DEFAULT, TextEmbeddings, load_embeddings
from fieldcraft.skills.search.lexical import LexicalIndex, split_words
from fieldcraft.skills.search.plain_words import in_plain_words
from fieldcraft.skills.search.seal import Seal
from fieldcraft.skills.search.vectors import Embedder, View

_Result = TypeVar("_Result")

_LOGGER = logging.getLogger(__name__)
_DAMAGE = (IndexDamaged, sqlite3.DatabaseError)
_NAME_WEIGHT = 0.5
"""How much the name alone counts beside all the text of a skill. A view more, for the description, finds no
more of the paraphrased queries among the best five and costs a third more time."""
_PLAIN_WEIGHT = 0.8
"""How much other words for what the name names count, where there are any. There are few such texts, each of
many skills, so they are embedded once."""
_GENERATION = re.compile(r"index\.[0-9]{1,9}")
_TEXT = 8_000
"""Characters of a skill's or a query's text that count."""
_FORMAT = 3
"""Raise it when the texts that are indexed, or how, change: indexes of another format are not used."""


class Views(NamedTuple):
    """What is indexed of a skill: texts whose mean vector it gets, and a text whose words it is found by."""

    dense: tuple[View, ...]
    words: str


class Hits(NamedTuple):
    """What an index found, by digest: cosines, and BM25 scores (higher is better)."""

    dense: dict[str, float]
    lexical: dict[str, float]


def vector_cache(model: str) -> tuple[str, str]:
    """The folders of the cache where the vectors that a model gave are remembered, for all libraries."""
    return "skills", re.sub(r"[^\w.-]+", "-", model) + f"-{_FORMAT}"


class SkillIndex:
    """The dense and the lexical index of one library under one embedding model."""

    def __init__(
        self, library: Path, embeddings: str | TextEmbeddings | None, chroma_url: str | None
    ) -> None:
        embeddings = embeddings or DEFAULT
        model = embeddings if isinstance(embeddings, str) else name_of(embeddings)
        place = os.path.realpath(library)
        identity = f"{place}\n{model}\n{_FORMAT}".encode("utf-8", "surrogateescape")
        self._key = hashlib.sha256(identity).hexdigest()[:32]
        self._names = (*vector_cache(model), self._key)
        self._directory = cache_folder().joinpath(*self._names)
        self._chroma_url = chroma_url
        found = load_embeddings(embeddings) if isinstance(embeddings, str) else embeddings
        self._embedder = Embedder(found, vector_cache(model))
        self._lock = FolderLock()
        self._cache: Folder | None = None
        self._generation = 0
        self._skills: Mapping[str, Skill] = {}
        self._owned = self._own()
        self._seal = Seal(self._place)
        self._dense: DenseIndex
        self._lexical: LexicalIndex
        self._open()
        if self._embedder.changed:
            self._dense.change({}, set(self._dense.digests))

    def sync(self, skills: Mapping[str, Skill]) -> None:
        """Follow the library: add by digest what is missing, take away what is gone."""
        self._skills = skills
        self._mended(self._follow)

    def prepare(self, query: str) -> None:
        """What a search for this takes longest for; safe while another thread follows the library."""
        self._embedder.query(valid_text(query[:_TEXT]))

    def search(self, query: str, count: int) -> Hits:
        """The `count` best skills by meaning, and as many by words."""
        query = valid_text(query[:_TEXT])
        vector = self._embedder.query(query)
        return self._mended(
            lambda: Hits(self._dense.search(vector, count), self._lexical.search(query, count))
        )

    def close(self) -> None:
        """Let go of everything, so that another process can have the directory."""
        self._close_parts()
        self._embedder.close()
        self._release()

    def _follow(self) -> None:
        wanted = self._skills.keys()
        if self._chroma_url:
            self._dense.reload()
        missing = sorted(wanted - self._dense.digests)
        vectors = self._embedder.documents([views_of(self._skills[digest]).dense for digest in missing])
        self._dense.change(dict(zip(missing, vectors, strict=True)), self._dense.digests - wanted)
        unworded = sorted(wanted - self._lexical.digests)
        words = {digest: views_of(self._skills[digest]).words for digest in unworded}
        self._lexical.change(words, self._lexical.digests - wanted)

    def _mended(self, work: Callable[[], _Result]) -> _Result:
        """Do `work`; where the index turns out to be damaged, make a new one and do it again."""
        try:
            return self._sealed(work)
        except _DAMAGE as error:
            if not _is_full(error):
                _LOGGER.warning(
                    "the search index %s is damaged (%s); building it again", self._directory, error
                )
        self._close_parts()
        try:
            self._renew()
            self._follow()
            return self._sealed(work)
        except (OSError, *_DAMAGE) as error:
            self._use_memory(error)
        self._follow()
        return self._sealed(work)

    def _sealed(self, work: Callable[[], _Result]) -> _Result:
        """Do `work`, in which Chroma may write its files."""
        done = work()
        if self._owned:
            self._seal.renew()
        return done

    def _own(self) -> bool:
        """Whether the directory is ours alone and can be written."""
        try:
            self._cache = open_cache(*self._names)
            self._lock.acquire(self._cache, "lock", timeout=0)
            kept = [name for name in self._cache.names() if _GENERATION.fullmatch(name)]
            for name in kept:
                check_ours(self._cache, name)
        except LockTaken:
            _LOGGER.info("another process uses the search index; searching in memory")
        except OSError as error:
            work_in_memory(error)
        else:
            self._generation = max((int(name.partition(".")[2]) for name in kept), default=0)
            return True
        self._close_cache()
        return False

    def _open(self) -> None:
        try:
            if self._owned and not self._chroma_url and self._seal.is_broken():
                raise IndexDamaged("its files are not as they were written")
            self._open_parts()
        except _DAMAGE as error:
            self._open_again(error)
        except OSError as error:
            self._use_memory(error)
        except Exception:
            self._release()
            raise

    def _open_again(self, damage: Exception) -> None:
        """Open a new index in place of a damaged one, in memory where there is no room for it."""
        if not _is_full(damage):
            _LOGGER.warning("the search index %s is damaged (%s); making a new one", self._directory, damage)
        try:
            self._renew()
        except (OSError, *_DAMAGE) as error:
            self._use_memory(error)

    def _use_memory(self, error: Exception) -> None:
        """Leave the folder of the cache, which cannot be written.

        Raises:
            Exception: the error itself, where the index is in memory already.
        """
        if not self._owned:
            raise error
        work_in_memory(error)
        with suppress(*_DAMAGE, OSError, AttributeError):
            self._close_parts()
        if self._cache is not None:
            with suppress(OSError):
                self._cache.remove_tree(self._place.name)
        self._release()
        self._open_parts()

    def _renew(self) -> None:
        """Begin an empty index in a new folder: Chroma cannot open a path again that was deleted under it."""
        if self._owned and self._cache is not None:
            with suppress(OSError):
                self._cache.remove_tree(self._place.name)
            self._generation += 1
            self._seal = Seal(self._place)
        if self._chroma_url:
            _LOGGER.warning("leaving the Chroma server %s; searching in memory", self._chroma_url)
            self._chroma_url = None
            self._release()
        self._open_parts()

    @property
    def _place(self) -> Path:
        return self._directory / f"index.{self._generation}"

    def _open_parts(self) -> None:
        dimension = self._embedder.dimension
        if self._owned and self._cache is not None:
            self._cache.folder(self._place.name, create=True).close()
        if self._chroma_url:
            self._dense = DenseIndex.on_server(self._chroma_url, f"skills-{self._key}", dimension)
        elif self._owned:
            self._dense = DenseIndex.on_disk(self._place / "chroma", dimension)
        else:
            self._dense = DenseIndex.in_memory(dimension)
        self._lexical = LexicalIndex(self._place / "words.sqlite" if self._owned else None)

    def _close_parts(self) -> None:
        self._dense.close()
        with suppress(sqlite3.Error):
            self._lexical.close()

    def _release(self) -> None:
        self._owned = False
        self._close_cache()

    def _close_cache(self) -> None:
        self._lock.release()
        if self._cache is not None:
            self._cache.close()
            self._cache = None


def _is_full(error: Exception) -> bool:
    """Whether the disk is full, which is no damage."""
    return "disk is full" in str(error)


def views_of(skill: Skill) -> Views:
    """What a skill is found by: its name, in plain words too, its description, task, goal and docstring."""
    name = split_words(valid_text(skill.entry[:_TEXT])).lower()
    goal = skill.provenance.goal
    more = [skill.provenance.task[:_TEXT], _docstring(skill)[:_TEXT], _leaves(goal) if goal else ""]
    further = [text for text in dict.fromkeys(more) if text and text not in skill.description]
    everything = valid_text(" ".join([f"{name}. {skill.description}", *further])[:_TEXT])
    views = ((name, _NAME_WEIGHT), (everything, 1.0))
    plain = in_plain_words(name)
    if not plain:
        return Views(views, everything)
    each = _PLAIN_WEIGHT / math.sqrt(len(plain))
    return Views((*views, *((meaning, each) for meaning in plain)), f"{everything} {'; '.join(plain)}")


def _docstring(skill: Skill) -> str:
    try:
        return parse_program(skill.source, skill.language).docstring
    except ProgramError:
        return ""


def _leaves(goal: object) -> str:
    """The words in a goal's data, in order, as far as they count."""
    words: list[str] = []
    room = _TEXT
    waiting: list[object] = [goal]
    while waiting and room > 0:
        match waiting.pop():
            case dict() as data:
                waiting.extend(part for pair in reversed(data.items()) for part in reversed(pair))
            case list() as data:
                waiting.extend(reversed(data))
            case leaf:
                words.append(split_words(str(leaf)[:room]))
                room -= len(words[-1]) + 1
    return " ".join(words)
