"""The past of a run, read from the segments of its journal where it is asked for."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal, read_segment
from fieldcraft.envs import Observation
from fieldcraft.report.reading import tell
from fieldcraft.report.story import Iteration, Story
from fieldcraft.serve.drawings import Point

CHAPTERS_KEPT = 2
"""Segments whose stories are kept in memory."""


@dataclass(frozen=True)
class Start:
    """Where a segment begins: the iterations and distinct items before it."""

    segment: Path
    iterations: int
    items: int


@dataclass(frozen=True)
class Chapter:
    """The story of one segment, and the world after each of its iterations."""

    story: Story
    worlds: dict[int, Observation]


class History:
    """The iterations of a run, by number; each call reads at most the segments that it needs.

    Several threads may call.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._starts: dict[str, Start] = {}
        self._chapters: OrderedDict[tuple[str, int], Chapter] = OrderedDict()
        self._lock = Lock()

    def iterations(self, last: int, count: int) -> list[Iteration]:
        """Up to `count` iterations up to number `last`, the newest first.

        Raises:
            JournalError: the journal is damaged.
        """
        found: list[Iteration] = []
        with self._lock:
            starts = self._known_starts()
            for start in reversed(starts[: self._index(starts, last) + 1]):
                if len(found) >= count:
                    break
                told = self._chapter(start.segment).story.iterations
                found += [one for one in reversed(told) if one.number <= last][: count - len(found)]
        return found

    def iteration(self, number: int) -> tuple[Iteration, Observation | None] | None:
        """One iteration, and the world as it left it; `None` if the run has no such iteration.

        Raises:
            JournalError: the journal is damaged.
        """
        with self._lock:
            starts = self._known_starts()
            chapter = self._chapter(starts[self._index(starts, number)].segment)
        found = [one for one in chapter.story.iterations if one.number == number]
        return (found[-1], chapter.worlds.get(number)) if found else None

    def curve(self) -> list[Point]:
        """Iterations and distinct items: exact in the first segment, else at the beginning of each.

        Raises:
            JournalError: the journal is damaged.
        """
        with self._lock:
            starts = self._known_starts()
            if len(starts) < 2:
                return []
            numbers, counts = self._chapter(starts[0].segment).story.curve()
            exact: list[Point] = list(zip(numbers, counts, strict=True))
            return [*exact, *((start.iterations, start.items) for start in starts[1:])]

    @staticmethod
    def _index(starts: list[Start], number: int) -> int:
        """Which segment holds an iteration."""
        return max(0, bisect_right([start.iterations for start in starts], number - 1) - 1)

    def _known_starts(self) -> list[Start]:
        segments = Journal(self._folder).segments()
        for segment in segments:
            if segment.name not in self._starts:
                self._starts[segment.name] = _start(segment)
        return [self._starts[segment.name] for segment in segments] or [Start(self._folder, 0, 0)]

    def _chapter(self, segment: Path) -> Chapter:
        key = segment.name, segment.stat().st_size
        chapter = self._chapters.pop(key, None) or _read(segment)
        self._chapters[key] = chapter
        while len(self._chapters) > CHAPTERS_KEPT:
            self._chapters.popitem(last=False)
        return chapter


def _start(segment: Path) -> Start:
    for event in read_segment(segment):
        if isinstance(event, e.Checkpoint):
            return Start(segment, event.state.spent.iterations, len(event.state.found()))
        break
    return Start(segment, 0, 0)


def _read(segment: Path) -> Chapter:
    worlds: dict[int, Observation] = {}

    def noted() -> Iterator[e.Event]:
        for event in read_segment(segment):
            if isinstance(event, e.ExecutionFinished | e.ExecutionInterrupted):
                worlds[event.iteration] = event.observation
            yield event

    return Chapter(tell(noted(), run=segment.parent.name), worlds)
