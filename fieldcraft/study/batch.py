"""Trials in a folder: they run in parallel processes, and can be stopped and resumed."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Generic

from pydantic import BaseModel, ValidationError

from fieldcraft.agent.journal.folders import inside, why
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.journal.state import Spent
from fieldcraft.agent.journal.store import Journal, JournalError
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.common.errors import FieldcraftError
from fieldcraft.common.fields import FOR_FILES
from fieldcraft.common.files import Folder
from fieldcraft.common.locks import FileLock, LockTimeout
from fieldcraft.study.records import Listener, Record, TrialT
from fieldcraft.study.sources import fingerprint
from fieldcraft.study.trials import Request, read_result
from fieldcraft.study.worker_pool import WorkerPool


class StudyError(FieldcraftError, RuntimeError):
    """A study or a benchmark cannot be started or resumed; the message says what to do."""


class Batch(ABC, Generic[TrialT]):
    """Trials that are run together. `request_stop` may be called from a signal handler.

    Attributes:
        noun: what the whole is called in messages.
        worker: the module of the processes that run the trials.
        folder: the folder of the plan, results, tables and figures.
        records: one record for each trial, in the plan's order.
        mixed: how many results, when it was opened, came from other source code.
        stopped: why it was stopped before its end; empty if it was not.
    """

    noun = "study"
    worker = "fieldcraft.study.worker"
    folder: Path
    records: list[Record[TrialT]]
    mixed: int
    stopped: str

    @abstractmethod
    def request(self, record: Record[TrialT]) -> Request:
        """What a worker is asked for."""

    def needs(self, record: Record[TrialT]) -> str | None:  # noqa: ARG002
        """The name of the trial that fills its library and so has to be done before; `None` for none."""
        return None

    @property
    def spent(self) -> Spent:
        """What all trials together have spent, including earlier processes."""
        total = Spent()
        for record in self.records:
            for name in Spent.model_fields:
                setattr(total, name, getattr(total, name) + getattr(record.spent, name))
        return total

    def counts(self) -> dict[str, int]:
        """How many trials have each outcome."""
        outcomes = [record.outcome for record in self.records]
        return {outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)}

    def request_stop(self, reason: str) -> None:
        """Stop every trial at its next event; all of them can be resumed."""
        self.stopped = self.stopped or reason

    def run(
        self, *, jobs: int = 1, budget: BudgetLimits | None = None, listeners: Sequence[Listener] = ()
    ) -> None:
        """Run the remaining trials.

        Args:
            jobs: how many processes run at a time.
            budget: limits on the whole, including earlier processes; `iterations` is ignored.
            listeners: functions that this thread calls with every update.

        Raises:
            StudyError: the budget is already used up.
            KeyboardInterrupt: raised again after the processes were killed.
        """
        limits = (budget or BudgetLimits()).model_copy(update={"iterations": None})
        used_up = self.spent.exhausted(limits, another_program=False)
        left = [record for record in self.records if record.outcome != "done"]
        if used_up and left:
            raise StudyError(
                f"{used_up} already, with {len(left)} of {len(self.records)} trials left; raise it to resume"
            )
        pool = WorkerPool(self, left, limits)
        pool.run(min(jobs, len(left)), listeners)

    def look_up(self, runs: Path) -> None:
        """Take in what the trials' runs have come to so far."""
        code = fingerprint()
        for record in self.records:
            known = read_result(runs / record.name)
            if known is None:
                record.spent = _spent_so_far(runs / record.name)
                continue
            record.outcome, record.spent, record.measured = "done", known.spent, known
            self.mixed += known.code != code


@contextmanager
def held(home: Path, store: Path, parts: Sequence[str], *, noun: str) -> Iterator[None]:
    """Hold the lock on a batch's folder, which is made where it is missing.

    Args:
        home: the folder.
        store: the folder of its runs and libraries, which may be the same.
        parts: subfolders of that, which must not be links.
        noun: what it is called in messages.

    Raises:
        StudyError: another process has it open, or it cannot be written.
    """
    try:
        with Folder.open(store, create=True) as shared:
            for part in parts:
                if shared.kind(part) is not None:
                    shared.folder(part).close()
        with inside(home, create=True) as place, FileLock("study.lock").held(place, timeout=0):
            yield
    except LockTimeout:
        raise StudyError(f"the {noun} {home} is open in another process") from None
    except OSError as error:
        raise StudyError(f"{home} cannot be written ({why(error)}); choose another folder") from error


def keep_plan(plan: BaseModel, path: Path, *, noun: str) -> None:
    """Write the plan where there is none yet; refuse another one.

    Raises:
        StudyError: the folder has another plan, or a damaged one.
    """
    kept = plan.model_dump_json(indent=1, context=FOR_FILES)
    try:
        with inside(path.parent) as home:
            if home.kind(path.name) is None:
                home.write(path.name, kept.encode())
                return
            before = type(plan).model_validate_json(home.read(path.name))
    except ValidationError as error:
        raise StudyError(f"{path} is damaged, or of another version; choose another name") from error
    now = type(plan).model_validate_json(kept)
    fields = type(plan).model_fields
    if differ := [name for name in fields if getattr(before, name) != getattr(now, name)]:
        raise StudyError(
            f"the {noun} {path.parent} was planned with other {', '.join(differ)}; repeat its flags to "
            "resume it, or choose another name"
        )


def _spent_so_far(folder: Path) -> Spent:
    """What an interrupted trial has spent."""
    overview = Overview()
    with contextlib.suppress(JournalError):
        for event in Journal(folder).events(last_segment=True):
            overview.take(event)
    return overview.state.spent
