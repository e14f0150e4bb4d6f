"""Where a fork can leave its run: at the ends of tasks, and where the world began."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.settings import RunSettings
from fieldcraft.common.errors import InputError
from fieldcraft.skills import Verified

_AT = re.compile(r"(?:(iteration|event)[:=#]?)?(\d{1,15})")


class NoSuchMoment(InputError, ValueError):
    """The run has no such iteration or event, or the words name none; the message says what there is."""


@dataclass(frozen=True)
class Moment:
    """A moment of a run, as a person names it: after an iteration, or after an event of the journal."""

    kind: str
    number: int

    @classmethod
    def of(cls, words: str | int) -> Moment:
        """The moment that `40`, `iteration:40` or `event:812` names.

        Raises:
            NoSuchMoment: they name none.
        """
        found = _AT.fullmatch(str(words).strip().lower())
        if found is None:
            raise NoSuchMoment(
                f"{str(words)[:60]!r} is no moment of a run; say 40 for the end of iteration 40, or event:812"
            )
        return cls(found[1] or "iteration", int(found[2]))

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


@dataclass
class Past:
    """What a fork shares with its run.

    Attributes:
        last: number of the last shared event.
        iterations: how many lie before it.
        remark: why the fork begins earlier than at the moment that was named; else empty.
        snapshots: the digests of the world's snapshots in these events, the latest last.
        verified: how the versions of skills that these events kept were verified, by digest.
        kept_later: the digests of those that only later events kept.
        settings: those of the run now, which say where its library is.
        library_at: its absolute path, empty where it is not known.
    """

    last: int = 0
    iterations: int = 0
    remark: str = ""
    snapshots: list[str] = field(default_factory=list)
    verified: dict[str, Verified] = field(default_factory=dict)
    kept_later: set[str] = field(default_factory=set)
    settings: RunSettings = field(default_factory=RunSettings)
    library_at: str = ""


@dataclass
class _Stop:
    """A moment at which the run's state is complete."""

    number: int = 0
    iterations: int = 0
    tasks: int = 0


def past_of(events: Iterable[e.Event], moment: Moment, run: str) -> Past:
    """The past up to the latest moment, not after the named one, at which a fork can begin.

    Args:
        events: of the whole journal of the run.
        moment: as it was named.
        run: the run's name.

    Raises:
        NoSuchMoment: the run has no such iteration or event, or its world has not begun by then.
    """
    reader = _Reader(moment)
    for event in events:
        reader.take(event)
    found = reader.found
    if not found.number:
        raise NoSuchMoment(
            f"the world of run {run!r} has not begun at {moment}; a fork begins there or later"
        )
    there = reader.events if moment.kind == "event" else reader.iterations
    if moment.number > there:
        raise NoSuchMoment(f"run {run!r} has {there} {moment.kind}s, and no {moment}")
    past = Past(
        last=found.number,
        iterations=found.iterations,
        remark=reader.remark(),
        settings=reader.settings,
        library_at=reader.library_at,
    )
    for number, digest in reader.snapshots:
        if number <= past.last:
            past.snapshots.append(digest)
    for number, digest, verified in reader.kept:
        if number <= past.last:
            past.verified[digest] = verified
    past.kept_later = {digest for _, digest, _ in reader.kept} - past.verified.keys()
    return past


class _Reader:
    """Follows a journal, and remembers the latest moment that is not too late."""

    def __init__(self, moment: Moment) -> None:
        self.found = _Stop()
        self.events = 0
        self.iterations = 0
        self.snapshots: list[tuple[int, str]] = []
        self.kept: list[tuple[int, str, Verified]] = []
        self.settings = RunSettings()
        self.library_at = ""
        self._moment = moment
        self._tasks = 0
        self._beginning = False
        self._past_it = False
        self._within = False

    def take(self, event: e.Event) -> None:
        self.events = event.number
        self._count(event)
        if isinstance(event, e.WITH_SETTINGS):
            self.settings, self.library_at = event.settings, event.library_at
        elif isinstance(event, e.SkillKept):
            self.kept.append((event.number, event.digest, event.verified))
        elif isinstance(event, e.WorldReset | e.ExecutionFinished) and event.snapshot is not None:
            self.snapshots.append((event.number, event.snapshot))
        if self._is_stop(event) and not self._past_it:
            reached = event.number if self._moment.kind == "event" else self.iterations
            self._past_it = reached > self._moment.number
            if not self._past_it:
                self.found = _Stop(event.number, self.iterations, self._tasks)
                self._within = False
        elif event.number <= self._moment.number and not isinstance(event, (*e.ASIDES, e.RunFinished)):
            self._within = True

    def remark(self) -> str:
        """Where the fork begins, if the moment lies within a task."""
        stop, number = self.found, self._moment.number
        if not self._within if self._moment.kind == "event" else number == stop.iterations:
            return ""
        after = f"after iteration {stop.iterations}" if stop.iterations else "before the first iteration"
        return (
            f"{self._moment} lies within task {stop.tasks + 1}; the fork begins at that task's start, "
            f"{after} (event {stop.number})"
        )

    def _count(self, event: e.Event) -> None:
        if isinstance(event, e.Checkpoint):
            self.iterations = event.state.spent.iterations
        elif isinstance(event, e.AnswerRefused | e.ExecutionStarted):
            self.iterations += 1
        elif isinstance(event, e.TaskFinished | e.TailSetAside):
            self._tasks = event.task_number

    def _is_stop(self, event: e.Event) -> bool:
        """Whether the run's state is complete after this event."""
        if isinstance(event, e.WorldReset):
            self._beginning = True
            return True
        if self._beginning and isinstance(event, (e.FactsLearned, *e.ASIDES)):
            return isinstance(event, e.FactsLearned)
        self._beginning = False
        return isinstance(event, e.TaskFinished | e.TailSetAside | e.Checkpoint)
