"""The journal's events of parked calls and of programs that were stopped at one."""

from __future__ import annotations

from typing import Literal

from fieldcraft.agent.journal.effect_events import BaseEvent
from fieldcraft.common.fields import Amount, Count, Data, Moment, Text
from fieldcraft.tools import Effect


class ApprovalParked(BaseEvent):
    """Intent: a call waits for a person, who may answer at any time; `id` names it in this run.

    `task_number` is 0 where a task was still to be chosen. `shown` is the call as a person is shown it, `key`
    names tool and arguments, `declared` what the tool declared of itself. At the time `expires` (0: never)
    the run's rule applies. `replaces` is the parked call whose place it takes, since the tool changed.
    """

    type: Literal["approval_parked"] = "approval_parked"
    id: Text
    task_number: Count = 0
    user: Text
    call: Count
    tool: Text
    arguments: dict[Text, Data]
    effect: Effect
    shown: Text
    key: Text
    declared: Text = ""
    expires: Moment = 0.0
    replaces: Text = ""


class ApprovalHeard(BaseEvent):
    """Outcome: a parked call was answered, by `by` in the note `note`, or `lapsed` by the run's rule.

    `text` is `yes`, `no`, `always` or `never`, where a reason may follow `no` after a colon; or `late` with
    the reason, where nobody answered or a person skipped the task.
    """

    type: Literal["approval_heard"] = "approval_heard"
    id: Text
    tool: Text
    text: Text
    by: Text = ""
    note: Text = ""
    lapsed: Literal["", "deny", "skip"] = ""


class ProgramSetAside(BaseEvent):
    """Outcome: the program was stopped at the parked call `awaits`; the world is as it was before it."""

    type: Literal["program_set_aside"] = "program_set_aside"
    iteration: Count
    awaits: Text
    seconds: Amount = 0.0
