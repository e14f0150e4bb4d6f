"""Programs and skills in the world's own language: the world runs them, and the host records them.

A Python program that calls a JavaScript skill waits for `WorldPrograms.call_skill`; a JavaScript program that
calls a Python skill is served by `CallBack`, which runs it in the sandbox.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fieldcraft.common.fields import fitted
from fieldcraft.envs import Environment, EpisodeEnd, EpisodeEnded, PrimitiveError
from fieldcraft.envs.programs import Module, ProgramReport, ProgramRequest, RunsPrograms
from fieldcraft.skills.program.execution import Execution, KillReason, ProgramFault
from fieldcraft.skills.program.reading import program_of
from fieldcraft.skills.program.source import Parameter, Program, ProgramError, parse_program
from fieldcraft.skills.sandbox.base import BoundSkill, ProgramLimits, SandboxUnavailable, SkillSet
from fieldcraft.skills.sandbox.ledger import Ledger, failure_text, program_fault
from fieldcraft.skills.sandbox.wire import Stopped

RunPython = Callable[[Program, SkillSet, Mapping[str, Any], ProgramLimits], Execution]
"""Runs a Python program for a waiting one, within its remaining limits."""

LEAST_SECONDS = 0.01


class WorldPrograms:
    """The calls of one execution to a world that runs programs, recorded in `ledger`."""

    def __init__(
        self,
        environment: Environment,
        skills: SkillSet,
        ledger: Ledger,
        *,
        limits: ProgramLimits,
        seed: str,
        run_python: RunPython,
    ) -> None:
        self._environment = environment
        self._skills = skills
        self._ledger = ledger
        self._limits = limits
        self._seed = seed
        self._run_python = run_python
        self._deadline = time.monotonic() + limits.seconds

    def run(self, program: Program, arguments: Mapping[str, Any]) -> None:
        """Run the program in the world; the result is in the ledger.

        Raises:
            Stopped: it reached a limit, or the episode ended.
            SandboxUnavailable: the world does not run programs in its language.
            ValueError: `arguments` do not match the entry's parameters.
        """
        world = self._world(program.language)
        if world is None:
            raise SandboxUnavailable(
                f"{self._environment.spec.id} runs no {program.language} programs; it runs "
                + ", ".join(self._environment.spec.languages)
            )
        request = self._request(
            program.source,
            program.entry,
            positional(program.entry, program.parameters, (), arguments),
            self._skills.roots,
            self._limits.seconds,
        )
        self._deadline = time.monotonic() + self._limits.seconds
        try:
            report = self._report(world, request)
        except Stopped:
            raise
        except Exception as error:
            failed = self._ledger.environment_failure = failure_text("the environment failed", error)
            self._ledger.fault = ProgramFault(kind="WorldError", message=failed)
            return
        over = report.ended or self._ledger.ended
        self._ledger.fault = None if over else self._fault(report, program.source)
        self._ledger.result = report.result
        self._record(report)

    def call_skill(self, digest: str, args: Sequence[Any], kwargs: Mapping[str, Any], seconds: float) -> Any:
        """Call a skill in the world's language for a Python program.

        Args:
            digest: the digest of the skill, one of the program's.
            args: positional arguments without the bot.
            kwargs: keyword arguments.
            seconds: the program's remaining time.

        Raises:
            PrimitiveError: it failed; the message says where.
            Stopped: it reached a limit, or the episode ended.
        """
        skill = self._skills.modules[digest]
        world = self._world(skill.language)
        if world is None:
            raise PrimitiveError(
                f"{skill.entry} is {skill.language}, which {self._environment.spec.id} does not run"
            )
        try:
            parameters = program_of(skill).parameters
            arguments = positional(skill.entry, parameters, args, kwargs)
        except (ProgramError, ValueError) as error:
            raise PrimitiveError(str(error)) from None
        request = self._request(skill.source, skill.entry, arguments, skill.dependencies, seconds)
        self._deadline = time.monotonic() + seconds
        report = self._report(world, request)
        self._record(report)
        fault = self._fault(report, skill.source)
        if fault is not None:
            raise PrimitiveError(
                str(fault if fault.skill else fault.model_copy(update={"skill": skill.entry}))
            )
        return fitted(report.result)

    def _world(self, language: str) -> RunsPrograms | None:
        world = self._environment
        return world if language in world.spec.languages and isinstance(world, RunsPrograms) else None

    def _request(
        self, source: str, entry: str, arguments: Sequence[Any], roots: Mapping[str, str], seconds: float
    ) -> ProgramRequest:
        return ProgramRequest(
            source=source,
            entry=entry,
            arguments=tuple(arguments),
            roots=dict(roots),
            modules={digest: _module(skill) for digest, skill in self._skills.modules.items()},
            seconds=seconds,
            output=self._limits.output,
            calls=self._limits.calls,
            seed=self._seed,
        )

    def _report(self, world: RunsPrograms, request: ProgramRequest) -> ProgramReport:
        """Let the world run a program.

        Raises:
            Stopped: the episode ended without a report.
            Exception: the world failed.
        """
        try:
            return world.run_program(request, self._call_back)
        except EpisodeEnded as ended:
            raise self._over(ended.end) from None

    def _over(self, end: EpisodeEnd) -> Stopped:
        """What ends the programs, and those that wait for them, where the episode ended."""
        self._ledger.ended = self._ledger.ended or end
        return Stopped(KillReason.CANCELLED, str(end))

    def _call_back(self, digest: str, arguments: Sequence[Any]) -> Any:
        skill = self._skills.modules.get(digest)
        if skill is None or skill.language != "python":
            raise PrimitiveError("the program was given no such Python skill")
        try:
            program = parse_program(skill.source)
            named = by_name(skill.entry, program.parameters, arguments)
        except ValueError as error:
            raise PrimitiveError(str(error)) from None
        inner = SkillSet(roots=skill.dependencies, modules=self._skills.modules)
        execution = self._run_python(program, inner, named, self._left())
        self._ledger.add_execution(execution)
        if execution.ended is not None:
            self._ledger.ended = execution.ended
            raise EpisodeEnded.by(execution.ended)
        if not execution.ok:
            raise PrimitiveError(f"{skill.entry}: {execution.error_text()}")
        return execution.result

    def _left(self) -> ProgramLimits:
        """The program's remaining time and calls, for a skill that it waits for.

        Raises:
            PrimitiveError: nothing is left.
        """
        seconds, calls = self._deadline - time.monotonic(), self._limits.calls - self._ledger.call_count
        if seconds <= LEAST_SECONDS or calls < 1:
            raise PrimitiveError("the program that calls it has no time or no calls left")
        return self._limits.model_copy(update={"seconds": seconds, "calls": calls})

    def _record(self, report: ProgramReport) -> None:
        """Record what the program did. Raises `Stopped` if it reached a limit, or the episode ended."""
        self._ledger.add_part(
            [(call.name, call.arguments, call.error) for call in report.calls],
            call_count=report.call_count,
            failed_calls=report.failed_calls,
            skills_called=report.skills_called,
            log=report.log,
        )
        if (ended := report.ended or self._ledger.ended) is not None:
            raise self._over(ended)
        if report.stopped is not None:
            raise Stopped(KillReason[report.stopped.upper()], report.detail)

    def _fault(self, report: ProgramReport, source: str) -> ProgramFault | None:
        failure = report.failure
        if failure is None:
            return None
        skill = self._skills.modules.get(failure.module or "")
        return program_fault(
            failure.kind,
            failure.message,
            failure.line,
            source=source if skill is None else skill.source,
            skill=skill.entry if skill else None,
        )


def positional(
    entry: str, parameters: Sequence[Parameter], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Any, ...]:
    """Arguments by place, of those given by place and by name.

    Raises:
        ValueError: an unknown or doubled name, or a gap, which JSON data cannot leave.
    """
    names = [parameter.name for parameter in parameters]
    placed = dict(enumerate(args))
    for name, value in kwargs.items():
        if name not in names or names.index(name) in placed:
            wanted = ", ".join(names) or "no arguments besides the bot"
            raise ValueError(f"{entry} takes {wanted}; {name!r} does not fit")
        placed[names.index(name)] = value
    if sorted(placed) != list(range(len(placed))):
        raise ValueError(
            f"{entry} takes its arguments in order: {', '.join(names)}; give those before as well"
        )
    return tuple(placed[index] for index in range(len(placed)))


def by_name(entry: str, parameters: Sequence[Parameter], arguments: Sequence[Any]) -> dict[str, Any]:
    """Arguments by name, of those given by place.

    Raises:
        ValueError: there are too many.
    """
    if len(arguments) > len(parameters):
        raise ValueError(f"{entry} takes {len(parameters)} arguments after the bot, not {len(arguments)}")
    return {parameter.name: value for parameter, value in zip(parameters, arguments, strict=False)}


def _module(skill: BoundSkill) -> Module:
    return Module(
        name=skill.name,
        digest=skill.digest,
        entry=skill.entry,
        language=skill.language,
        source="" if skill.language == "python" else skill.source,
        dependencies=skill.dependencies,
    )
