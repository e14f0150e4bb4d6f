"""The lifelong loop: propose a task, write a program, run it, judge it, keep what works."""

from __future__ import annotations

import contextlib

from fieldcraft.agent.approvals.set_aside import TaskEnds
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import BudgetExhausted, JournalDiverged, Recorder, StopRequested
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.journal.store import JournalError
from fieldcraft.agent.journal.tail import checkpoint, has_begun, latest_snapshot, reached_by
from fieldcraft.agent.journal.unfinished_task import UnfinishedTask
from fieldcraft.agent.loop.attempts import Attempts
from fieldcraft.agent.loop.episodes import EpisodesOfLoop
from fieldcraft.agent.loop.parts import Parts
from fieldcraft.agent.loop.world import Stalled, WorldOfLoop
from fieldcraft.agent.models.errors import ModelRefused
from fieldcraft.agent.prompts.answers import Insisted
from fieldcraft.agent.prompts.rendering import AnswerUnusable
from fieldcraft.agent.result import Ended, RunResult
from fieldcraft.agent.roles.curriculum import OF_EPISODE
from fieldcraft.agent.roles.model_calls import ModelsSilent
from fieldcraft.agent.roles.proposals.goals import known_goal
from fieldcraft.agent.roles.proposals.stalls import ANOTHER_WORLD, noticed, out_of_patience
from fieldcraft.agent.seeing import RunPictures
from fieldcraft.agent.steering.hearing import Hearing
from fieldcraft.agent.task import Task
from fieldcraft.common.plugins import BrokenPart
from fieldcraft.common.text import visible_line
from fieldcraft.envs import BrokenEnvironment, OwnGoal

_ENDINGS: dict[type[Exception], Ended] = {
    BudgetExhausted: "budget",
    StopRequested: "stopped",
    Stalled: "stalled",
    ModelsSilent: "model silent",
    ModelRefused: "model silent",
}


