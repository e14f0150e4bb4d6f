"""What came of running a program: its log, its error, what it called, and why it was stopped."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.common.fields import Amount, Brief, Count, Counts, Data, Text, Texts
from fieldcraft.envs import EpisodeEnd


class KillReason(StrEnum):
    """Why the host ended a program before its entry function returned."""

    TICKS = "tick limit"
    FAILURES = "too many failed primitive calls"
    CALLS = "too many calls"
    DEADLINE = "wall-clock deadline"
    OUTPUT = "too much output"
    MEMORY = "memory limit"
    PROTOCOL = "broken protocol"
    CRASHED = "worker died"
    CANCELLED = "cancelled"


class ProgramFault(BaseModel):
    """The exception that ended a program, as its author would want to read it.

    `line` and `text` are the innermost line of the program itself (or of the skill named in `skill`)
    that was running; they are `None` where the fault has no such line.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Text
    message: Text
    line: Count | None = None
    text: Text | None = None
    skill: Text | None = None

    def __str__(self) -> str:
        where = (
            "" if self.line is None else f" at line {self.line}" + (f" of {self.skill}" if self.skill else "")
        )
        source = f": `{self.text}`" if self.text else ""
        return f"{self.kind}: {self.message}{where}{source}"


class CallRecord(Brief):
    """One primitive or tool call that a program made. `error` is `None` where it succeeded."""

    model_config = ConfigDict(extra="forbid")

    name: Text
    arguments: Text
    error: Text | None = None


class CallResult(BaseModel):
    """What a primitive returned that a judge is to see, as JSON text, cut."""

    model_config = ConfigDict(extra="forbid")

    name: Text
    arguments: Text
    value: Text

    def __str__(self) -> str:
        return f"{self.name}({self.arguments}) returned {self.value}"


class Execution(BaseModel):
    """What happened when a program ran.

    `log` is what it printed, cut at the output limit. `calls` holds the first and the last calls
    (bounded), `call_count` all of them. `ticks` is world time, `seconds` wall time. `skills_called`
    counts calls to library skills by name, as the worker reported them. `ended` says that the episode ended
    in one of its calls, which ended the program too and is no error. `results` are the latest that primitives
    returned whose world has them judged.
    """

    model_config = ConfigDict(extra="forbid")

    log: Text = ""
    fault: ProgramFault | None = None
    killed: KillReason | None = None
    detail: Text | None = None
    calls: list[CallRecord] = []
    call_count: Count = 0
    failed_calls: Texts = Field(default=[], description="messages of the failed primitive calls, in order")
    ticks: Count = 0
    seconds: Amount = 0.0
    skills_called: Counts = {}
    result: Data = None
    ended: EpisodeEnd | None = None
    results: list[CallResult] = []

    @property
    def ok(self) -> bool:
        """Whether the program ran to its end, or that of the episode, without an uncaught error."""
        return self.fault is None and self.killed is None

    def error_text(self) -> str | None:
        """The fault or the kill reason in words, `None` for a program that ended well."""
        parts = []
        if self.killed is not None:
            parts.append(f"stopped: {self.killed}" + (f" ({self.detail})" if self.detail else ""))
        if self.fault is not None:
            parts.append(str(self.fault))
        return "; ".join(parts) or None
