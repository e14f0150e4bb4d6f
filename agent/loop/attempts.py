"""The attempts at a task: write a program, run it, judge it, keep what works (Voyager, section 2.3)."""

from __future__ import annotations

import time

from fieldcraft.agent.approvals.parked import CallParked
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.loop.attempt_start import AttemptStart
from fieldcraft.agent.loop.episodes import EpisodesOfLoop
from fieldcraft.agent.loop.parts import Parts
from fieldcraft.agent.loop.world import WorldOfLoop
from fieldcraft.agent.roles.actor import Written
from fieldcraft.agent.roles.critic import Moment
from fieldcraft.agent.roles.curriculum import OF_EPISODE
from fieldcraft.agent.roles.skills.worked import Worked
from fieldcraft.agent.roles.visibility import visible_execution
from fieldcraft.agent.steering.hearing import Hearing
from fieldcraft.agent.task import Attempt, Task, Verdict
from fieldcraft.skills import Execution, KillReason, Program

_CUT_OFF = Execution(
    killed=KillReason.CRASHED, detail="the run was cut off here; the world went on without it"
)

Outcome = e.ExecutionFinished | e.ExecutionInterrupted | e.ProgramSetAside
"""How a program ends."""


class Attempts:
    """Tries tasks, one after the other. All that it knows of a task stands in the run's journal.

    Args:
        recorder: of the run.
        parts: who writes, runs, judges and keeps.
        world: of the run.
        episodes: of the run.
        hearing: hears people between two attempts.
    """

    def __init__(
        self,
        recorder: Recorder,
        parts: Parts,
        world: WorldOfLoop,
        episodes: EpisodesOfLoop,
        hearing: Hearing,
    ) -> None:
        self._recorder = recorder
        self._parts = parts
        self._world = world
        self._episodes = episodes
        self._hearing = hearing
        self._settings = recorder.run.settings
        self._drafts = self._settings.drafts if parts.environment.spec.can_snapshot else 1

    def at(self, task: Task, task_number: int) -> e.TaskFinished:
        """Try the task until it is done, its attempts are used up, or its author gives it up.

        Raises:
            TaskEnds: it is set aside until a person answers, or nobody answered in time.
        """
        start = self._world.now()
        attempts: list[Attempt] = []
        verdict, given_up, fresh = Verdict(success=False), "", 0
        for number in range(1, self._settings.attempts + 1):
            self._hearing.before_attempt()
            self._parts.set_aside.listen()
            if by := self._hearing.skipped_by():
                given_up = f"skipped by {by}"
                break
            if self._episodes.over:
                if task.origin == OF_EPISODE:
                    break
                self._recorder.check_budget(another_program=True)
                self._episodes.begin_next()
                start, fresh = self._world.now(), len(attempts)
            made = len(attempts)
            verdict, given_up = self._draw(task, start, number, attempts, fresh)
            if len(attempts) > made:
                self._episodes.note_end(attempts[-1])
            if verdict.success or given_up:
                break
        made = len({attempt.number for attempt in attempts})
        return e.TaskFinished(
            task_number=task_number, success=verdict.success, attempts=made, given_up=given_up
        )

    def _draw(
        self, task: Task, start: Moment, number: int, attempts: list[Attempt], fresh: int
    ) -> tuple[Verdict, str]:
        """One attempt, for which several programs may be drawn. The world keeps what the last one did.

        Args:
            task: to try.
            start: of the task, or of the episode where that is later.
            number: of the attempt.
            attempts: so far; those of this one are added.
            fresh: how many of them were made before `start`.

        Returns:
            The verdict on the last program, and why the author gives the task up, if it does.
        """
        begin = AttemptStart(self._recorder, lambda snapshot: self._world.restore(snapshot, fresh=False))
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
            first = not any(each.execution for each in earlier[fresh:])
            verdict = self._try(task, start, written, attempt, first=first)
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
            iteration = self._recorder.state.spent.iterations + 1
            self._recorder.record(
                e.AnswerRefused(iteration=iteration, attempt=attempt.number, problem=problem)
            )
            return Verdict(success=False, critique=problem)
        outcome = self._execute(written.program, attempt.number, written.improves, written.again)
        finished = isinstance(outcome, e.ExecutionFinished)
        self._parts.set_aside.check(attempt.number, cut_off=not finished)
        execution = outcome.execution if isinstance(outcome, e.ExecutionFinished) else _CUT_OFF
        attempt.execution = visible_execution(execution, self._settings)
        iteration = self._recorder.state.spent.iterations
        attempt.verdict = verdict = self._recorder.record_decision(
            e.Judged,
            lambda: e.Judged(
                iteration=iteration,
                verdict=self._parts.critic.judge(task, start, execution, self._world.now()),
            ),
        ).verdict
        if verdict.success and self._settings.keep_skills and not written.known:
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
        iteration = self._recorder.state.spent.iterations + 1
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
        as_it_was = environment.spec.can_snapshot or self._world.brought_back
        if self._recorder.interrupted and not as_it_was:
            self._parts.tool_access.skip()
            observation, progress = self._world.look()
            return e.ExecutionInterrupted(
                iteration=iteration,
                observation=observation,
                progress=progress,
                picture=self._world.picture(observation),
            )
        task = self._recorder.state.task
        began = time.monotonic()
        try:
            ran = self._parts.runner.run(program, chance, bindings, goal=task.goal if task else None)
        except CallParked as parked:
            self._world.undo_program()
            seconds = time.monotonic() - began
            return e.ProgramSetAside(iteration=iteration, awaits=parked.id, seconds=seconds)
        self._world.say_faults()
        observation, progress = self._world.look()
        return e.ExecutionFinished(
            iteration=iteration,
            execution=ran.execution,
            observation=observation,
            progress=progress,
            snapshot=self._world.snapshot(),
            picture=self._world.picture(observation),
            happenings=ran.happenings,
        )
