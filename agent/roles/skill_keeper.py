"""Turning a program that did its task into a skill: verify it from the task's start, describe it, keep it."""

from __future__ import annotations

import ast
import time

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder
from fieldcraft.agent.journal.restore import restore_world
from fieldcraft.agent.redact import redact
from fieldcraft.agent.roles.critic import Moment
from fieldcraft.agent.roles.model_calls import AnswerWithheld, Asker
from fieldcraft.agent.roles.skills.worked import Improved, Worked
from fieldcraft.agent.runner import ProgramRunner
from fieldcraft.agent.task import Task
from fieldcraft.agent.tooling.access import ToolAccess
from fieldcraft.common.text import visible_line
from fieldcraft.envs import Environment, Goal
from fieldcraft.envs.faults import told
from fieldcraft.envs.needed import needed, taken_snapshot
from fieldcraft.skills import Program, Provenance, Skill, SkillLibrary, SkillRefused, Verified
from fieldcraft.skills.library.skill import folder_name
from fieldcraft.skills.program.outline import outline
from fieldcraft.skills.program.reading import sole_call
from fieldcraft.skills.program.source import read_python
from fieldcraft.skills.program.summary import raised_remark

RAISED_SHOWN = 200
"""Characters of the error that a skill's description tells, where it raised after it had done its task."""

DESCRIBED = 4_000
"""Characters of a program that its describer reads; what its entry uses is shortened first."""


