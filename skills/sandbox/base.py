"""The sandbox contract: run a hostile program against a world, return what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.common.errors import InputError, Unavailable
from fieldcraft.common.plugins import Kind
from fieldcraft.envs import Environment
from fieldcraft.skills.program.execution import Execution
from fieldcraft.skills.program.source import Program

SANDBOX = Kind(
    noun="sandbox",
    group="fieldcraft.sandboxes",
    method="run",
    built_in=dict.fromkeys(("auto", "process", "docker", "unsafe"), ""),
)


class SandboxUnavailable(Unavailable, RuntimeError):
    """This machine does not support the requested isolation; the message says what is missing."""


class SystemUnsupported(SandboxUnavailable, InputError):
    """No sandbox runs on this operating system; the message names those on which one does."""


class ProgramLimits(BaseModel):
    """What one program may use. Ticks and failed calls are limited by the environment's spec.

    `seconds` of wall time are a last resort, so that results do not depend on the machine's speed; `calls`
    counts primitive and tool calls; `output` and `frame` are bytes; `memory` is bytes of address space.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = Field(default=60.0, gt=0)
    calls: int = Field(default=5000, ge=1)
    output: int = Field(default=64 * 1024, ge=1024)
    frame: int = Field(default=1024 * 1024, ge=4096)
    memory: int = Field(default=512 * 1024 * 1024, ge=64 * 1024 * 1024)


class BoundSkill(BaseModel):
    """A library skill as a program gets it: one module, its own dependencies bound by digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    digest: str
    entry: str
    source: str
    language: Literal["python", "javascript"] = "python"
    dependencies: dict[str, str] = Field(default={}, description="function -> digest of the skill it is in")


class SkillSet(BaseModel):
    """Every skill a program can reach: its own by entry name, and the closure of theirs by digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    roots: dict[str, str] = Field(default={}, description="entry name -> digest, what the program calls")
    modules: dict[str, BoundSkill] = Field(default={}, description="digest -> skill")


class ToolCaller(Protocol):
    """What a sandbox needs of the tools package."""

    def names(self) -> Sequence[str]:
        """The tools this run allows."""

    def submit(self, name: str, arguments: Mapping[str, Any]) -> Future[Any]:
        """Start a call. The future's result is JSON data; the program gets its exception's text."""


class Sandbox(Protocol):
    """Runs one program at a time; `cancel` may be called from any thread or signal handler."""

    @property
    def name(self) -> str:
        """`process`, `docker` or `unsafe`."""

    def run(
        self,
        program: Program,
        environment: Environment,
        *,
        skills: SkillSet | None = None,
        tools: ToolCaller | None = None,
        limits: ProgramLimits | None = None,
        seed: str = "",
        arguments: Mapping[str, Any] | None = None,
    ) -> Execution:
        """Run `program`'s entry with `bot` (and keyword `arguments`) to its end or its limits.

        A program in another language than Python is run by the environment, where that one can
        (`fieldcraft.envs.programs`). Each may call skills in the other's language.

        Nothing a program does raises here: faults and kills are in the `Execution`. A fault
        of the environment (any exception except `PrimitiveError`) is a failed call for the program, and
        is recorded, cut, in `Execution.detail`.

        Args:
            program: parsed source.
            environment: its primitives are what `bot` offers; called in this thread.
            skills: what the program may call by name.
            tools: the tools of `tools.<name>()`; none by default.
            limits: the limits of the program.
            seed: seeds the program's `random`; the same seed gives the same numbers.
            arguments: keyword arguments for the entry function.

        Raises:
            SandboxUnavailable: no worker can be started, or the environment does not run this language.
        """

    def cancel(self) -> None:
        """End the running program soon; its `Execution` says `cancelled`."""

    def close(self) -> None:
        """End every process of this sandbox. Safe to call twice."""
