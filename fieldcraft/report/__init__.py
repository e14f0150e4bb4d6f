"""The report of a run: one HTML page, made only from the run's folder."""

from fieldcraft.report.land import land_of
from fieldcraft.report.page import comparison_page, report_page
from fieldcraft.report.reading import read_story

__all__ = ["comparison_page", "land_of", "read_story", "report_page"]
