"""The land that a run has seen, for its report: from the latest snapshot, where the world can draw it."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path

from fieldcraft.agent.journal.snapshots import Snapshots
from fieldcraft.envs import Chart, available, make
from fieldcraft.report.pictures import read_picture
from fieldcraft.report.story import Story

logger = logging.getLogger(__name__)


def land_of(folder: Path, story: Story) -> Chart | None:
    """A picture of what the agent saw; `None` where the world, the snapshot or the rules do not give one.

    Only worlds that are installed are asked: a report imports nothing that a run's settings name.
    """
    snapshot, world = story.overview.state.snapshot, story.overview.settings.environment
    if snapshot is None or world not in available():
        return None
    try:
        with closing(make(world)) as environment:
            environment.restore(Snapshots(folder).load(snapshot))
            chart = environment.chart()
            read_picture(chart.png)
            return chart
    except Exception as error:  # whatever a copied run's snapshot does to a world, its report can be made
        logger.info("no land in the report: %s: %s", type(error).__name__, error)
        return None
