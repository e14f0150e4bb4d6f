"""What the page of all runs shows: one row a run, filled in one after the other."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.journal.run import list_runs
from fieldcraft.agent.journal.store import Journal, JournalError
from fieldcraft.agent.journal.watching.growing import GrowingJournal, is_open, standing
from fieldcraft.report.templating import templates
from fieldcraft.serve.run_page import FOLDER

LIST_SECONDS = 1.0
"""How often the folder of runs is looked at."""
OPEN_KEPT = 8
"""Runs in progress that are read on from where they were; others are read again once they changed."""


@dataclass(frozen=True)
class Row:
    """What the list says of a run. `problem` says why its journal cannot be read."""

    name: str
    stands: str = ""
    open: bool = False
    problem: str = ""
    begun: float = 0.0
    world: str = ""
    seed: int = 0
    model: str = ""
    iterations: int = 0
    limit: int | None = None
    items: int = 0
    milestones: int = 0
    skills: int = 0
    tokens: int = 0
    money: float = 0.0
    known: bool = True

    @property
    def address(self) -> str:
        """The run's name as part of an address."""
        return quote(self.name, safe="")


class RunsPage:
    """The page of the runs in a folder; a source of a `Channel`."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._rows: dict[Path, tuple[tuple[object, ...], Row]] = {}
        self._reading: dict[Path, tuple[GrowingJournal, Overview]] = {}
        self._folders: list[Path] = []
        self._listed = 0.0

    @property
    def behind(self) -> bool:
        """Whether a run waits to be read."""
        return any(folder not in self._rows for folder in self._folders)

    def step(self) -> bool:
        """Look at the folder, then read one run that changed, the newest first."""
        before = list(self._folders)
        if time.monotonic() - self._listed >= LIST_SECONDS:
            self._folders = list_runs(self._runs)[::-1]
            self._listed = time.monotonic()
        gone = [folder for folder in self._rows if folder not in self._folders]
        for folder in gone:
            del self._rows[folder]
            self._reading.pop(folder, None)
        for folder in self._folders:
            state = _state(folder)
            if folder not in self._rows or self._rows[folder][0] != state:
                self._rows[folder] = state, self._row(folder)
                return True
        return bool(gone) or before != self._folders

    def sections(self) -> Mapping[str, str]:
        """The list as HTML."""
        rows = [
            self._rows[folder][1] if folder in self._rows else Row(folder.name, known=False)
            for folder in self._folders
        ]
        html = templates(FOLDER).get_template("sections/runs.html").render(rows=rows, folder=self._runs)
        return {"runs": html}

    def _row(self, folder: Path) -> Row:
        try:
            known = self._reading.pop(folder) if folder in self._reading else None
            journal, overview = known or (GrowingJournal(folder), Overview(run=folder.name))
            while events := journal.more():
                for event in events:
                    overview.take(event)
        except JournalError as error:
            return Row(folder.name, stands="damaged", problem=str(error))
        if is_open(folder):
            self._reading[folder] = journal, overview
            while len(self._reading) > OPEN_KEPT:
                del self._reading[next(iter(self._reading))]
        return _row_of(folder, overview)


def _state(folder: Path) -> tuple[object, ...]:
    """What is different once a run changed; looking costs a few calls of the system."""
    try:
        segment = Journal(folder).last_segment()
        if segment is None:
            return ()
        return segment.name, os.stat(segment, follow_symlinks=False).st_size, is_open(folder)  # noqa: PTH116
    except (OSError, JournalError):
        return ()


def _row_of(folder: Path, overview: Overview) -> Row:
    state, settings = overview.state, overview.settings
    return Row(
        name=folder.name,
        stands=standing(folder, overview),
        open=is_open(folder),
        begun=overview.began,
        world=settings.world,
        seed=settings.seed,
        model=settings.model,
        iterations=state.spent.iterations,
        limit=settings.budget.iterations,
        items=len(state.found()),
        milestones=len(state.reached),
        skills=len(state.kept),
        tokens=state.spent.tokens,
        money=state.spent.money,
    )
