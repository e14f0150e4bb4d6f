"""Filter what models see of an Execution, for the ablations (Voyager, section 3.4)."""

from __future__ import annotations

from typing import Any

from fieldcraft.agent.settings import RunSettings
from fieldcraft.skills import Execution

_WORLDS_OWN = "PrimitiveError"


def visible_execution(execution: Execution, settings: RunSettings) -> Execution:
    """`execution` as the models are shown it.

    What the world answered, in errors of primitives and in the log, is environment feedback; how the
    program ended is an execution error. Of a failed primitive that ended a program the message is the
    world's, the rest is the program's.
    """
    changes: dict[str, Any] = {}
    fault = execution.fault
    if not settings.environment_feedback:
        changes |= {"log": "", "failed_calls": [], "results": []}
        if fault is not None and fault.kind == _WORLDS_OWN:
            fault = fault.model_copy(update={"message": "the primitive failed"})
            changes["fault"] = fault
    if not settings.execution_errors:
        changes |= {"fault": None, "killed": None, "detail": None}
    return execution.model_copy(update=changes) if changes else execution
