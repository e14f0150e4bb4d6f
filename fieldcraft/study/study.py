"""A study on disk: its trials run in parallel processes, and can be stopped and resumed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fieldcraft.agent.journal.folders import forget, inside
from fieldcraft.agent.loop.opening import BadWorldOptions
from fieldcraft.agent.models.of_roles import clients_of
from fieldcraft.common.text import visible_line
from fieldcraft.envs import BrokenEnvironment, Environment, nearest
from fieldcraft.envs.apart import make_world
from fieldcraft.envs.faults import told
from fieldcraft.skills.sandbox import require_system
from fieldcraft.study.batch import Batch, StudyError, held, keep_plan
from fieldcraft.study.design import Store, StudyPlan, Trial, name_of
from fieldcraft.study.records import Record, Update
from fieldcraft.study.trials import TrialRequest

__all__ = ["Record", "Study", "StudyError", "Update", "check_worlds", "open_study"]


@dataclass
class Study(Batch[Trial]):
    """A plan, the folder of its results, and the state of its trials. Make it with `open_study`.

    Attributes:
        plan: what is compared.
        store: the folder of runs, which studies share.
    """

    plan: StudyPlan
    folder: Path
    store: Store
    records: list[Record[Trial]] = field(default_factory=list)
    mixed: int = 0
    stopped: str = ""

    def request(self, record: Record[Trial]) -> TrialRequest:
        """The run of a trial."""
        return TrialRequest(
            name=record.name,
            settings=self.store.settings(self.plan, record.trial),
            runs=self.store.runs,
            goal=record.trial.goal,
        )

    def needs(self, record: Record[Trial]) -> str | None:
        """The trial that fills its library."""
        teacher = record.trial.teacher
        return name_of(self.plan, teacher) if teacher else None

    def library_goals(self) -> set[str]:
        """Goal items of the tasks for which the plan's own library has a skill."""
        from fieldcraft.skills import SkillLibrary

        if not self.plan.library:
            return set()
        skills = SkillLibrary(Path(self.plan.library))
        goals = [skill.provenance.goal for skill in skills if skill.provenance and skill.provenance.goal]
        return {str(goal["item"]) for goal in goals if "item" in goal}


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
    with held(home, folder, store.parts, noun=Study.noun):
        if fresh:
            _forget(plan, home, store)
        keep_plan(plan, home / "plan.json", noun=Study.noun)
        records = [Record[Trial](name=name_of(plan, trial), trial=trial) for trial in plan.trials()]
        study = Study(plan, home, store, records)
        study.look_up(store.runs)
        yield study


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


def check_reset(environment: Environment, name: str, seed: int, options: Mapping[str, object]) -> None:
    """Reset a world once, so that wrong options are reported.

    Raises:
        BadWorldOptions: an option is wrong.
        BrokenEnvironment: the world failed.
    """
    try:
        environment.reset(seed=seed, options=options)
    except ValueError as error:
        raise BadWorldOptions(f"{name}: {error}") from error
    except Exception as error:
        fault = visible_line(told(error), 500)
        raise BrokenEnvironment(
            f"environment {name!r} failed to reset: {fault}; `envs check {name}` tries everything it promises"
        ) from error


def _check_world(plan: StudyPlan, environment: Environment, options: dict[str, object]) -> None:
    check_reset(environment, plan.settings.environment, plan.seeds[0], options)
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
