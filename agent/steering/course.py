"""What people asked of a run, as part of its state: their words, their tasks, and whether it is paused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from fieldcraft.agent.steering.events import NoteHeard
from fieldcraft.common.fields import Count, Text, Texts

PERSON = "person"
"""The origin of a task that a person asked for while the run was running."""
HEARD_LIMIT = 200
"""Ids of notes that are remembered: a note's file can outlast a crash only where it was among the latest."""
WORDS_LIMIT = 5
"""Messages of people that the models are shown."""
TASKS_LIMIT = 100
"""Tasks of people that wait at once; of more, the latest are left out."""


class Words(BaseModel):
    """A message of a person to the models, with the iteration after which it was heard."""

    model_config = ConfigDict(extra="forbid")

    text: Text
    by: Text = ""
    iteration: Count = 0


class AskedTask(BaseModel):
    """A task that a person asked for and that has not begun."""

    model_config = ConfigDict(extra="forbid")

    text: Text
    by: Text = ""


class Steering(BaseModel):
    """What the people who steer a run asked for, as far as it still matters.

    Attributes:
        heard: the ids of the latest notes.
        words: what was said to the models, the latest last.
        tasks: tasks that wait, the next one first.
        begun: the latest of those that began.
        tasks_begun: how many there were.
        paused_by: who paused the run; empty where it is not paused.
        step_to: the count of iterations from which a paused run waits again; 0 where it waits at once.
        skipped_by: who skipped the task in progress, or the one that is waited for; empty where it goes on.
    """

    model_config = ConfigDict(extra="forbid")

    heard: Texts = []
    words: list[Words] = []
    tasks: list[AskedTask] = []
    begun: AskedTask | None = None
    tasks_begun: Count = 0
    paused_by: Text = ""
    step_to: Count = 0
    skipped_by: Text = ""

    def waits(self, iterations: int, *, between_iterations: bool) -> bool:
        """Whether a run with so many iterations is to wait here."""
        if not self.paused_by:
            return False
        return not self.step_to or (between_iterations and iterations >= self.step_to)

    def hear(self, note: NoteHeard, iterations: int, *, in_task: bool) -> None:
        """Take in a note, heard after so many iterations.

        Args:
            note: what was heard.
            iterations: of the run by then.
            in_task: whether a task is in progress, or one is set aside, so that there is one to skip.
        """
        self.heard = [*self.heard, note.id][-HEARD_LIMIT:]
        by = note.by or "someone"
        match note.kind:
            case "say":
                words = Words(text=note.text, by=by, iteration=iterations)
                self.words = [*self.words, words][-WORDS_LIMIT:]
            case "task":
                self.tasks = [*self.tasks, AskedTask(text=note.text, by=by)][:TASKS_LIMIT]
            case "skip":
                self.skipped_by = by if in_task else ""
            case "pause":
                self.paused_by, self.step_to = by, 0
            case "step":
                self.paused_by, self.step_to = by, iterations + 1
            case "go_on":
                self.end_pause()
            case _:
                pass

    def begin_task(self, origin: str) -> None:
        """A task begins; one of a person waits no longer."""
        self.skipped_by = ""
        if origin == PERSON:
            self.begun = self.tasks[0] if self.tasks else None
            self.tasks = self.tasks[1:]
            self.tasks_begun += 1

    def take_back_task(self, origin: str) -> None:
        """The task in progress is set aside; one of a person waits again."""
        self.skipped_by = ""
        if origin == PERSON and self.begun is not None:
            self.tasks = [self.begun, *self.tasks]
            self.tasks_begun = max(0, self.tasks_begun - 1)

    def end_pause(self) -> None:
        """The run goes on, or stops: the next resume is not paused."""
        self.paused_by, self.step_to = "", 0
