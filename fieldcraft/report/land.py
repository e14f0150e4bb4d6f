"""Draw the land that a run has seen from its latest snapshot, if the world can draw it."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path

from fieldcraft.agent.journal.snapshots import Snapshots
from fieldcraft.envs import Chart, available
from fieldcraft.envs.apart import make_world
from fieldcraft.envs.pictures import read_picture
from fieldcraft.report.story import Story

logger = logging.getLogger(__name__)


def land_of(folder: Path, story: Story) -> Chart | None:
    """A picture of what the agent saw; `None` if the world, the snapshot or the rules do not allow one.

    Only installed worlds are used: a report imports nothing that a run's settings name.
    """
    settings = story.overview.settings
    snapshot = story.overview.state.snapshot
    return draw_land(folder, snapshot, settings.environment, apart=settings.world_process)


def draw_land(folder: Path, snapshot: str | None, world: str, *, apart: bool = False) -> Chart | None:
    """The same of a snapshot of a run by its name, in the world of this name, `apart` in its own process."""
    if snapshot is None or world not in available():
        return None
    try:
        with closing(make_world(world, apart=apart)) as environment:
            environment.restore(Snapshots(folder).load(snapshot))
            chart = environment.chart()
            read_picture(chart.png)
            return chart
    except (
        Exception
    ) as error:  # a hostile snapshot may raise any error in the world; the report is made without the picture
        logger.info("no land in the report: %s: %s", type(error).__name__, error)
        return None
