"""A study on disk: its trials run in parallel processes, and can be stopped and resumed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from fieldcraft.agent.journal.folders import forget, inside, why
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.journal.state import Spent
from fieldcraft.agent.journal.store import Journal, JournalError
from fieldcraft.agent.loop.opening import BadWorldOptions
from fieldcraft.agent.models.of_roles import clients_of
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.common.errors import FieldcraftError
from fieldcraft.common.fields import FOR_FILES
from fieldcraft.common.files import Folder
from fieldcraft.common.locks import FileLock, LockTimeout
from fieldcraft.common.text import visible_line
from fieldcraft.envs import BrokenEnvironment, Environment, nearest
from fieldcraft.envs.apart import make_world
from fieldcraft.envs.faults import told
from fieldcraft.skills.sandbox import require_system
from fieldcraft.study.design import Store, StudyPlan, name_of
from fieldcraft.study.records import Listener, Record, Update
from fieldcraft.study.sources import fingerprint
from fieldcraft.study.trials import read_result
from fieldcraft.study.worker_pool import WorkerPool

__all__ = ["Record", "Study", "StudyError", "Update", "check_worlds", "open_study"]


class StudyError(FieldcraftError, RuntimeError):
    """A study cannot be started or resumed; the message says what to do."""


@dataclass
class Study:
    """A plan, the folder of its results, and the state of its trials.

    Make it with `open_study`. `request_stop` may be called from a signal handler.

    Attributes:
        plan: what is compared.
        folder: the folder of this study's plan, results, tables and figures.
        store: the folder of runs, which studies share.
        records: one record for each trial, in the plan's order.
        mixed: how many results, when the study was opened, came from other source code.
        stopped: why the study was stopped before its end; empty if it was not.
    """

    plan: StudyPlan
    folder: Path
    store: Store
    records: list[Record] = field(default_factory=list)
    mixed: int = 0
    stopped: str = ""

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

    def library_goals(self) -> set[str]:
        """Goal items of the tasks for which the plan's own library has a skill."""
        from fieldcraft.skills import SkillLibrary

        if not self.plan.library:
            return set()
        skills = SkillLibrary(Path(self.plan.library))
        goals = [skill.provenance.goal for skill in skills if skill.provenance and skill.provenance.goal]
        return {str(goal["item"]) for goal in goals if "item" in goal}

    def request_stop(self, reason: str) -> None:
        """Stop every trial at its next event; all of them can be resumed."""
        self.stopped = self.stopped or reason

    def run(
        self, *, jobs: int = 1, budget: BudgetLimits | None = None, listeners: Sequence[Listener] = ()
    ) -> None:
        """Run the remaining trials of the study.

        Args:
            jobs: how many processes run at a time.
            budget: limits on the whole study, including earlier processes; `iterations` is ignored.
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


@contextmanager
def open_study(
    plan: StudyPlan, folder: Path = Path("studies"), *, name: str | None = None, fresh: bool = False
) -> Iterator[Study]:
    """Open a new study, or one that was started before, and hold its lock.

    Args:
        plan: what is compared; a study that was started before refuses a different plan.
        folder: the folder of studies; their trials are in its `runs` and `libraries`.
        name: the name of the study; made from the plan if omitted, so that the same plan resumes.
        fresh: delete the study and its trials first, including those that other studies share.

    Raises:
        StudyError: the study has another plan, another process has it open, or its folder cannot be
            written.
        BadWorldOptions, UnknownEnvironment: a world of the plan cannot be made.
        UnknownModel, MissingExtra, MissingKey, BadScript: a model of the plan cannot be opened.
        SystemUnsupported: programs do not run on this operating system.
    """
    require_system()
    clients_of(plan.settings)
    check_worlds(plan)
    home, store = folder / (name or f"{plan.kind}-{plan.digest()}"), Store(folder)
    try:
        with Folder.open(folder, create=True) as shared:
            for part in store.parts:
                if shared.kind(part) is not None:
                    shared.folder(part).close()
        lock = FileLock("study.lock")
        with inside(home, create=True) as place, lock.held(place, timeout=0):
            if fresh:
                _forget(plan, home, store)
            _keep_plan(plan, home / "plan.json")
            yield _study(plan, home, store)
    except LockTimeout:
        raise StudyError(f"the study {home} is open in another process") from None
    except OSError as error:
        raise StudyError(f"{home} cannot be written ({why(error)}); choose another folder") from error


def check_worlds(plan: StudyPlan) -> None:
    """Make each world once, so that errors are reported before anything is spent.

    Raises:
        BadWorldOptions: an option, the rules, or the name of a goal is wrong.
    """
    for world in plan.worlds:
        for extra in ({}, plan.new_options)[: 1 + bool(plan.new_options)]:
            options = {**plan.settings.options, **world.options, **extra}
            environment = make_world(plan.settings.environment, apart=plan.settings.world_process)
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
    except Exception as error:
        name, fault = plan.settings.environment, visible_line(told(error), 500)
        raise BrokenEnvironment(
            f"environment {name!r} failed to reset: {fault}; `envs check {name}` tries everything it promises"
        ) from error
    items = environment.spec.names.items
    for goal in plan.goals if plan.kind == "newworld" else ():
        if items and goal not in items:
            cure = nearest(goal, items) or "; use the world's own item names"
            raise BadWorldOptions(f"goal: the world has no item {goal!r}{cure}")


def _forget(plan: StudyPlan, home: Path, store: Store) -> None:
    with inside(home) as place, contextlib.suppress(FileNotFoundError):
        place.remove("plan.json")
    for trial in plan.trials():
        forget(store.runs / name_of(plan, trial))
        if not trial.library and trial.teacher is None:
            forget(store.library(plan, trial))


def _keep_plan(plan: StudyPlan, path: Path) -> None:
    kept = plan.model_dump_json(indent=1, context=FOR_FILES)
    try:
        with inside(path.parent) as home:
            if home.kind(path.name) is None:
                home.write(path.name, kept.encode())
                return
            before = StudyPlan.model_validate_json(home.read(path.name))
    except ValidationError as error:
        raise StudyError(f"{path} is damaged, or of another version; choose another name") from error
    now = StudyPlan.model_validate_json(kept)
    differ = [name for name in StudyPlan.model_fields if getattr(before, name) != getattr(now, name)]
    if differ:
        raise StudyError(
            f"the study {path.parent} was planned with other {', '.join(differ)}; repeat its flags to "
            "resume it, or choose another name"
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
    """What an interrupted trial has spent."""
    overview = Overview()
    with contextlib.suppress(JournalError):
        for event in Journal(folder).events(last_segment=True):
            overview.take(event)
    return overview.state.spent
