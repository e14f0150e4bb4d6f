"""The journal's events of forks, and of worlds that are brought back by running programs again."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from fieldcraft.agent.journal.effect_events import BaseEvent, WriterEvent
from fieldcraft.agent.settings import RunSettings
from fieldcraft.common.fields import Count, Moment, Text


class RunForked(WriterEvent):
    """The first event of a fork's own: the events before it are those of the run `of`, byte for byte.

    `run` is the fork's name, `library_at` the absolute path of its own library.
    """

    type: Literal["run_forked"] = "run_forked"
    run: Text
    of: Text
    settings: RunSettings
    library_at: Text = ""


class WorldBroughtBack(BaseEvent):
    """A world without snapshots was reset by a resume, and recorded `programs` were run again in it.

    `whole` says that it is as it was recorded. Without this event after a `RunResumed`, the world was
    as its reset left it there, as in versions before this event.
    """

    type: Literal["world_brought_back"] = "world_brought_back"
    programs: Count
    whole: bool


class ForkNote(BaseModel):
    """What a file in a fork's folder says: the run it was forked `of`, after which event, and when."""

    model_config = ConfigDict(extra="forbid")

    of: Text
    event: Count
    iteration: Count
    time: Moment
