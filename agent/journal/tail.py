"""What a run's journal holds beyond its last finished task: where the world stood, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.run import THIS_VERSION, Run
from fieldcraft.agent.task import Task, Verdict
from fieldcraft.envs import Progress
from fieldcraft.skills import Execution


def has_begun(run: Run) -> bool:
    """Whether the reset of the world stands before the run's tape."""
    return run.state.begun or run.state.task_number > 0 or run.state.snapshot is not None


def latest_snapshot(run: Run, *, unfinished: bool) -> str | None:
    """The snapshot of the world where the journal ends, or where its `unfinished` task began."""
    places = (
        (e.WorldReset, e.EpisodeBegan, e.ExecutionFinished, e.DraftUndone) if unfinished else (e.WorldReset,)
    )
    for event in reversed(run.tape):
        if isinstance(event, places):
            return event.snapshot
    return run.state.snapshot


def reached_by(run: Run) -> Progress | None:
    """What was reached by where the journal ends; `None` before the world was first reset."""
    for event in reversed(run.tape):
        if isinstance(event, e.WorldReset | e.EpisodeBegan | e.ExecutionFinished | e.ExecutionInterrupted):
            return event.progress
    return run.state.progress if has_begun(run) else None


def checkpoint(run: Run) -> e.Checkpoint:
    """The first event of a new segment, after a finished task."""
    return e.Checkpoint(
        run=run.id,
        settings=run.settings,
        library_at=run.library_at,
        state=run.state,
        loop=e.LOOP,
        version=THIS_VERSION,
    )


@dataclass
class Tail:
    """What is recorded of an unfinished task.

    Attributes:
        first: number of its first event; 0 where there is none.
        last: number of its last event.
        count: of its events.
        task: `None` where it was not proposed yet.
        attempts: that were begun.
        programs: that were begun.
        started: the last of them.
        execution: what it did; `None` where it was cut off, or there is none.
        running: the last program has no outcome.
        verdict: on the last program; `None` where it was not judged.
        settled: whether the last program was kept as a skill, or refused.
    """

    first: int = 0
    last: int = 0
    count: int = 0
    task: Task | None = None
    attempts: int = 0
    programs: int = 0
    started: e.ExecutionStarted | None = None
    execution: Execution | None = None
    running: bool = False
    verdict: Verdict | None = None
    settled: bool = False

    @classmethod
    def of(cls, tape: Sequence[e.Event]) -> Tail:
        """The tail of a run with this tape."""
        tail = cls()
        for event in tape:
            if not isinstance(event, e.WorldReset | e.NoteHeard):
                tail.first, tail.last = tail.first or event.number, event.number
                tail.count += 1
                tail._take(event)
        return tail

    def _take(self, event: e.Event) -> None:
        match event:
            case e.TaskProposed():
                self.task = event.task
            case e.AnswerRefused():
                self.attempts = event.attempt
            case e.ExecutionStarted():
                self.attempts, self.started = event.attempt, event
                self.programs += 1
                self.execution, self.verdict, self.running, self.settled = None, None, True, False
            case e.ExecutionFinished():
                self.execution, self.running = event.execution, False
            case e.ExecutionInterrupted() | e.ProgramSetAside():
                self.running = False
            case e.Judged():
                self.verdict = event.verdict
            case e.SkillKept() | e.SkillRefused():
                self.settled = True
            case _:
                pass
