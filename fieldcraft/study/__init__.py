"""Studies: many lives, lived by several methods in several worlds, and what can be told from them."""

from fieldcraft.study.api import arun_study, run_study
from fieldcraft.study.design import StudyPlan, StudyWorld, Trial
from fieldcraft.study.results import write_results
from fieldcraft.study.study import Study, StudyError, open_study
from fieldcraft.study.tables import Table, tables

__all__ = [
    "Study",
    "StudyError",
    "StudyPlan",
    "StudyWorld",
    "Table",
    "Trial",
    "arun_study",
    "open_study",
    "run_study",
    "tables",
    "write_results",
]
