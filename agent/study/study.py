"""A study on disk: its lives run in parallel processes, stopped and gone on with at will."""

from __future__ import annotations

import contextlib
import logging
import queue
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, ValidationError

from fieldcraft.agent.journal import Journal, JournalError, write_atomically
from fieldcraft.agent.session import BadWorldOptions, open_clients
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.agent.state import Spent
from fieldcraft.agent.study.design import Store, StudyPlan, Trial, name_of
from fieldcraft.agent.study.lives import Ended, Measured, Order, Step, read_result
from fieldcraft.agent.study.sources import fingerprint
from fieldcraft.agent.study.workers import Worker
from fieldcraft.agent.summary import Overview
from fieldcraft.envs import Environment, make, nearest
from fieldcraft.tools.sources.secrets import FOR_FILES

logger = logging.getLogger(__name__)


class StudyError(RuntimeError):
    """A study cannot be begun or gone on with; the message says what to do."""


class Record(BaseModel):
    """A trial and what became of it: `waiting`, `running`, `done`, `stopped` or `failed`."""

    model_config = ConfigDict(extra="forbid")

    name: str
    trial: Trial
    outcome: str = "waiting"
    reason: str = ""
    spent: Spent = Spent()
    measured: Measured | None = None


@dataclass(frozen=True)
class Update:
    """Something happened to a trial: it began, went a step on, or ended."""

    record: Record
    step: Step | None = None


Listener = Callable[[Update], None]


@dataclass
class Study:
    """A plan, the folder it is lived in, and how far it has come.

    Make it with `open_study`. `request_stop` may be called from a signal handler.

    Attributes:
        plan: what is compared.
        folder: of this study's plan, results, tables and figures.
        store: of the lives, which studies share.
        records: one for each trial, in the plan's order.
        mixed: how many of the results there were when it was opened come from other source code.
        stopped: why it was stopped before its end, empty where it was not.
    """

    plan: StudyPlan
    folder: Path
    store: Store
    records: list[Record] = field(default_factory=list)
    mixed: int = 0
    stopped: str = ""

    @property
    def spent(self) -> Spent:
        """Of all lives together, those of earlier processes included."""
        total = Spent()
        for record in self.records:
            for name in Spent.model_fields:
                setattr(total, name, getattr(total, name) + getattr(record.spent, name))
        return total

    def counts(self) -> dict[str, int]:
        """How many trials have each outcome."""
        outcomes = [record.outcome for record in self.records]
        return {outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)}

    def library_goals(self) -> set[str]:
        """Items that tasks asked for of which the plan's own library keeps a skill."""
        from fieldcraft.skills import SkillLibrary

        if not self.plan.library:
            return set()
        skills = SkillLibrary(Path(self.plan.library))
        goals = [skill.provenance.goal for skill in skills if skill.provenance and skill.provenance.goal]
        return {str(goal["item"]) for goal in goals if "item" in goal}

    def request_stop(self, reason: str) -> None:
        """Stop every life at its next event; all of them can be gone on with."""
        self.stopped = self.stopped or reason

    def run(
        self, *, jobs: int = 1, budget: BudgetLimits | None = None, listeners: Sequence[Listener] = ()
    ) -> None:
        """Live what is left of the study.

        Args:
            jobs: processes at a time.
            budget: limits on the whole study (`iterations` is not looked at), earlier processes included.
            listeners: told, in this thread, of every step.

        Raises:
            StudyError: the budget is used up already.
            KeyboardInterrupt: ends the processes at once and passes on.
        """
        limits = (budget or BudgetLimits()).model_copy(update={"iterations": None})
        used_up = self.spent.exhausted(limits, another_program=False)
        left = [record for record in self.records if record.outcome != "done"]
        if used_up and left:
            raise StudyError(
                f"{used_up} already, with {len(left)} of {len(self.records)} lives to go; raise it to go on"
            )
        crew = _Crew(self, left, limits)
        crew.run(min(jobs, len(left)), listeners)


