"""Where two runs part, and what each of them did from there on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.compare import NOT_HISTORY, comparable
from fieldcraft.agent.journal.reducer import apply
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.redact import redact
from fieldcraft.agent.settings import RunSettings
from fieldcraft.common.fields import FOR_FILES
from fieldcraft.common.text import visible_line

_WORLD = ("environment", "seed", "options")
_ASIDE = {"budget", "library", "library_owners", "keep_prompts", "listeners", "world_process"}
"""Settings that change no event of a history."""


@dataclass(frozen=True)
class Parting:
    """The first event in which two runs differ.

    Attributes:
        events: its number in each run; `None` in the one that ends before it.
        types: what it is in each.
        fields: those in which it differs, where it is the same in both.
        iteration: how many iterations lie before it.
        task: the words of the task in which it lies; empty between tasks.
    """

    events: tuple[int | None, int | None]
    types: tuple[str, str]
    fields: tuple[str, ...]
    iteration: int
    task: str


@dataclass(frozen=True)
class Course:
    """What a run did from a moment on.

    Attributes:
        iterations: programs written.
        done: the tasks that were done, in words, oldest first.
        failed: those that were not.
        items: first held since.
        milestones: first reached since.
        skills: kept since, by name; a new version counts.
        calls: of models.
        tokens: input and output together.
        money: in USD.
        seconds: in models, programs and verification.
        deaths: of the agent.
    """

    iterations: int = 0
    done: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    milestones: list[str] = field(default_factory=list)
    skills: list[str] = field(default_factory=list)
    calls: int = 0
    tokens: int = 0
    money: float = 0.0
    seconds: float = 0.0
    deaths: int = 0


@dataclass(frozen=True)
class Difference:
    """Two runs side by side: how much they share, where they part, and what each did after.

    `parting` is `None` where their histories are equal. `settings` are those in force where they part, or at
    the end, that differ, the world and its seed first, each with its value in both.
    """

    shared: int
    parting: Parting | None
    after: tuple[Course, Course]
    settings: dict[str, tuple[str, str]] = field(default_factory=dict)


def difference(one: Path, other: Path) -> Difference:
    """Compare the histories of two runs without times, ids and pauses, in one pass.

    Raises:
        JournalError: a journal is damaged or of an unknown format.
    """
    ours, theirs = _Follower(one), _Follower(other)
    shared = 0
    for left, right in zip_longest(ours.history(), theirs.history()):
        parting = _parting(left, right, ours)
        if parting is not None:
            settings = _settings(ours.settings, theirs.settings)
            return Difference(shared, parting, (ours.rest(left), theirs.rest(right)), settings)
        shared += 1
        ours.take(left)
        theirs.take(right)
    return Difference(shared, None, (Course(), Course()), _settings(ours.settings, theirs.settings))


def _settings(one: RunSettings, other: RunSettings) -> dict[str, tuple[str, str]]:
    """The settings that may change a history and differ, without secrets."""
    ours, theirs = (each.model_dump(mode="json", context=FOR_FILES, exclude=_ASIDE) for each in (one, other))
    names = [*_WORLD, *(name for name in ours if name not in _WORLD)]
    return {name: (_shown(ours[name]), _shown(theirs[name])) for name in names if ours[name] != theirs[name]}


def _shown(value: Any) -> str:
    return visible_line(redact(value if isinstance(value, str) else json.dumps(value)), 100) or "none"


class _Follower:
    """Follows the journal of a run; `state` is that before the event that was read last."""

    def __init__(self, folder: Path) -> None:
        self.state = RunState()
        self.settings = RunSettings()
        self._events = Journal(folder).events()

    def history(self) -> Iterator[e.Event]:
        """The events that count for the history; the others are taken as they come."""
        for event in self._events:
            if isinstance(event, e.Checkpoint) and not self.state.events:
                self.state = event.state.model_copy(deep=True)
            if isinstance(event, e.WITH_SETTINGS):
                self.settings = event.settings
            if isinstance(event, NOT_HISTORY):
                apply(self.state, event)
            else:
                yield event

    def take(self, event: e.Event) -> None:
        apply(self.state, event)

    def rest(self, event: e.Event | None) -> Course:
        """What the run does from this event to its end."""
        before = self.state.model_copy(deep=True)
        if event is not None:
            apply(self.state, event)
        for later in self._events:
            apply(self.state, later)
        return _course(before, self.state)


def _parting(left: e.Event | None, right: e.Event | None, ours: _Follower) -> Parting | None:
    """How two events of the same place differ; `None` where they do not."""
    one, other = (None if event is None else comparable(event) for event in (left, right))
    if one == other:
        return None
    types = tuple("the end" if event is None else event.type for event in (left, right))
    numbers = tuple(None if event is None else event.number for event in (left, right))
    names = _differing(one, other) if one and other and types[0] == types[1] else ()
    state = ours.state
    return Parting(
        events=(numbers[0], numbers[1]),
        types=(types[0], types[1]),
        fields=names,
        iteration=state.spent.iterations,
        task=state.task.words if state.task else "",
    )


def _differing(one: dict[str, Any], other: dict[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(key for key in {*one, *other} if one.get(key) != other.get(key)))


def _course(before: RunState, after: RunState) -> Course:
    ended = after.finished_tasks[len(before.finished_tasks) :]
    calls = sum(after.calls.values()) - sum(before.calls.values())
    return Course(
        iterations=after.spent.iterations - before.spent.iterations,
        done=[words for words, success in ended if success],
        failed=[words for words, success in ended if not success],
        items=[item for item in after.found() if item not in before.found()],
        milestones=[name for name in after.reached if name not in before.reached],
        skills=sorted(name for name, digest in after.kept.items() if before.kept.get(name) != digest),
        calls=calls,
        tokens=after.spent.tokens - before.spent.tokens,
        money=after.spent.money - before.spent.money,
        seconds=after.spent.seconds - before.spent.seconds,
        deaths=max(0, after.progress.deaths - before.progress.deaths),
    )
