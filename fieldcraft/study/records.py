"""What became of the trials of a study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from fieldcraft.agent.journal.state import Spent
from fieldcraft.study.design import Trial
from fieldcraft.study.lives import Measured, Step


class Record(BaseModel):
    """A trial and what became of it: `waiting`, `running`, `done`, `stopped` or `failed`."""

    model_config = ConfigDict(extra="forbid")

    name: str
    trial: Trial
    outcome: str = "waiting"
    reason: str = ""
    spent: Spent = Spent()
    measured: Measured | None = None


@dataclass(frozen=True)
class Update:
    """Something happened to a trial: it began, went a step on, or ended."""

    record: Record
    step: Step | None = None


Listener = Callable[[Update], None]