@contextmanager
def open_study(
    plan: StudyPlan, folder: Path = Path("studies"), *, name: str | None = None, fresh: bool = False
) -> Iterator[Study]:
    """Open a study, a new one or one that was begun, and hold its lock.

    Args:
        plan: what is compared; a study that was begun keeps its own and refuses another.
        folder: of studies; their lives are in its `runs` and `libraries`.
        name: of the study; made from the plan where omitted, so that the same plan goes on.
        fresh: delete the study and its lives first, those that other studies share included.

    Raises:
        StudyError: the study was planned otherwise, another process has it open, or its folder cannot be
            written.
        BadWorldOptions, UnknownEnvironment: the worlds cannot be made as the plan wants them.
        UnknownModel, MissingExtra, MissingKey, BadScript: nor can the models.
    """
    open_clients(plan.settings)
    check_worlds(plan)
    home, store = folder / (name or f"{plan.kind}-{plan.digest()}"), Store(folder)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(home / "study.lock")
        with lock.acquire(timeout=0):
            if fresh:
                _forget(plan, home, store)
            _keep_plan(plan, home / "plan.json")
            yield _study(plan, home, store)
    except Timeout:
        raise StudyError(f"the study {home} is open in another process") from None
    except OSError as error:
        raise StudyError(f"{home} cannot be written ({error.strerror}); choose another folder") from error


def check_worlds(plan: StudyPlan) -> None:
    """Make each world once, so that what is wrong with it is told before anything is spent.

    Raises:
        BadWorldOptions: an option, the rules, or the name of a goal is wrong.
    """
    for world in plan.worlds:
        for extra in ({}, plan.new_options)[: 1 + bool(plan.new_options)]:
            options = {**plan.settings.options, **world.options, **extra}
            environment = make(plan.settings.environment)
            try:
                _check_world(plan, environment, options)
            finally:
                environment.close()
        if world.scramble is not None and not plan.settings.environment.startswith("gridworld"):
            raise BadWorldOptions("only the rules of the grid world can be scrambled")


def _check_world(plan: StudyPlan, environment: Environment, options: dict[str, object]) -> None:
    try:
        environment.reset(seed=plan.seeds[0], options=options)
    except ValueError as error:
        raise BadWorldOptions(f"{plan.settings.environment}: {error}") from error
    items = environment.spec.names.items
    for goal in plan.goals if plan.kind == "newworld" else ():
        if items and goal not in items:
            cure = nearest(goal, items) or "; name goals as the world does"
            raise BadWorldOptions(f"goal: the world has no item {goal!r}{cure}")


def _forget(plan: StudyPlan, home: Path, store: Store) -> None:
    (home / "plan.json").unlink(missing_ok=True)
    for trial in plan.trials():
        shutil.rmtree(store.runs / name_of(plan, trial), ignore_errors=True)
        if not trial.library and trial.teacher is None:
            shutil.rmtree(store.library(plan, trial), ignore_errors=True)


def _keep_plan(plan: StudyPlan, path: Path) -> None:
    kept = plan.model_dump_json(indent=1, context=FOR_FILES)
    if not path.exists():
        write_atomically(path, kept.encode())
        return
    try:
        before = StudyPlan.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise StudyError(f"{path} is damaged, or of another version; choose another name") from error
    now = StudyPlan.model_validate_json(kept)
    differ = [name for name in StudyPlan.model_fields if getattr(before, name) != getattr(now, name)]
    if differ:
        raise StudyError(
            f"the study {path.parent} was planned with other {', '.join(differ)}; repeat its flags to go on "
            "with it, or choose another name"
        )


def _study(plan: StudyPlan, home: Path, store: Store) -> Study:
    records = [Record(name=name_of(plan, trial), trial=trial) for trial in plan.trials()]
    code, mixed = fingerprint(), 0
    for record in records:
        folder = store.runs / record.name
        known = read_result(folder)
        if known is not None:
            record.outcome, record.spent, record.measured = "done", known.spent, known
            mixed += known.code != code
        else:
            record.spent = _spent_so_far(folder)
    return Study(plan, home, store, records, mixed)


def _spent_so_far(folder: Path) -> Spent:
    """What a life that was cut off has used."""
    overview = Overview()
    with contextlib.suppress(JournalError):
        for event in Journal(folder).read(last_segment=True):
            overview.take(event)
    return overview.state.spent


