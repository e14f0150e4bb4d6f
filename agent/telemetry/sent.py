"""The file in a run's folder that says up to which event its spans were sent and its figures counted.

It is derived: without it a resume sends what happens from then on. A batch is noted before it goes out and
once it is out, so that a process that dies between the two doubles nothing.
"""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from fieldcraft.agent.journal.folders import inside, write_file
from fieldcraft.agent.telemetry.measures import BOUNDS, SERIES_LIMIT, Series, Totals
from fieldcraft.common.data import DataError
from fieldcraft.common.fields import Count, Moment, Text

NAME = "telemetry.json"
_SIZE_LIMIT = 2_000_000

logger = logging.getLogger(__name__)


class Sitting(BaseModel):
    """When the run was opened for the time that is going on, and by which event."""

    number: Count
    begin: Moment


class Sent(BaseModel):
    """How far the collector has a run.

    Attributes:
        run: the run's name; of another one, a fork's origin, this says nothing.
        began: when it began, as its spans' ids have it.
        sent: the spans that ended with events up to this number are with the collector.
        sending: those up to this number may be.
        sitting: the span of the run that is open; it may have begun in an earlier segment.
        counted: the number of the latest event in the figures.
        totals: the figures.
        series: the histograms.
    """

    model_config = ConfigDict(extra="ignore")

    run: Text
    began: Moment = 0.0
    sent: Count = 0
    sending: Count = 0
    sitting: Sitting | None = None
    counted: Count = 0
    totals: Totals = Totals()
    series: list[Series] = []


def read_sent(folder: Path) -> Sent | None:
    """What the file says; `None` where there is none that can be used."""
    try:
        with inside(folder) as place:
            found = Sent.model_validate_json(place.read(NAME, limit=_SIZE_LIMIT))
    except (OSError, ValidationError, DataError, RecursionError):
        return None
    fitting = all(len(each.buckets) == len(BOUNDS[each.name]) + 1 for each in found.series)
    return found if found.run == folder.name and fitting and len(found.series) <= 2 * SERIES_LIMIT else None


def write_sent(folder: Path, sent: Sent) -> bool:
    """Write it, atomically; returns whether that worked."""
    try:
        write_file(folder / NAME, sent.model_dump_json().encode(), sync=False)
    except OSError as error:
        logger.info("%s cannot be written: %s", folder / NAME, error)
        return False
    return True
