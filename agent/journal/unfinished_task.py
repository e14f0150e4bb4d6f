"""What becomes of an unfinished task that was recorded by a loop which differs from this one.

Its events cannot be played back. They stay in the journal, and what they cost, taught and kept counts. A
world with snapshots goes back to the task's start. Another one lives on as it is: where it shows that the
recorded programs did the task, the task is finished, else it is proposed again.
"""

from __future__ import annotations

from collections.abc import Callable

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.journal.tail import Tail
from fieldcraft.agent.roles.critic import Moment
from fieldcraft.agent.roles.skill_keeper import SkillKeeper
from fieldcraft.agent.roles.skills.worked import Worked
from fieldcraft.agent.task import Task, Verdict
from fieldcraft.envs import Environment, Observation, Progress
from fieldcraft.skills import ProgramError, parse_program


class UnfinishedTask:
    """The events after a run's last finished task, which are not played back."""

    def __init__(
        self,
        recorder: Recorder,
        environment: Environment,
        keeper: SkillKeeper,
        look: Callable[[], tuple[Observation, Progress]],
    ) -> None:
        self._recorder = recorder
        self._environment = environment
        self._keeper = keeper
        self._look = look
        self._tail = Tail.of(recorder.run.tape)

    def set_aside(self, why: str, *, lost: bool = False) -> None:
        """Go on without them; `why` is the end of a sentence that begins with their number.

        A world with snapshots stands at the task's start already. Where the world was `lost`, it is not as
        the run left it even if there are no such events.

        Raises:
            BudgetExhausted, ModelsSilent: while a skill is described that the task brought.
        """
        self._recorder.leave_tape()
        if not self._tail.count and not lost:
            return
        events = "1 event" if self._tail.count == 1 else f"{self._tail.count} events"
        said = f"{events} of the unfinished task {why}"
        start = self._recorder.start
        if start.snapshot is not None:
            self._go_on_from(start.observation, start.progress, start.snapshot, start.reached, said)
            return
        observation, progress = self._look()
        self._end_program(observation, progress)
        if self._tail.task is not None and self._tail.started is not None:
            verdict = self._verdict(self._tail.task)
            if verdict.success:
                self._finish(self._tail.task, self._tail.started, verdict, said)
                return
        self._go_on_from(observation, progress, None, self._recorder.state.reached, said)

    def _go_on_from(
        self,
        observation: Observation,
        progress: Progress,
        snapshot: str | None,
        reached: dict[str, int],
        said: str,
    ) -> None:
        done = self._recorder.start.task_number
        stands = "" if snapshot is not None else ", in the world as it is now"
        aside = f"{said} and are set aside; " if self._tail.count else ""
        event = e.TailSetAside(
            episodes=self._recorder.start.episodes if snapshot is not None else None,
            first=self._tail.first,
            last=self._tail.last,
            text=f"{aside}the run goes on from task {done + 1}{stands}",
            task_number=done,
            observation=observation,
            progress=progress,
            snapshot=snapshot,
            reached=dict(reached),
        )
        self._recorder.write(event, sync=True)

    def _end_program(self, observation: Observation, progress: Progress) -> None:
        """A program without an outcome was cut off, and is not run again."""
        if self._tail.running and self._tail.started is not None:
            event = e.ExecutionInterrupted(
                iteration=self._tail.started.iteration, observation=observation, progress=progress
            )
            self._recorder.write(event, sync=True)

    def _verdict(self, task: Task) -> Verdict:
        """The recorded one, else what the world says of the goal as it is now."""
        if self._tail.verdict is not None and self._tail.verdict.success:
            return self._tail.verdict
        if task.goal is None:
            return Verdict(success=False)
        try:
            found = self._environment.check(task.goal, self._recorder.start.progress)
        except Exception as error:
            return Verdict(success=False, reasoning=f"{type(error).__name__}: {error}"[:300])
        return Verdict(success=found.met, reasoning=found.detail)

    def _finish(self, task: Task, started: e.ExecutionStarted, verdict: Verdict, said: str) -> None:
        """The task is done in the world as it is: nothing of it is left to be set aside."""
        number = self._recorder.state.task_number
        text = f"{said}; what they did stands, and task {number} is done in the world as it is now"
        self._recorder.record_metadata(e.Warned(text=text))
        if verdict is not self._tail.verdict:
            self._recorder.write(e.Judged(iteration=started.iteration, verdict=verdict), sync=True)
        self._keep(task, started)
        finished = e.TaskFinished(task_number=number, success=True, attempts=self._tail.attempts)
        self._recorder.write(finished, sync=True)

    def _keep(self, task: Task, started: e.ExecutionStarted) -> None:
        """Keep the program that did the task, where its outcome is known and it was not kept already."""
        execution = self._tail.execution
        wanted = self._recorder.run.settings.keep_skills and not self._tail.settled
        if not wanted or execution is None:
            return
        try:
            program = parse_program(started.source, started.language)
        except ProgramError:
            return
        start = self._recorder.start
        before = Moment(observation=start.observation, progress=start.progress, snapshot=start.snapshot)
        worked = Worked(
            task=task,
            program=program,
            execution=execution,
            start=before,
            iteration=started.iteration,
            first=self._tail.programs == 1,
            improves=started.improves,
        )
        self._keeper.keep(worked)
