"""The lifelong loop: propose a task, write a program, run it, judge it, keep what works."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

from fieldcraft.agent.approvals.parked import CallParked
from fieldcraft.agent.approvals.set_aside import SetAside, TaskEnds
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.past.attempt_start import AttemptStart
from fieldcraft.agent.journal.past.returning import return_to_the_end
from fieldcraft.agent.journal.recorder import BudgetExhausted, JournalDiverged, Recorder, StopRequested
from fieldcraft.agent.journal.restore import restore_world
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.journal.store import JournalError
from fieldcraft.agent.journal.tail import checkpoint, has_begun, latest_snapshot, reached_by
from fieldcraft.agent.journal.unfinished_task import UnfinishedTask
from fieldcraft.agent.models.errors import ModelRefused
from fieldcraft.agent.prompts.rendering import AnswerUnusable
from fieldcraft.agent.redact import redact
from fieldcraft.agent.result import Ended, RunResult
from fieldcraft.agent.roles.actor import Author, Written
from fieldcraft.agent.roles.critic import Judge, Moment
from fieldcraft.agent.roles.curriculum import TaskSource
from fieldcraft.agent.roles.facts import FactKeeper
from fieldcraft.agent.roles.model_calls import ModelsSilent
from fieldcraft.agent.roles.proposals.persons import PersonsTasks
from fieldcraft.agent.roles.proposals.stalls import noticed, out_of_patience
from fieldcraft.agent.roles.skill_keeper import SkillKeeper
from fieldcraft.agent.roles.skills.known import KnownSkills
from fieldcraft.agent.roles.skills.worked import Worked
from fieldcraft.agent.roles.storage_skills import StorageSkills
from fieldcraft.agent.roles.visibility import visible_execution
from fieldcraft.agent.runner import ProgramRunner
from fieldcraft.agent.steering.hearing import Hearing
from fieldcraft.agent.task import Attempt, Task, Verdict
from fieldcraft.agent.tooling.access import ToolAccess
from fieldcraft.common.errors import Paused
from fieldcraft.common.plugins import BrokenPart
from fieldcraft.common.text import visible_line
from fieldcraft.envs import BrokenEnvironment, Environment, Observation, Progress, happened, seen_of
from fieldcraft.envs.faults import FILE, faults_of, told
from fieldcraft.envs.needed import taken_snapshot
from fieldcraft.skills import Execution, KillReason, Program, SkillLibrary

_CUT_OFF = Execution(
    killed=KillReason.CRASHED, detail="the run was cut off here; the world went on without it"
)

Outcome = e.ExecutionFinished | e.ExecutionInterrupted | e.ProgramSetAside
"""How a program ends."""

BLIND_LIMIT = 3
"""Failed observations in a row after which a run stops, resumable."""


class Stalled(Paused):
    """The run cannot go on as things are, and nobody asked it to stop; the message says why."""


_ENDINGS: dict[type[Exception], Ended] = {
    BudgetExhausted: "budget",
    StopRequested: "stopped",
    Stalled: "stalled",
    ModelsSilent: "model silent",
    ModelRefused: "model silent",
}


@dataclass(frozen=True)
class Parts:
    """What the loop is put together from; `fieldcraft.agent.session` builds them from settings."""

    environment: Environment
    library: SkillLibrary
    curriculum: TaskSource
    persons: PersonsTasks
    actor: Author
    critic: Judge
    known: KnownSkills
    keeper: SkillKeeper
    runner: ProgramRunner
    storage_skills: StorageSkills
    tool_access: ToolAccess
    facts: FactKeeper
    set_aside: SetAside


class Explorer:
    """Takes a run to the end of its budget or its tasks. Everything it does is in the run's journal."""

    def __init__(self, recorder: Recorder, parts: Parts) -> None:
        self._recorder = recorder
        self._run = recorder.run
        self._parts = parts
        self._drafts = self._run.settings.drafts if parts.environment.spec.can_snapshot else 1
        self._hearing = Hearing(recorder)
        self._blind = 0
        self._brought_back = False
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
                self._restore(start, fresh=False)
            self._unfinished().set_aside(
                f"were written by version {self._run.writer}, do not fit the loop as it is now ({divergence})"
            )
            return True

    def _do_one_task(self) -> bool:
        self._hearing.before_task()
        self._recorder.check_budget(another_program=True)
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
            finished = self._attempt(number, self._parts.persons.informed(task))
        except TaskEnds as end:
            finished = e.TaskFinished(
                task_number=number,
                success=False,
                attempts=end.attempts,
                given_up=end.why,
                awaiting=end.awaiting,
            )
        if not finished.awaiting:
            own = "" if self.state.steering.skipped_by else finished.given_up
            self._parts.facts.after_task(task, success=finished.success, given_up=own)
        self._recorder.record(finished)
        return True

    def _new_task(self) -> e.TaskProposed | None:
        task = self._parts.persons.propose() or self._propose()
        return None if task is None else e.TaskProposed(task_number=self.state.task_number + 1, task=task)

    def _watch_for_stall(self) -> None:
        """Notice that nothing new comes any more.

        Raises:
            BudgetExhausted: the run is out of patience.
        """
        recorded = self._recorder.upcoming(e.StallNoticed)
        if recorded is not None:
            self._recorder.record(recorded)
        if self._recorder.replaying:
            return
        if reason := out_of_patience(self.state, self._run.settings.budget):
            raise BudgetExhausted(reason)
        stall = noticed(self.state, self._run.settings, self._parts.environment.spec)
        if stall is not None:
            self._recorder.record(stall)

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
                self._recorder.record(e.ProposalRefused(problem=str(problem)[:500]))
                if refused >= self._run.settings.model_failures:
                    raise Stalled(f"the curriculum's model proposed no usable task: {problem}") from problem

    def _attempt(self, task_number: int, task: Task) -> e.TaskFinished:
        """Try the task until it is done, its attempts are used up, or its author gives it up."""
        start = self._now()
        attempts: list[Attempt] = []
        verdict, given_up = Verdict(success=False), ""
        for number in range(1, self._run.settings.attempts + 1):
            self._hearing.before_attempt()
            if by := self._hearing.skipped_by():
                given_up = f"skipped by {by}"
                break
            verdict, given_up = self._draw(task, start, number, attempts)
            if verdict.success or given_up:
                break
        made = len({attempt.number for attempt in attempts})
        return e.TaskFinished(
            task_number=task_number, success=verdict.success, attempts=made, given_up=given_up
        )

    def _draw(self, task: Task, start: Moment, number: int, attempts: list[Attempt]) -> tuple[Verdict, str]:
        """One attempt, for which several programs may be drawn. The world keeps what the last one did.

        Returns:
            The verdict on the last program, and why the author gives the task up, if it does.
        """
        begin = AttemptStart(self._recorder, lambda snapshot: self._restore(snapshot, fresh=False))
        verdict, earlier = Verdict(success=False), list(attempts)
        for _ in range(self._drafts):
            self._recorder.check_budget(another_program=True)
            drawn = [attempt.source for attempt in attempts[len(earlier) :]]
            written = self._ready(task, attempts) or self._parts.actor.write(
                task, begin.observation, self._parts.known.suited(task, earlier), earlier
            )
            self._parts.set_aside.check(number - 1)
            if written.given_up and not drawn:
                return verdict, written.given_up
            if written.given_up or written.source in drawn:
                continue
            begin.go_back()
            attempt = Attempt(number=number, source=written.source, problem=written.problem)
            verdict = self._try(task, start, written, attempt, first=not any(a.execution for a in earlier))
            attempts.append(attempt)
            if verdict.success:
                break
            self._parts.set_aside.check(number)
        return verdict, ""

    def _ready(self, task: Task, attempts: list[Attempt]) -> Written | None:
        """A program that no author is asked for: one that was set aside, or a skill that makes room.

        Each is tried once.
        """
        if (again := self._parts.set_aside.program(len(attempts))) is not None:
            return again
        program = None if attempts else self._parts.storage_skills.program(task)
        if program is None:
            return None
        return Written(source=program.source, program=program, problem=None, known=True)

    def _try(self, task: Task, start: Moment, written: Written, attempt: Attempt, *, first: bool) -> Verdict:
        if written.program is None:
            problem = written.problem or "no program"
            iteration = self.state.spent.iterations + 1
            self._recorder.record(
                e.AnswerRefused(iteration=iteration, attempt=attempt.number, problem=problem)
            )
            return Verdict(success=False, critique=problem)
        outcome = self._execute(written.program, attempt.number, written.improves, written.again)
        finished = isinstance(outcome, e.ExecutionFinished)
        self._parts.set_aside.check(attempt.number, cut_off=not finished)
        execution = outcome.execution if isinstance(outcome, e.ExecutionFinished) else _CUT_OFF
        attempt.execution = visible_execution(execution, self._run.settings)
        iteration = self.state.spent.iterations
        attempt.verdict = verdict = self._recorder.record_decision(
            e.Judged,
            lambda: e.Judged(
                iteration=iteration, verdict=self._parts.critic.judge(task, start, execution, self._now())
            ),
        ).verdict
        if verdict.success and self._run.settings.keep_skills and not written.known:
            worked = Worked(
                task=task,
                program=written.program,
                execution=execution,
                start=start,
                iteration=iteration,
                first=first,
                improves=written.improves,
                happenings=outcome.happenings if isinstance(outcome, e.ExecutionFinished) else [],
            )
            self._parts.keeper.keep(worked)
        return verdict

    def _execute(self, program: Program, attempt: int, improves: str, again: int) -> Outcome:
        iteration = self.state.spent.iterations + 1
        recorded = self._recorder.upcoming(e.ExecutionStarted)
        bindings = recorded.skills if recorded else self._parts.runner.bindings(program)
        outcome = self._recorder.effect(
            e.ExecutionStarted(
                iteration=iteration,
                attempt=attempt,
                source=program.source,
                language=program.language,
                skills=bindings,
                improves=improves,
                again=again,
            ),
            (e.ExecutionFinished, e.ExecutionInterrupted, e.ProgramSetAside),
            lambda: self._perform(program, iteration, again or iteration, bindings),
            repeatable=self._parts.environment.spec.can_snapshot,
        )
        assert isinstance(outcome, e.ExecutionFinished | e.ExecutionInterrupted | e.ProgramSetAside)
        if isinstance(outcome, e.ExecutionFinished):
            self._parts.facts.after_program(outcome)
        return outcome

    def _perform(self, program: Program, iteration: int, chance: int, bindings: dict[str, str]) -> Outcome:
        """Run a program, whose randomness is that of the iteration `chance`."""
        environment = self._parts.environment
        as_it_was = environment.spec.can_snapshot or self._brought_back
        if self._recorder.interrupted and not as_it_was:
            self._parts.tool_access.skip()
            observation, progress = self._look()
            return e.ExecutionInterrupted(iteration=iteration, observation=observation, progress=progress)
        task = self.state.task
        began = time.monotonic()
        try:
            ran = self._parts.runner.run(program, chance, bindings, goal=task.goal if task else None)
        except CallParked as parked:
            self._go_back()
            seconds = time.monotonic() - began
            return e.ProgramSetAside(iteration=iteration, awaits=parked.id, seconds=seconds)
        self._say_faults()
        observation, progress = self._look()
        return e.ExecutionFinished(
            iteration=iteration,
            execution=ran.execution,
            observation=observation,
            progress=progress,
            snapshot=self._snapshot(),
            happenings=ran.happenings,
        )

    def _go_back(self) -> None:
        """Make the world what it was before the program, of which nothing is left."""
        assert self.state.snapshot is not None
        self._restore(self.state.snapshot, fresh=False)
        happened(self._parts.environment)

    def _look(self) -> tuple[Observation, Progress]:
        environment = self._parts.environment
        try:
            seen = seen_of(environment)
        except Exception as error:
            return self._reuse_last_observation(error)
        self._blind = 0
        return seen

    def _say_faults(self) -> None:
        """Say what failed in the world's own code, once for each kind."""
        for line in faults_of(self._parts.environment).unsaid():
            text = f"the world failed in {line}; its traceback is in {FILE} in the run's folder"
            self._recorder.record_metadata(e.Warned(text=redact(visible_line(text, 1000))))

    def _reuse_last_observation(self, error: Exception) -> tuple[Observation, Progress]:
        """The environment's own fault: keep the last view, but not for ever."""
        self._blind += 1
        fault = visible_line(told(error), 500)
        if self._blind >= BLIND_LIMIT:
            raise Stalled(
                f"the environment failed to observe {self._blind} times in a row: {fault}"
            ) from error
        self._recorder.record_metadata(e.Warned(text=f"the environment failed to observe: {fault}"))
        return self.state.observation, self.state.progress

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
            self._restore(latest, fresh=True)
        elif reached is not None:
            parts = self._parts
            back = return_to_the_end(self._recorder, parts.environment, parts.runner, reached)
            self._brought_back, lost = back.whole, back.lost
        if not begun:
            self._recorder.record_decision(e.WorldReset, self._world_reset)
            self._parts.facts.begin()
        if misfit or lost:
            self._unfinished().set_aside(misfit or "belong to the world that is lost", lost=bool(lost))

    def _restore(self, snapshot: str, *, fresh: bool) -> None:
        parts = self._parts
        if why := restore_world(self._run, parts.environment, parts.runner, snapshot, fresh=fresh):
            self._recorder.record_metadata(e.Warned(text=f"{why}; the world was rebuilt by rerunning"))

    def _unfinished(self) -> UnfinishedTask:
        parts = self._parts
        return UnfinishedTask(self._recorder, parts.environment, parts.keeper, self._look)

    def _world_reset(self) -> e.WorldReset:
        environment = self._parts.environment
        try:
            observation, progress = seen_of(environment)
        except Exception as error:
            fault = visible_line(told(error), 500)
            raise BrokenEnvironment(
                f"environment {environment.spec.id!r} failed to observe: {fault}; "
                f"`envs check {self._run.settings.environment}` tries everything it promises"
            ) from error
        return e.WorldReset(observation=observation, progress=progress, snapshot=self._snapshot())

    def _snapshot(self) -> str | None:
        environment = self._parts.environment
        if not environment.spec.can_snapshot:
            return None
        return self._run.save_snapshot(taken_snapshot(environment))

    def _now(self) -> Moment:
        state = self.state
        return Moment(
            observation=state.observation,
            progress=state.progress,
            snapshot=state.snapshot,
            happened=list(state.happened),
        )

    def _tidy(self) -> None:
        """At a task's end: begin a new segment where the journal has grown, and thin the snapshots."""
        if self._recorder.replaying:
            return
        state, run = self.state, self._run
        run.journal.rotate_if_large(self._segment_start)
        if state.snapshot is not None:
            run.thin_snapshots(state.snapshot)

    def _segment_start(self) -> e.Checkpoint:
        if self.state.snapshot is not None:
            self._run.keep_start(self.state.snapshot)
        return checkpoint(self._run)
