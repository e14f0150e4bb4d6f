"""Tasks, verdicts, and the earlier attempts that an actor sees."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.common.fields import Count, Text
from fieldcraft.envs import Goal
from fieldcraft.skills import Execution


class Task(BaseModel):
    """What to do next. `words` are for the model, `goal` is for the world; `None` if it cannot be checked.

    `context` is data about how to do it; `origin` is the source of the task; `questions` are to be answered
    before the next one is chosen.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: Text = Field(min_length=1, max_length=500)
    reason: Text = ""
    context: Text = ""
    goal: Goal | None = None
    origin: Text = "curriculum"
    questions: tuple[Text, ...] = ()


class Verdict(BaseModel):
    """The critic's verdict on a task. `critique` is empty on success."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    success: bool
    reasoning: Text = ""
    critique: Text = ""


class Attempt(BaseModel):
    """One attempt at a task, as the actor sees it. `problem` is set if the answer held no program."""

    model_config = ConfigDict(extra="forbid")

    number: Count = Field(ge=1)
    source: Text | None = None
    problem: Text | None = None
    execution: Execution | None = None
    verdict: Verdict | None = None

    @property
    def error(self) -> str | None:
        """A description of what ended the program early."""
        return self.execution.error_text() if self.execution else None

    @property
    def failed_calls(self) -> list[str]:
        """Messages of failed primitive calls that the program caught, those of the error left out."""
        if self.execution is None:
            return []
        error = self.error or ""
        return [message for message in dict.fromkeys(self.execution.failed_calls) if message not in error]

    @property
    def ended(self) -> str:
        """How the episode ended in it; empty where it did not."""
        end = self.execution.ended if self.execution else None
        return str(end) if end is not None else ""

    @property
    def log(self) -> str:
        """The end of what the program printed, at most 2,000 characters."""
        return self.execution.log[-2000:].strip() if self.execution else ""

    @property
    def critique(self) -> str:
        """What the critic asked to change."""
        return self.verdict.critique if self.verdict else ""