class _Crew:
    """Threads that each drive a worker through the trials that are left."""

    def __init__(self, study: Study, left: list[Record], limits: BudgetLimits) -> None:
        self._study = study
        self._limits = limits
        self._waiting = list(left)
        self._done = {record.name for record in study.records if record.outcome == "done"}
        self._open = {record.name for record in left}
        self._changed = threading.Condition()
        self._updates: queue.Queue[Update | None] = queue.Queue()
        self._workers: list[Worker] = []
        self._orders = {record.name: self._order(record) for record in left}

    def run(self, jobs: int, listeners: Sequence[Listener]) -> None:
        """Until all are done, or the study is stopped and every life has come to rest."""
        self._workers = [Worker(self._study.folder / "workers.log") for _ in range(jobs)]
        threads = [threading.Thread(target=self._drive, args=(worker,)) for worker in self._workers]
        for thread in threads:
            thread.start()
        try:
            self._follow(len(threads), listeners)
        except BaseException:
            self._study.request_stop("interrupted at once")
            for worker in self._workers:
                worker.kill()
            raise
        finally:
            with self._changed:
                self._changed.notify_all()
            for thread in threads:
                thread.join()

    def _follow(self, working: int, listeners: Sequence[Listener]) -> None:
        stopping = False
        while working:
            if self._study.stopped and not stopping:
                stopping = True
                for worker in self._workers:
                    worker.stop()
            try:
                update = self._updates.get(timeout=0.1)
            except queue.Empty:
                continue
            if update is None:
                working -= 1
                continue
            self._take(update)
            for listener in listeners:
                listener(update)

    def _take(self, update: Update) -> None:
        if update.step is not None:
            update.record.spent = update.step.spent
        reason = self._study.spent.exhausted(self._limits, another_program=False)
        if reason and any(record.outcome != "done" for record in self._study.records):
            self._study.request_stop(reason)

    def _drive(self, worker: Worker) -> None:
        try:
            while (record := self._next()) is not None:
                self._updates.put(Update(record))
                order = self._orders[record.name].model_copy(update={"left": self._left()})
                self._end(record, worker.live(order, partial(self._tell, record)))
        finally:
            worker.close()
            self._updates.put(None)

    def _tell(self, record: Record, step: Step) -> None:
        self._updates.put(Update(record, step))

    def _next(self) -> Record | None:
        """The first trial whose teacher is done; waits for one, `None` when none is to come."""
        with self._changed:
            while self._waiting and not self._study.stopped:
                for record in self._waiting:
                    teacher = record.trial.teacher
                    needed = name_of(self._study.plan, teacher) if teacher else None
                    if needed in self._open:
                        continue
                    self._waiting.remove(record)
                    if needed and needed not in self._done:
                        self._end(
                            record, Ended(outcome="failed", reason=f"its library's life {needed} failed")
                        )
                        break
                    record.outcome = "running"
                    return record
                else:
                    self._changed.wait(0.5)
            return None

    def _end(self, record: Record, ended: Ended) -> None:
        with self._changed:
            record.outcome, record.reason = ended.outcome, ended.reason
            record.measured = ended.measured
            if ended.spent.seconds or ended.measured:
                record.spent = ended.spent
            self._open.discard(record.name)
            if ended.outcome == "done":
                self._done.add(record.name)
            self._changed.notify_all()
        self._updates.put(Update(record))

    def _order(self, record: Record) -> Order:
        store, plan = self._study.store, self._study.plan
        return Order(
            name=record.name,
            settings=store.settings(plan, record.trial),
            runs=store.runs,
            goal=record.trial.goal,
        )

    def _left(self) -> BudgetLimits:
        spent, limits = self._study.spent, self._limits
        return BudgetLimits(
            iterations=None,
            tokens=None if limits.tokens is None else max(0, limits.tokens - spent.tokens),
            money=None if limits.money is None else max(0.0, limits.money - spent.money),
            seconds=None if limits.seconds is None else max(0.0, limits.seconds - spent.seconds),
        )
