"""Studies: trials of several methods in several worlds, and the tables and figures that compare them."""

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
