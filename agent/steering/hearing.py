"""The listening side: how the process that runs a run hears its inbox, waits while paused, and stops."""

from __future__ import annotations

import time
from threading import Lock

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorded_log import recorded
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.redact import redact
from fieldcraft.agent.steering.course import TASKS_LIMIT
from fieldcraft.agent.steering.inbox import Inbox
from fieldcraft.agent.steering.notes import Note
from fieldcraft.common.text import visible_line

LOOK_SECONDS = 0.2
"""How often a paused run looks into its inbox: one call of the system each time."""
HEARD = frozenset({"say", "task", "pause", "go_on", "step", "skip", "stop"})
"""The kinds of notes that are heard here."""
OVER_AT_THE_END = frozenset({"go_on", "step", "stop"})
"""The kinds that say nothing to a run that has stopped by itself meanwhile."""


class Hearing:
    """Hears the notes of people to one run.

    Args:
        recorder: of the run; a note is in its journal before its file is removed.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._inbox = Inbox(recorder.run.folder)
        self._deaf = False
        self._looking = Lock()

    def begin(self) -> None:
        """Hear between any two events from here on; before it the world is not as the run left it."""
        self._recorder.between_events = self._hear_and_wait
        self._recorder.within_a_wait = self._hear

    def end(self) -> None:
        """Hear no more: the run stops. What would only have stopped it, or let it go on, waits no longer."""
        self._recorder.between_events = self._recorder.within_a_wait = lambda: None
        for note in self._waiting():
            if note.kind in OVER_AT_THE_END:
                self._take(note)

    def before_task(self) -> None:
        """Hear before a task; a finished run for which a person has another one goes on."""
        recorder = self._recorder
        if recorder.upcoming(e.RunFinished) is not None:
            wanted = self._recorder.state.steering.tasks or any(n.kind == "task" for n in self._waiting())
            if recorder.events_left > 1 or wanted:
                recorder.leave_next()
        self.before_attempt()

    def before_attempt(self) -> None:
        """Hear before an attempt; a run that makes single steps waits here."""
        if not self._recorder.replaying:
            self._hear_and_wait(between_iterations=True)
            self._recorder.raise_if_stopping()

    def skipped_by(self) -> str:
        """Who skipped the task in progress, where it is not to be tried again; else empty."""
        if self._recorder.replaying and self._recorder.upcoming(e.TaskFinished) is None:
            return ""
        return self._recorder.state.steering.skipped_by

    def _hear_and_wait(self, *, between_iterations: bool = False) -> None:
        self._hear()
        if not self._is_held(between_iterations):
            return
        self._recorder.record_metadata(e.Held(by=self._recorder.state.steering.paused_by))
        while self._is_held(between_iterations):
            time.sleep(LOOK_SECONDS)
            self._hear()

    def _is_held(self, between_iterations: bool) -> bool:
        state = self._recorder.state
        waits = state.steering.waits(state.spent.iterations, between_iterations=between_iterations)
        return waits and not self._recorder.stopping

    def _hear(self) -> None:
        """Take in what waits; threads of tools that wait for a model look one at a time."""
        if not self._looking.acquire(blocking=False):
            return
        try:
            for note in self._waiting():
                self._take(note)
                if note.kind == "stop":
                    self._recorder.request_stop(f"stopped by {visible_line(note.by or 'someone', 100)}")
        finally:
            self._looking.release()

    def _waiting(self) -> list[Note]:
        if self._deaf:
            return []
        try:
            notes = self._inbox.waiting(self._recorder.state.steering.heard)
        except OSError as problem:
            self._give_up(f"its inbox cannot be read: {visible_line(problem, 300)}")
            return []
        return [note for note in notes if note.kind in HEARD]

    def _take(self, note: Note) -> None:
        steering = self._recorder.state.steering
        if note.id in steering.heard:
            return
        if note.kind == "task" and len(steering.tasks) >= TASKS_LIMIT:
            self._warn(f"{TASKS_LIMIT} tasks of people wait already; left out: {note.text[:200]}")
        heard = e.NoteHeard(id=note.id, kind=note.kind, text=redact(note.text), by=note.by, sent=note.time)
        self._recorder.write(heard, sync=True)
        try:
            self._inbox.remove(note)
        except OSError as problem:
            self._give_up(f"one that was heard cannot be removed: {visible_line(problem, 300)}")

    def _give_up(self, why: str) -> None:
        """A note that stays would be heard again and again."""
        self._deaf = True
        self._warn(f"no notes to the run are heard until it is resumed: {why}")

    def _warn(self, text: str) -> None:
        recorded.warning("%s", text)
        self._recorder.record_metadata(e.Warned(text=text))
