"""The tasks of MiniWoB++ by name, and the options that choose among them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from fieldcraft.common.suggest import nearest

DEFAULT = "click-test-2"
ALL = "all"
LONGEST = 1_000_000
"""Seconds of an episode: what a timer of a page can count."""


class Chosen(NamedTuple):
    """The tasks that episodes are of, in turn, and after how many seconds one ends; `None` for its own."""

    tasks: tuple[str, ...] = (DEFAULT,)
    seconds: float | None = LONGEST

    def of(self, seed: int) -> str:
        """The task of the episode with this seed."""
        return self.tasks[seed % len(self.tasks)]


def chosen(options: Mapping[str, Any]) -> Chosen:
    """What the options of a reset choose.

    Raises:
        ValueError: an option or a task is unknown, with the nearest names, or of the wrong type.
    """
    for name in options:
        if name not in Chosen._fields:
            raise ValueError(
                f"unknown option {name!r}{nearest(name, Chosen._fields)} (there are tasks and seconds)"
            )
    return Chosen(_tasks(options.get("tasks", DEFAULT)), _seconds(options.get("seconds", LONGEST)))


@cache
def task_names() -> tuple[str, ...]:
    """All tasks, sorted; those of FlightWoB, which need a web server, are none of them."""
    return tuple(sorted(page.stem for page in pages().glob("*.html")))


def pages() -> Path:
    """The folder of the package's pages, found without importing it."""
    spec = find_spec("miniwob")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "html" / "miniwob"


def _tasks(wanted: Any) -> tuple[str, ...]:
    if wanted == ALL:
        return task_names()
    listed = [part.strip() for part in wanted.split(",")] if isinstance(wanted, str) else wanted
    if not isinstance(listed, list | tuple) or not listed:
        raise ValueError(f"option tasks: give a task, a list of them, or {ALL!r} (got {wanted!r:.60})")
    for name in listed:
        if name not in task_names():
            hint = nearest(str(name)[:100], task_names())
            raise ValueError(f"option tasks: MiniWoB++ has no task {name!r:.100}{hint}")
    return tuple(listed)


def _seconds(wanted: Any) -> float | None:
    if wanted is None:
        return None
    if isinstance(wanted, bool) or not isinstance(wanted, int | float) or not 1 <= wanted <= LONGEST:
        raise ValueError(f"option seconds: give 1 to {LONGEST}, or null (got {wanted!r:.60})")
    return float(wanted)
