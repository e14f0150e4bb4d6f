"""Parked calls and tasks that were set aside, as a run's state holds them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from fieldcraft.agent.task import Task
from fieldcraft.common.errors import Paused
from fieldcraft.common.fields import Count, Moment, Text, Texts


class ParkedCall(BaseModel):
    """A tool call that waits for a person's answer, or that was answered and is not made yet.

    `task` is the number of its task, 0 where a task was still to be chosen; `key` names tool and arguments,
    `declared` what the tool declared of itself; `shown` is the call in words, `event` the number of the event
    that parked it, at the time `since`; at the time `expires` (0: never) the run's rule applies. `answer` is
    empty while it is open; `used` is the number of the call that is about to be made or refused by it.
    """

    model_config = ConfigDict(extra="forbid")

    task: Count = 0
    tool: Text
    key: Text
    declared: Text = ""
    shown: Text = ""
    event: Count = 0
    since: Moment = 0.0
    expires: Moment = 0.0
    answer: Text = ""
    by: Text = ""
    used: Count = 0


class SetAsideTask(BaseModel):
    """A task that waits until its parked calls are answered, and is then set again.

    `first` and `last` are the numbers of its first and last event.
    """

    model_config = ConfigDict(extra="forbid")

    task: Task
    awaiting: Texts = []
    first: Count = 0
    last: Count = 0


class Settled(BaseModel):
    """What became of a parked call, in words, and the note that answered it, if one did."""

    model_config = ConfigDict(extra="forbid")

    words: Text
    note: Text = ""


class CallParked(Paused):
    """A program is stopped at a call that waits for a person, so that its task can be set aside.

    Attributes:
        id: of the parked call.
    """

    def __init__(self, id: str) -> None:
        super().__init__(f"the call {id} awaits a person's approval")
        self.id = id