class SkillKeeper:
    """Keeps what worked (Voyager, section 2.2), and records why where it does not."""

    def __init__(
        self,
        recorder: Recorder,
        asker: Asker,
        environment: Environment,
        library: SkillLibrary,
        runner: ProgramRunner,
        tool_access: ToolAccess,
    ) -> None:
        self._recorder = recorder
        self._asker = asker
        self._environment = environment
        self._library = library
        self._runner = runner
        self._tool_access = tool_access

    def keep(self, worked: Worked) -> None:
        """Keep the program as a skill, or record why not.

        One that raised after its task was done is kept as partial. One that was stopped is not kept: every
        program that called it would be stopped as well.
        """
        if reason := self._unfit(worked):
            self._refuse(worked, reason)
            return
        whole = worked.execution.ok and (worked.first or self._does_it_again(worked))
        verified = Verified.FULL if whole else Verified.PARTIAL
        skill = self._skill(worked, verified)
        note = "" if worked.execution.ok else f"kept as partial: it did its task and then {_raised(worked)}"
        try:
            if worked.improves:
                place = Improved.of(worked.improves, skill, worked.program, self._library)
                if place.skill is not None and self._kept(worked, place.skill, note, improves=True):
                    return
                note = "; ".join(part for part in (note, place.problem) if part)
            self._kept(worked, skill, note)
        except SkillRefused as refusal:
            self._refuse(worked, str(refusal))

    def _unfit(self, worked: Worked) -> str:
        """Why the program is not worth keeping, before anything is spent on it."""
        program, execution = worked.program, worked.execution
        if execution.killed is not None:
            return f"it did its task, but did not end by itself: {execution.error_text()}"
        if only_calls_another(program):
            return f"{program.entry} does nothing but call another skill"
        current = self._library.current(folder_name(program.entry))
        if not execution.ok and current is not None and current.verified is Verified.FULL:
            return f"it {_raised(worked)}, and the library's {current.entry}, which works, stays"
        return ""

    def _refuse(self, worked: Worked, reason: str) -> None:
        self._recorder.record(
            e.SkillRefused(iteration=worked.iteration, reason=reason, entry=worked.program.entry)
        )

    def _kept(self, worked: Worked, skill: Skill, note: str, *, improves: bool = False) -> bool:
        """Keep a skill and record it; `False` where one that improves another may not take its place.

        Raises:
            SkillRefused: a skill that improves none may not be kept.
        """
        try:
            kept = self._library.keep(skill, instead=improves)
        except SkillRefused:
            if improves:
                return False
            raise
        if kept.status == "duplicate":
            raise SkillRefused(f"{skill.entry} does the same as {kept.duplicate_of}")
        self._recorder.record(
            e.SkillKept(
                iteration=worked.iteration,
                name=skill.name,
                entry=skill.entry,
                digest=skill.digest,
                verified=skill.verified,
                improves=skill.entry if improves else "",
                note=note,
            )
        )
        return True

    def _described(self, worked: Worked) -> str:
        """The describer's words; empty where its model refuses to say any."""
        try:
            source = outline(worked.program, DESCRIBED)
            return self._asker.text("describer", "describe", task=worked.task, source=source).strip()
        except AnswerWithheld:
            return ""

    def _skill(self, worked: Worked, verified: Verified) -> Skill:
        settings, task, program = self._recorder.run.settings, worked.task, worked.program
        calls = worked.execution.calls
        called = {name for call in calls if (name := call.name.removeprefix("tools.")) != call.name}
        needed = (program.tools | called) & set(self._tool_access.names())
        description = redact(self._described(worked) or program.docstring or task.words)
        remark = "" if worked.execution.ok else redact(raised_remark(_error(worked)))
        used, gave = worked.moved(self._recorder.state.observation)
        return Skill(
            name=folder_name(program.entry),
            description=description[: 1024 - len(remark)] + remark,
            source=program.source,
            entry=program.entry,
            language=program.language,
            environment=self._environment.spec.id,
            dependencies=self._runner.bindings(program),
            tools=tuple(sorted(needed)),
            verified=verified,
            provenance=Provenance(
                run=self._recorder.run.id,
                iteration=worked.iteration,
                task=redact(task.words),
                goal=task.goal.model_dump() if task.goal else None,
                model=settings.model_for("actor"),
                seed=settings.seed,
                used=used,
                gave=gave,
            ),
        )

    def _does_it_again(self, worked: Worked) -> bool:
        """Whether the program does all of the task from the task's start, as far as the world can tell."""
        if worked.task.goal is None or worked.start.snapshot is None:
            return False
        found = self._recorder.effect(
            e.VerificationStarted(iteration=worked.iteration),
            (e.VerificationFinished,),
            lambda: self._rerun(worked.task, worked.program, worked.start, worked.iteration),
        )
        return found.success

    def _rerun(self, task: Task, program: Program, start: Moment, iteration: int) -> e.VerificationFinished:
        assert task.goal is not None and start.snapshot is not None
        began = time.monotonic()
        now = taken_snapshot(self._environment)
        try:
            restore_world(self._recorder.run, self._environment, self._runner, start.snapshot, fresh=False)
            execution, _ = self._runner.run(
                program, iteration, goal=task.goal, tools=self._tool_access.rerun()
            )
            met, detail = self._met(task.goal, start)
        finally:
            needed(self._environment, "restore its own snapshot", self._environment.restore, now)
        return e.VerificationFinished(
            iteration=iteration,
            success=execution.ok and met,
            detail=execution.error_text() or detail,
            seconds=time.monotonic() - began,
        )

    def _met(self, goal: Goal, start: Moment) -> tuple[bool, str]:
        """Whether the goal is met, in the world's words; where the world fails to say, it is not."""
        try:
            found = self._environment.check(goal, start.progress)
        except Exception as error:
            return False, f"the environment failed to check the goal: {told(error)}"
        return found.met, found.detail


def _raised(worked: Worked) -> str:
    return f"raised {_error(worked)}"


def _error(worked: Worked) -> str:
    return visible_line(worked.execution.error_text(), RAISED_SHOWN)


def only_calls_another(program: Program) -> bool:
    """Whether the entry's whole body is one call of a function that it does not define: nothing learned."""
    if program.language != "python":
        return sole_call(program.source) in program.names
    tree = read_python(program.source)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    if len(functions) != 1:
        return False
    body = [
        node
        for node in functions[0].body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    match body:
        case [
            ast.Expr(value=ast.Call(func=ast.Name(id=name)))
            | ast.Return(value=ast.Call(func=ast.Name(id=name)))
        ]:
            return name in program.names
        case _:
            return False
