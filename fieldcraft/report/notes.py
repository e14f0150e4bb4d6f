"""What people said to a run on its way, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from fieldcraft.agent.approvals.wording import in_words
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.redact import clean
from fieldcraft.agent.steering.course import PERSON

NOTES_KEPT = 1_000
"""The most notes that are kept: the first ones."""
_TEXT_KEPT = 1_000

_CAME_TO = {
    "say": "shown to the models",
    "task": "waits",
    "pause": "the run waited",
    "step": "the run made one iteration",
    "go_on": "the run went on",
    "stop": "the run stopped",
}


@dataclass
class HeardNote:
    """A note of a person that a run heard, or a person's answer to a call.

    Attributes:
        iteration: how many iterations the run had made by then.
        by: the account that sent it.
        kind: what it asked for: `say`, `task`, `skip`, ..., or `approve`.
        text: its text.
        came_to: what became of it, in words.
    """

    iteration: int
    by: str
    kind: str
    text: str
    came_to: str


class Notes:
    """Follows the events of a run in order, each after its state took it, and fills `kept`."""

    def __init__(self, kept: list[HeardNote]) -> None:
        self._kept = kept
        self._waiting: list[HeardNote] = []
        self._begun: HeardNote | None = None

    def take(self, event: e.Event, state: RunState) -> None:
        """Go on with an event."""
        match event:
            case e.NoteHeard():
                self._hear(event, state)
            case e.ApprovalHeard() if event.by:
                call = f"{event.tool} ({event.id})"
                self._keep(
                    HeardNote(state.spent.iterations, event.by, "approve", call, in_words(event.text, ""))
                )
            case e.TaskProposed() if event.task.origin == PERSON and not event.again:
                self._begin(f"task {event.task_number}, not finished")
            case e.TaskFinished() if self._begun is not None:
                how = "done" if event.success else "failed"
                how = "set aside until calls are answered" if event.awaiting else how
                self._begun.came_to = f"task {event.task_number}, {how}"
                self._begun = None
            case _:
                pass

    def _hear(self, event: e.NoteHeard, state: RunState) -> None:
        came_to = _CAME_TO.get(event.kind, "")
        if event.kind == "skip":
            ended = state.task is not None
            came_to = f"task {state.task_number} ended" if ended else "no task was in progress"
        note = HeardNote(
            state.spent.iterations, event.by or "someone", event.kind, clean(event.text)[:_TEXT_KEPT], came_to
        )
        if event.kind == "task":
            self._waiting.append(note)
        self._keep(note)

    def _begin(self, came_to: str) -> None:
        if self._waiting:
            self._begun = self._waiting.pop(0)
            self._begun.came_to = came_to

    def _keep(self, note: HeardNote) -> None:
        if len(self._kept) < NOTES_KEPT:
            self._kept.append(note)
