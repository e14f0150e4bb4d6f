"""Run programs with bound skills, and with randomness derived from seed and iteration."""

from __future__ import annotations

import contextlib
from typing import NamedTuple

from fieldcraft.agent.tooling.access import ToolAccess
from fieldcraft.envs import Environment, Goal, Happening, happened
from fieldcraft.skills import Execution, Program, SkillLibrary
from fieldcraft.skills.sandbox.base import ProgramLimits, Sandbox, ToolCaller


class Ran(NamedTuple):
    """A program's execution, and what the world reports of it."""

    execution: Execution
    happenings: list[Happening]


class ProgramRunner:
    """Binds library skills and runs programs in the sandbox."""

    def __init__(
        self,
        sandbox: Sandbox,
        environment: Environment,
        library: SkillLibrary,
        *,
        seed: int,
        tool_access: ToolAccess,
        limits: ProgramLimits | None = None,
        callable_skills: bool = True,
    ) -> None:
        self._sandbox = sandbox
        self._environment = environment
        self._library = library
        self._seed = seed
        self._tool_access = tool_access
        self._limits = limits
        self._callable_skills = callable_skills

    def bindings(self, program: Program) -> dict[str, str]:
        """The library skills that `program` calls, entry name -> digest."""
        return (
            self._library.digests_of(program.names, self._environment.spec.languages)
            if self._callable_skills
            else {}
        )

    def run(
        self,
        program: Program,
        iteration: int,
        bindings: dict[str, str] | None = None,
        *,
        goal: Goal | None,
        tools: ToolCaller | None = None,
    ) -> Ran:
        """Run `program` in the world as it is.

        A world may heed the goal and keep count of what was reported, so a program that is run again has to
        get both as it did the first time.

        Args:
            program: parsed source.
            iteration: seeds its randomness, with the run's seed.
            bindings: the skills it may call, entry name -> digest; by default the current ones.
            goal: of the task, which the world may heed.
            tools: the tools of the program; by default the run's recorded tools.
        """
        bound = self.bindings(program) if bindings is None else bindings
        with contextlib.suppress(Exception):
            self._environment.pursue(goal)
        with self._tool_access.program() as own:
            execution = self._sandbox.run(
                program,
                self._environment,
                skills=self._library.bind_as(bound),
                tools=own if tools is None else tools,
                limits=self._limits,
                seed=f"{self._seed}:{iteration}",
            )
        return Ran(execution, happened(self._environment))
