"""JavaScript programs: what goes into the process that owns the bot, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from fieldcraft.envs.minecraft.errors import Lost
from fieldcraft.envs.minecraft.link import Link
from fieldcraft.envs.types import PrimitiveError

LOG_LIMIT, CALLS_KEPT = 64 * 1024, 100


class Script(BaseModel):
    """A source with the name that faults give for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    source: str


class ScriptFault(BaseModel):
    """Why a program did not run to its end; `source` and `line` say where, in the scripts' own lines."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: str
    message: str
    source: str | None = None
    line: int | None = None


class ScriptCall(BaseModel):
    """One call of a primitive or of a host's function; `error` is `None` where it succeeded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    arguments: str
    error: str | None = None


class ScriptOutcome(BaseModel):
    """What came of a program. `log`, `result` and `calls` are its process's own word, and cut.

    `ended` says who ended it: itself, its deadline, or the death of its process.
    """

    model_config = ConfigDict(extra="forbid")

    log: str = ""
    result: Any = None
    fault: ScriptFault | None = None
    calls: list[ScriptCall] = []
    call_count: int = 0
    ended: Literal["itself", "deadline", "crash"] = "itself"
    detail: str | None = None


def run_script(
    link: Link,
    scripts: Sequence[Script],
    entry: str,
    arguments: Sequence[Any],
    *,
    seconds: float,
    hosted: Mapping[str, Callable[..., Any]],
) -> ScriptOutcome:
    """Run a program and replace the process; see `MinecraftWorld.run_javascript`."""
    outcome = ScriptOutcome()
    log: list[str] = []

    def tell(event: dict[str, Any]) -> None:
        match event.get("event"):
            case "log":
                if sum(map(len, log)) < LOG_LIMIT:
                    log.append(str(event.get("text")) + "\n")
            case "call":
                _keep_call(outcome, event)

    def answer(name: str, given: list[Any]) -> Any:
        if name not in hosted:
            raise LookupError(f"there is no function {name!r}")
        return hosted[name](*given)

    if not entry.isidentifier():
        raise ValueError(f"{entry!r} is no name of a function")
    try:
        found = link.do_and_renew(
            "run_program",
            seconds=seconds,
            host_call=answer,
            tell=tell,
            sources=[script.model_dump() for script in scripts],
            entry=entry,
            args=list(arguments),
            hosted=sorted(hosted),
        )
    except Lost as lost:
        late = "did not answer" in str(lost)
        outcome.ended, outcome.detail = "deadline" if late else "crash", str(lost)
        found = {}
    except PrimitiveError as refusal:
        found = {"fault": {"kind": "PrimitiveError", "message": str(refusal)}}
    outcome.log = "".join(log)[:LOG_LIMIT]
    _finish(outcome, found)
    return outcome


def _keep_call(outcome: ScriptOutcome, event: Mapping[str, Any]) -> None:
    outcome.call_count += 1
    if len(outcome.calls) < CALLS_KEPT:
        error = event.get("error")
        outcome.calls.append(
            ScriptCall(
                name=str(event.get("name"))[:100],
                arguments=str(event.get("arguments"))[:200],
                error=None if error is None else str(error)[:2000],
            )
        )


def _finish(outcome: ScriptOutcome, found: Any) -> None:
    if not isinstance(found, dict):
        return
    outcome.result = found.get("result")
    if found.get("fault"):
        fault = ScriptFault.model_validate(found["fault"])
        if fault.message.startswith("out of time"):
            outcome.ended, outcome.detail = "deadline", fault.message
        outcome.fault = fault
