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
from fieldcraft.agent.runner import ProgramRunner
from fieldcraft.agent.task import Task
from fieldcraft.agent.tooling.access import ToolAccess
from fieldcraft.envs import Environment
from fieldcraft.skills import Execution, Program, Provenance, Skill, SkillLibrary, SkillRefused, Verified
from fieldcraft.skills.library.skill import folder_name
from fieldcraft.skills.program.reading import sole_call
from fieldcraft.skills.program.source import read_python


class SkillKeeper:
    """Keeps what worked (Voyager, section 2.2)."""

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

    def keep(
        self, task: Task, program: Program, run: Execution, start: Moment, *, iteration: int, first: bool
    ) -> None:
        """Keep `program` as a skill, or record why not.

        Args:
            task: what it did.
            program: ran to its end, in the world as it is now.
            run: what happened then.
            start: the world when the task began.
            iteration: of the run that succeeded.
            first: no earlier program touched the world since `start`, so it did all of the task itself.
        """
        if only_calls_another(program):
            reason = f"{program.entry} does nothing but call another skill"
            self._recorder.record(e.SkillRefused(iteration=iteration, reason=reason))
            return
        verified = Verified.FULL if first else self._verify(task, program, start, iteration)
        description = self._described(task, program)
        skill = self._skill(task, program, run, description, verified, iteration)
        try:
            kept = self._library.keep(skill)
        except SkillRefused as refusal:
            self._recorder.record(e.SkillRefused(iteration=iteration, reason=str(refusal)))
            return
        if kept.status == "duplicate":
            reason = f"{skill.entry} does the same as {kept.duplicate_of}"
            self._recorder.record(e.SkillRefused(iteration=iteration, reason=reason))
            return
        self._recorder.record(
            e.SkillKept(
                iteration=iteration,
                name=skill.name,
                entry=skill.entry,
                digest=skill.digest,
                verified=verified,
            )
        )

    def _described(self, task: Task, program: Program) -> str:
        """The describer's words; empty where its model refuses to say any."""
        try:
            return self._asker.text("describer", "describe", task=task, source=program.source).strip()
        except AnswerWithheld:
            return ""

    def _skill(
        self,
        task: Task,
        program: Program,
        run: Execution,
        description: str,
        verified: Verified,
        iteration: int,
    ) -> Skill:
        settings = self._recorder.run.settings
        called = {name for call in run.calls if (name := call.name.removeprefix("tools.")) != call.name}
        needed = (program.tools | called) & set(self._tool_access.names())
        return Skill(
            name=folder_name(program.entry),
            description=redact(description or program.docstring or task.words)[:1024],
            source=program.source,
            entry=program.entry,
            language=program.language,
            environment=self._environment.spec.id,
            dependencies=self._runner.bindings(program),
            tools=tuple(sorted(needed)),
            verified=verified,
            provenance=Provenance(
                run=self._recorder.run.id,
                iteration=iteration,
                task=redact(task.words),
                goal=task.goal.model_dump() if task.goal else None,
                model=settings.model_for("actor"),
                seed=settings.seed,
            ),
        )

    def _verify(self, task: Task, program: Program, start: Moment, iteration: int) -> Verified:
        if task.goal is None or start.snapshot is None:
            return Verified.PARTIAL
        found = self._recorder.effect(
            e.VerificationStarted(iteration=iteration),
            (e.VerificationFinished,),
            lambda: self._rerun(task, program, start, iteration),
        )
        return Verified.FULL if found.success else Verified.PARTIAL

    def _rerun(self, task: Task, program: Program, start: Moment, iteration: int) -> e.VerificationFinished:
        assert task.goal is not None and start.snapshot is not None
        began = time.monotonic()
        now = self._environment.snapshot()
        try:
            restore_world(self._recorder.run, self._environment, self._runner, start.snapshot, fresh=False)
            execution = self._runner.run(program, iteration, tools=self._tool_access.rerun())
            check = self._environment.check(task.goal, start.progress)
        finally:
            self._environment.restore(now)
        return e.VerificationFinished(
            iteration=iteration,
            success=execution.ok and check.met,
            detail=execution.error_text() or check.detail,
            seconds=time.monotonic() - began,
        )


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
