"""Running a program of this run: its skills bound, its randomness derived from seed and iteration."""

from __future__ import annotations

from fieldcraft.envs import Environment
from fieldcraft.skills import Execution, Program, SkillLibrary
from fieldcraft.skills.sandbox.base import ProgramLimits, Sandbox
from fieldcraft.tools import ToolExecutor


class ProgramRunner:
    """Binds library skills and runs programs in the sandbox."""

    def __init__(
        self,
        sandbox: Sandbox,
        environment: Environment,
        library: SkillLibrary,
        *,
        seed: int,
        tools: ToolExecutor | None = None,
        limits: ProgramLimits | None = None,
        callable_skills: bool = True,
    ) -> None:
        self._sandbox = sandbox
        self._environment = environment
        self._library = library
        self._seed = seed
        self._tools = tools
        self._limits = limits
        self._callable_skills = callable_skills

    def begin_task(self) -> None:
        """A new task begins: its programs may make as many tool calls as a task is allowed."""
        if self._tools is not None:
            self._tools.begin_task()

    def bindings(self, program: Program) -> dict[str, str]:
        """The library skills that `program` calls, entry name -> digest."""
        return (
            self._library.digests_of(program.names, self._environment.spec.languages)
            if self._callable_skills
            else {}
        )

    def run(self, program: Program, iteration: int, bindings: dict[str, str] | None = None) -> Execution:
        """Run `program` in the world as it is, with today's skills or with those of `bindings`."""
        bound = self.bindings(program) if bindings is None else bindings
        return self._sandbox.run(
            program,
            self._environment,
            skills=self._library.bind(bound),
            tools=self._tools,
            limits=self._limits,
            seed=f"{self._seed}:{iteration}",
        )
