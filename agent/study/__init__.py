"""Studies: many lives, lived by several methods in several worlds, and what can be told from them."""

from fieldcraft.agent.study.design import StudyPlan, StudyWorld, Trial
from fieldcraft.agent.study.results import write_results
from fieldcraft.agent.study.study import Study, StudyError, open_study
from fieldcraft.agent.study.tables import Table, tables

__all__ = [
    "Study",
    "StudyError",
    "StudyPlan",
    "StudyWorld",
    "Table",
    "Trial",
    "open_study",
    "tables",
    "write_results",
]
