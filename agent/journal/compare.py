"""Compare the histories of two runs, without times, ids, and pauses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal

_VOLATILE = {"number", "time", "seconds", "run", "tries", "sent"}
_NAMES = {
    "tail_set_aside": {"first", "last"},
    "draft_undone": {"first", "last"},
    "approval_parked": {"id", "replaces", "expires"},
    "approval_heard": {"id", "note", "by"},
    "approval_answered": {"id", "by"},
    "program_set_aside": {"awaits"},
    "task_finished": {"awaiting"},
}
"""What names events or parked calls in one run, or who answered them, by type of event."""
NOT_HISTORY = (e.RunStarted, e.Checkpoint, *e.ASIDES)
"""Events that say how a run is driven and kept, and not what happened in it."""


def history(folder: Path) -> list[Any]:
    """The events of the run in `folder` as plain data, without what may differ between equal runs.

    Raises:
        JournalError: the journal cannot be read.
    """
    return [comparable(event) for event in Journal(folder).events() if not isinstance(event, NOT_HISTORY)]


def comparable(event: e.Event) -> dict[str, Any]:
    """An event as plain data, without what may differ between equal runs."""
    data: dict[str, Any] = _without_volatile(event.model_dump(mode="json", exclude=_NAMES.get(event.type)))
    return data


def first_difference(one: Path, other: Path) -> str | None:
    """A description of the first event in which two runs differ; `None` if they are equal."""
    ours, theirs = history(one), history(other)
    for row, (left, right) in enumerate(zip(ours, theirs, strict=False), 1):
        if left != right:
            fields = sorted(key for key in {*left, *right} if left.get(key) != right.get(key))
            return f"event {row}: {left['type']} against {right['type']}, in {', '.join(fields)}"
    if len(ours) != len(theirs):
        return f"{len(ours)} events against {len(theirs)}"
    return None


def _without_volatile(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_volatile(value) for key, value in data.items() if key not in _VOLATILE}
    return [_without_volatile(value) for value in data] if isinstance(data, list) else data
