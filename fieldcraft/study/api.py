"""Run a study from Python in one call: `run_study` and `arun_study`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

from fieldcraft.agent.arguments import keys_of, refuse_unknown
from fieldcraft.agent.asynchronous import CANCELLED, in_thread
from fieldcraft.agent.settings import BudgetLimits, RunSettings
from fieldcraft.study.design import Kind, StudyPlan, StudyWorld
from fieldcraft.study.study import Study, open_study


class PlanFields(TypedDict, total=False):
    """Fields of `StudyPlan`, see there, without `kind`."""

    settings: RunSettings
    methods: Sequence[str]
    seeds: Sequence[int]
    worlds: Sequence[StudyWorld]
    iterations: int
    goals: Sequence[str]
    goal_iterations: int
    shift: int
    new_options: Mapping[str, Any]
    library: Path | str


class StudyArguments(PlanFields, total=False):
    """What `run_study` takes besides the kind."""

    folder: Path | str
    name: str | None
    jobs: int
    budget: BudgetLimits | None


def run_study(
    kind: Kind,
    *,
    folder: Path | str = "studies",
    name: str | None = None,
    jobs: int = 1,
    budget: BudgetLimits | None = None,
    **plan: Unpack[PlanFields],
) -> Study:
    """Compare methods over many trials; the same call resumes a study that was stopped.

    Args:
        kind: `items`, `techtree` or `newworld`.
        folder: the folder of studies and their runs.
        name: the name of the study; made from the plan if omitted.
        jobs: how many trials run at a time, each in its own process, which is why a study takes no objects.
        budget: limits on the whole study.
        plan: further fields of `StudyPlan`, such as `methods`, `seeds`, `iterations`, `settings`.

    Returns:
        The study, for `tables(study)` and `write_results(study)` of `fieldcraft.study`.

    Raises:
        TypeError: there is no such argument.
    """
    refuse_unknown("run_study", plan, keys_of(StudyArguments))
    arguments: StudyArguments = {"folder": folder, "name": name, "jobs": jobs, "budget": budget, **plan}
    return _run(kind, arguments, lambda _: None)


async def arun_study(kind: Kind, **arguments: Unpack[StudyArguments]) -> Study:
    """`run_study` in a thread of its own. Takes and returns the same.

    Raises:
        CancelledError: the task was cancelled. Every run of the study has stopped at its next event; the same
            call goes on with it.
    """
    refuse_unknown("arun_study", arguments, keys_of(StudyArguments))
    stopper = _Stopper()
    return await in_thread(lambda: _run(kind, arguments, stopper.attach), stopper.stop)


class _Stopper:
    """Asks a study to stop, also one that is not open yet."""

    def __init__(self) -> None:
        self._study: Study | None = None
        self._wanted = False

    def attach(self, study: Study) -> None:
        self._study = study
        if self._wanted:
            study.request_stop(CANCELLED)

    def stop(self) -> None:
        self._wanted = True
        if self._study is not None:
            self._study.request_stop(CANCELLED)


def _run(kind: Kind, arguments: StudyArguments, on_open: Callable[[Study], None]) -> Study:
    fields = {name: value for name, value in arguments.items() if name in keys_of(PlanFields)}
    if "library" in fields:
        fields["library"] = str(fields["library"])
    plan = StudyPlan.model_validate({"kind": kind, **fields})
    with open_study(plan, Path(arguments.get("folder", "studies")), name=arguments.get("name")) as study:
        on_open(study)
        study.run(jobs=arguments.get("jobs", 1), budget=arguments.get("budget"))
    return study
