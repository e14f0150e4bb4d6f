"""The outcomes of a study's trials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from fieldcraft.agent.journal.state import Spent
from fieldcraft.study.design import Trial
from fieldcraft.study.trials import Measured, Step


class Record(BaseModel):
    """A trial and its outcome: `waiting`, `running`, `done`, `stopped` or `failed`."""

    model_config = ConfigDict(extra="forbid")

    name: str
    trial: Trial
    outcome: str = "waiting"
    reason: str = ""
    spent: Spent = Spent()
    measured: Measured | None = None


@dataclass(frozen=True)
class Update:
    """A change of a trial: it began, made progress (`step`), or ended."""

    record: Record
    step: Step | None = None


Listener = Callable[[Update], None]
