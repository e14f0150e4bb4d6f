"""Whether a call may be made: the run's budget, the task's limits, then a person."""

from __future__ import annotations

import time
from collections.abc import Callable

from fieldcraft.tools.calls.approval import Approval
from fieldcraft.tools.calls.limits import CallLimits
from fieldcraft.tools.calls.policy import ToolPolicy
from fieldcraft.tools.context import BudgetPort, ToolCall


class Gate:
    """The one place where a call that could be made is refused.

    Args:
        policy: which calls wait for a person.
        limits: counts the calls of the task.
        approval: asks the person.
        budget: the run's budget, `None` where there is none.

    Attributes:
        seconds_with_person: how long callers have waited for a person's approval so far.
    """

    def __init__(
        self,
        policy: ToolPolicy,
        limits: CallLimits,
        approval: Approval,
        budget: Callable[[], BudgetPort | None],
    ) -> None:
        self._policy = policy
        self._limits = limits
        self._approval = approval
        self._budget = budget
        self.seconds_with_person = 0.0

    def check(self, call: ToolCall) -> str | None:
        """Why the call may not be made, or `None`; may wait for a person."""
        budget = self._budget()
        if budget is not None and (refusal := budget.refusal()):
            return refusal
        if refusal := self._limits.refusal(call.name, call.arguments):
            return refusal
        if not self._policy.needs_approval(call.name, changes=call.effect.changes):
            return None
        began = time.monotonic()
        refusal = self._approval.refusal(call)
        self.seconds_with_person += time.monotonic() - began
        return refusal
