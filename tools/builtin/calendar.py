"""The calendar tool."""

from __future__ import annotations

from datetime import datetime

from fieldcraft.tools.context import current_context
from fieldcraft.tools.traits import declare


@declare(effect="reads", reads_world=True)
def calendar() -> str:
    """Tell what day it is: of the world the agent lives in where it has days, else the real date."""
    world = current_context().world
    day = world.day() if world is not None else None
    if day is not None:
        return day
    today = datetime.now().astimezone()
    return f"Today is {today:%A}, {today:%B} {today.day}, {today.year}."