class Explorer:
    """Takes a run to the end of its budget or its tasks. Everything it does is in the run's journal."""

    def __init__(self, recorder: Recorder, parts: Parts) -> None:
        self._recorder = recorder
        self._run = recorder.run
        self._parts = parts
        self._hearing = Hearing(recorder)
        self._world = WorldOfLoop(recorder, parts.environment, parts.runner)
        self._episodes = EpisodesOfLoop(recorder, self._world)
        self._attempts = Attempts(recorder, parts, self._world, self._episodes, self._hearing)
        self._ending: tuple[Ended, str] | None = None

    @property
    def state(self) -> RunState:
        """The state of the run."""
        return self._recorder.state

    @property
    def result(self) -> RunResult:
        """Where the run stands once `explore` has returned, and how it ended.

        Raises:
            RuntimeError: `explore` has not returned.
        """
        if self._ending is None:
            raise RuntimeError("the run has not ended; call explore() first")
        ended, reason = self._ending
        return RunResult.at_end(self.state, ended=ended, reason=reason, folder=self._run.folder)

    def explore(self) -> RunState:
        """Run until the budget is used up, the tasks end, or a stop is requested.

        Returns:
            The state at the end. `finished` says whether there is nothing left to do; else the run can be
            resumed.

        Raises:
            JournalError: the record cannot be written; nothing acknowledged is lost.
            BrokenPart: a curriculum, actor, critic, retriever or sandbox of the user's own failed; once it is
                mended the run can be resumed.
        """
        self._ending = None
        try:
            return self._explore()
        finally:
            self._parts.facts.share()

    def _explore(self) -> RunState:
        try:
            self._restore_world()
            self._hearing.begin()
            while self._go_on():
                self._tidy()
            self._hearing.end()
            self._ending = "finished", self._finish()
        except tuple(_ENDINGS) as pause:
            self._hearing.end()
            self._recorder.record_metadata(e.RunPaused(reason=str(pause)))
            ended = next(ended for kind, ended in _ENDINGS.items() if isinstance(pause, kind))
            self._ending = ended, str(pause)
        except (BrokenPart, BrokenEnvironment) as fault:
            self._recorder.record_metadata(e.RunPaused(reason=visible_line(fault, 1000)))
            raise
        except KeyboardInterrupt:
            with contextlib.suppress(JournalError):
                self._recorder.record_metadata(e.RunPaused(reason="interrupted at once"))
            raise
        return self.state

    def _go_on(self) -> bool:
        """One task, or what an earlier process left of one that this loop does not take up."""
        try:
            return self._do_one_task()
        except JournalDiverged as divergence:
            start = self._recorder.start.snapshot
            if start is not None:
                self._world.restore(start, fresh=False)
            self._unfinished().set_aside(
                f"were written by version {self._run.writer}, do not fit the loop as it is now ({divergence})"
            )
            return True

    def _do_one_task(self) -> bool:
        self._hearing.before_task()
        self._recorder.check_budget(another_program=True)
        self._episodes.begin_next()
        self._watch_for_stall()
        self._parts.set_aside.hear()
        self._parts.tool_access.begin_task()
        next_one = self._parts.set_aside.due() or self._new_task()
        if next_one is None:
            if self._parts.set_aside.is_left():
                return True
            self._recorder.record(e.RunFinished(reason="no more tasks"))
            return False
        proposed = self._recorder.record(next_one)
        self._parts.set_aside.begin(proposed)
        number, task = proposed.task_number, proposed.task
        try:
            finished = self._attempts.at(self._parts.persons.informed(task), number)
        except TaskEnds as end:
            finished = e.TaskFinished(
                task_number=number,
                success=False,
                attempts=end.attempts,
                given_up=end.why,
                awaiting=end.awaiting,
            )
        if task.origin == OF_EPISODE:
            self._episodes.leave()
        if not finished.awaiting:
            own = "" if self.state.steering.skipped_by else finished.given_up
            self._parts.facts.after_task(task, success=finished.success, given_up=own)
        self._recorder.record(finished)
        return True

    def _new_task(self) -> e.TaskProposed | None:
        task = self._parts.persons.propose()
        if task is None:
            task = self._propose()
            if task is not None and task.origin != "human" and (other := self._wanted_meanwhile()):
                return other
        return self._proposed(task)

    def _proposed(self, task: Task | None) -> e.TaskProposed | None:
        if task is None:
            return None
        if isinstance(task.goal, OwnGoal) and not task.goal.shown:
            task = task.model_copy(update={"goal": known_goal(task.goal, self._parts.environment)})
        return e.TaskProposed(task_number=self.state.task_number + 1, task=task)

    def _wanted_meanwhile(self) -> e.TaskProposed | None:
        """A task that comes before the curriculum's, since a person spoke while the curriculum chose."""
        self._hearing.before_attempt()
        self._parts.set_aside.listen()
        recorded = self._recorder.upcoming(e.TaskProposed)
        again = (
            self._parts.set_aside.due()
            if not self._recorder.replaying or (recorded and recorded.again)
            else None
        )
        if again is not None:
            return again
        return self._proposed(self._parts.persons.propose())

    def _watch_for_stall(self) -> None:
        """Notice that nothing new comes any more.

        Raises:
            BudgetExhausted: the run is out of patience.
        """
        stall = self._recorder.upcoming(e.StallNoticed)
        if stall is None and not self._recorder.replaying:
            if reason := out_of_patience(self.state, self._run.settings.budget):
                raise BudgetExhausted(reason)
            stall = noticed(self.state, self._run.settings, self._parts.environment.spec)
        if stall is not None:
            self._recorder.record(stall)
            if stall.tries == ANOTHER_WORLD:
                self._episodes.move_on(f"nothing new came in {stall.since} iterations")

    def _finish(self) -> str:
        """Why nothing is left to do, in words."""
        if self._run.settings.curriculum != "solve":
            return "no more tasks"
        return "the task is done" if self.state.solved else "the task was given up"

    def _propose(self) -> Task | None:
        """The curriculum's next task. One that cannot be used is requested again, up to a limit."""
        refused = 0
        while True:
            try:
                return self._parts.curriculum.propose()
            except AnswerUnusable as problem:
                refused += not self._recorder.replaying
                self._refuse(problem)
                if refused >= self._run.settings.model_failures:
                    raise Stalled(f"the curriculum's model proposed no usable task: {problem}") from problem

    def _refuse(self, problem: AnswerUnusable) -> None:
        refusal = e.ProposalRefused(problem=str(problem)[:500], insisted=isinstance(problem, Insisted))
        self._recorder.record_decision(e.ProposalRefused, lambda: refusal)

    def _restore_world(self) -> None:
        """Bring the reset world to where the journal ends: by the latest snapshot, or by running again."""
        run = self._run
        begun = has_begun(run)
        misfit = f"were written by version {run.other_writer}" if run.other_writer else ""
        if not begun and run.tape and not isinstance(run.tape[0], e.WorldReset):
            misfit = misfit or "stand before the world's first reset"
            self._recorder.leave_tape()
        latest, reached, lost = latest_snapshot(run, unfinished=not misfit), reached_by(run), ""
        if latest is not None:
            self._world.restore(latest, fresh=True)
        elif reached is not None:
            lost = self._world.bring_back(reached).lost
        if not begun:
            self._recorder.record_decision(e.WorldReset, self._world.first_look)
            self._parts.facts.begin()
        if misfit or lost:
            self._unfinished().set_aside(misfit or "belong to the world that is lost", lost=bool(lost))

    def _unfinished(self) -> UnfinishedTask:
        parts = self._parts
        return UnfinishedTask(self._recorder, parts.environment, parts.keeper, self._world.look)

    def _tidy(self) -> None:
        """At a task's end: begin a new segment where the journal has grown; thin snapshots, pictures."""
        if self._recorder.replaying:
            return
        state, run = self.state, self._run
        run.journal.rotate_if_large(self._segment_start)
        if state.snapshot is not None:
            run.thin_snapshots(state.snapshot)
        if run.settings.see or state.observation.attached:
            RunPictures(run.folder).thin()

    def _segment_start(self) -> e.Checkpoint:
        if self.state.snapshot is not None:
            self._run.keep_start(self.state.snapshot)
        return checkpoint(self._run)
