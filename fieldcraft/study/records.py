"""The outcomes of trials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from fieldcraft.agent.journal.state import Spent
from fieldcraft.study.trials import Measured, Step

TrialT = TypeVar("TrialT", bound=BaseModel)


class Record(BaseModel, Generic[TrialT]):
    """A trial and its outcome: `waiting`, `running`, `done`, `stopped` or `failed`."""

    model_config = ConfigDict(extra="forbid")

    name: str
    trial: TrialT
    outcome: str = "waiting"
    reason: str = ""
    spent: Spent = Spent()
    measured: Measured | None = None


@dataclass(frozen=True)
class Update:
    """A change of a trial: it began, made progress (`step`), or ended."""

    record: Record[Any]
    step: Step | None = None


Listener = Callable[[Update], None]
