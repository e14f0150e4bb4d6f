"""The interface of a world that runs programs itself.

Python programs run in the sandbox and reach a world call by call. A world whose own process speaks another
language (Minecraft's bridge is JavaScript) can run programs in that language beside its bot: it then lists
the language in its spec and has the methods of `RunsPrograms`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from fieldcraft.common.fields import Count, Data, Text
from fieldcraft.envs.episodes import EpisodeEnd
from fieldcraft.envs.types import Frozen

Language = Literal["python", "javascript"]

Stop = Literal["ticks", "failures", "calls", "deadline", "output", "memory", "crashed", "cancelled"]
"""Why a program was ended before its entry function returned."""


class Module(Frozen):
    """A skill that a program can reach: one scope of its own, identified by digest.

    `dependencies` maps each function that its code calls and does not define to the digest of the module
    that has it at top level; mostly that is the other's entry, sometimes a helper beside it. A module in
    another language than the program's has no source here: the world asks `CallBack` for it.
    """

    name: str
    digest: str
    entry: str
    language: Language
    source: str = ""
    dependencies: dict[str, str] = Field(default={})


class ProgramRequest(Frozen):
    """A program in the world's own language: call `entry` with the bot and `arguments`.

    `roots` says which module each function comes from that the program calls and does not define. `seconds`
    is a fuse in wall time, `output` is bytes, `calls` counts primitive calls; ticks and failed calls are
    limited by the world's spec. In `arguments` and in what `CallBack` takes, the bot is left out.
    """

    source: str
    entry: str
    arguments: tuple[Any, ...] = ()
    roots: dict[str, str] = Field(default={})
    modules: dict[str, Module] = Field(default={})
    seconds: float = Field(default=60.0, gt=0)
    output: int = Field(default=64 * 1024, ge=1024)
    calls: int = Field(default=5000, ge=1)
    seed: str = ""


class ProgramFailure(Frozen):
    """The error that ended a program. `module` is the skill's digest where the line is not the program's."""

    kind: Text
    message: Text
    line: Count | None = Field(default=None, ge=1)
    module: Text | None = None


class PrimitiveCall(Frozen):
    """A primitive that the program called; `arguments` as text, `error` where it failed."""

    name: Text
    arguments: Text = ""
    error: Text | None = None


class ProgramReport(BaseModel):
    """The result of a program. `calls` may hold the first and the last ones only; `call_count` counts all.

    `ended` says that the episode ended in it, which ended the program too and is no error.
    """

    model_config = ConfigDict(extra="forbid")

    log: Text = ""
    failure: ProgramFailure | None = None
    stopped: Stop | None = None
    detail: Text | None = None
    calls: list[PrimitiveCall] = []
    call_count: Count = 0
    failed_calls: list[Text] = []
    skills_called: dict[Text, Count] = {}
    result: Data = None
    ended: EpisodeEnd | None = None


class CallBack(Protocol):
    """How a program in the world reaches a skill in another language."""

    def __call__(self, digest: str, arguments: Sequence[Any]) -> Any:
        """Run that module's entry with the bot and these arguments; its result as JSON data.

        Called while `run_program` lasts, in the thread that called it; primitives are called meanwhile.

        Raises:
            PrimitiveError: it failed; the message is shown to the program that called it.
            EpisodeEnded: the episode ended in it, so the program that called it ends as well.
        """


@runtime_checkable
class RunsPrograms(Protocol):
    """A world that runs programs in a language of its own."""

    def run_program(self, request: ProgramRequest, call_back: CallBack) -> ProgramReport:
        """Run a program to its end or its limits. Nothing that the program does raises here.

        Raises:
            EpisodeEnded: the episode ended in it, and what the program did by then is not known.
            Exception: the world itself failed, as a primitive may.
        """

    def program_reference(self) -> str:
        """What a program in the world's own language can use, as the model reads it (Markdown)."""

    def cancel_program(self) -> None:
        """End the running program soon; its report says `cancelled`. Called from any thread."""
