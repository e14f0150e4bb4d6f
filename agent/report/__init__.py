"""The report of a run: one HTML page, computed from the run's journal and nothing else."""

from fieldcraft.agent.report.page import comparison_page, report_page
from fieldcraft.agent.report.reading import read_story

__all__ = ["comparison_page", "read_story", "report_page"]
