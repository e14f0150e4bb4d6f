"""Run JavaScript programs in the bot's process, and read their reports.

Reports of the process are untrusted: they are validated against a schema and limited, and are never facts.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from fieldcraft.common.text import cut_text, visible_line
from fieldcraft.envs.minecraft.errors import Lost
from fieldcraft.envs.minecraft.link import Link
from fieldcraft.envs.minecraft.messages import NAME_LIMIT, TEXT_LIMIT, Event, Name
from fieldcraft.envs.programs import (
    CallBack,
    PrimitiveCall,
    ProgramFailure,
    ProgramReport,
    ProgramRequest,
    Stop,
)
from fieldcraft.envs.types import EnvironmentSpec, PrimitiveError

REFERENCE = Path(__file__).with_name("reference.md")
CALLS_KEPT, ARGUMENTS_LIMIT = 100, 200
RESULT_LIMIT = 256 * 1024
SKILL_CALLS, LINES = 100_000, 1_000_000


class _Over(Lost):
    """The program reached a limit that the host enforces."""

    def __init__(self, stopped: Stop, detail: str) -> None:
        super().__init__(detail)
        self.stopped = stopped


class _Failure(BaseModel):
    """An error of the program, as reported by its process."""

    model_config = ConfigDict(extra="ignore")

    kind: Name
    message: Annotated[str, BeforeValidator(lambda text: cut_text(str(text), TEXT_LIMIT))]
    line: int | None = None
    module: str | None = None


class _End(BaseModel):
    """The process's final report about a program."""

    model_config = ConfigDict(extra="ignore")

    stopped: Stop | None = None
    detail: str | None = None
    failure: Any = None
    result: Any = None


def run_program(
    link: Link, request: ProgramRequest, call_back: CallBack, spec: EnvironmentSpec
) -> ProgramReport:
    """Run a program and replace the process; see `RunsPrograms.run_program`.

    What the report says but for `stopped` is the process's own word, bounded here.
    """
    record = _Record(request, spec)

    def answer(digest: str, arguments: list[Any]) -> Any:
        record.count_call_back(digest)
        value = call_back(digest, arguments)
        record.check()
        return value

    limits = {"ticks": spec.tick_limit, "failures": spec.failure_limit}
    try:
        found = link.play(
            "run_program",
            seconds=request.seconds,
            host_call=answer,
            tell=record.take,
            **request.model_dump(exclude={"seconds", "seed"}),
            **limits,
        )
    except Lost as lost:
        record.lose(lost)
    except PrimitiveError as refusal:
        record.report.failure = ProgramFailure(kind="PrimitiveError", message=str(refusal))
    else:
        record.finish(found)
    return record.report


class _Record:
    """What the process reports of a program, as a report, and the limits that the host keeps itself."""

    def __init__(self, request: ProgramRequest, spec: EnvironmentSpec) -> None:
        self.report = ProgramReport()
        self._request = request
        self._failure_limit = spec.failure_limit
        self._deadline = time.monotonic() + request.seconds
        self._logged = self._call_backs = self._skill_calls = 0
        self._over: _Over | None = None
        self._skills = {
            *request.roots,
            *(name for module in request.modules.values() for name in module.dependencies),
        }

    def take(self, event: Event) -> None:
        """Take in one of its events.

        Raises:
            Lost: the program is beyond a limit.
        """
        self.check()
        match event.event:
            case "log":
                self._log(event.text)
            case "skill" if event.name in self._skills and self._skill_calls < SKILL_CALLS:
                self._skill_calls += 1
                self.report.skills_called[event.name] = self.report.skills_called.get(event.name, 0) + 1
            case "call":
                self._call(event)

    def count_call_back(self, digest: str) -> None:
        """The program asks the host for a skill.

        Raises:
            PrimitiveError: it was given no such skill, or it is out of time.
            Lost: it asks more often than it may call anything.
        """
        self.check()
        self._call_backs += 1
        if self._call_backs + self.report.call_count > self._request.calls:
            raise self._end("calls", f"{self._request.calls} calls")
        if time.monotonic() > self._deadline:
            raise PrimitiveError(f"out of time for the program ({self._request.seconds:g} s)")
        if digest not in self._request.modules:
            raise PrimitiveError("the program was given no such skill")

    def check(self) -> None:
        """Raise again what ended the program, where something else caught it."""
        if self._over is not None:
            raise self._over

    def lose(self, lost: Lost) -> None:
        """The process is gone, or was ended."""
        report = self.report
        over = self._over or (lost if isinstance(lost, _Over) else None)
        late = "did not answer" in str(lost)
        report.stopped = over.stopped if over else "deadline" if late else "crashed"
        report.detail = visible_line(over or lost, TEXT_LIMIT)

    def finish(self, found: object) -> None:
        """Take in its last word."""
        report = self.report
        try:
            end = _End.model_validate(found)
            failure = None if end.failure is None else _Failure.model_validate(end.failure)
        except ValidationError:
            report.failure = ProgramFailure(kind="Error", message="the program's end cannot be read")
            return
        if end.stopped is not None:
            report.detail = visible_line(end.detail, TEXT_LIMIT)
            report.stopped = "cancelled" if report.detail == "cancelled" else end.stopped
        if failure is not None:
            report.failure = self._failure(failure)
        if len(json.dumps(end.result)) <= RESULT_LIMIT:
            report.result = end.result

    def _failure(self, reported: _Failure) -> ProgramFailure:
        """An error whose place is one that the host knows."""
        line = reported.line if reported.line is not None and 1 <= reported.line <= LINES else None
        module = reported.module if reported.module in self._request.modules else None
        return ProgramFailure(
            kind=reported.kind or "Error", message=reported.message, line=line, module=module
        )

    def _log(self, text: str) -> None:
        line = f"{text}\n"
        self._logged += len(line.encode())
        if self._logged > self._request.output:
            raise self._end("output", f"more than {self._request.output} bytes printed")
        self.report.log += line

    def _call(self, event: Event) -> None:
        report, error = self.report, event.error
        report.call_count += 1
        call = PrimitiveCall(
            name=event.name[:NAME_LIMIT],
            arguments=cut_text(event.arguments, ARGUMENTS_LIMIT),
            error=error,
        )
        if len(report.calls) < CALLS_KEPT:
            report.calls.append(call)
        if call.error is not None:
            report.failed_calls.append(call.error)
        if report.call_count > self._request.calls:
            raise self._end("calls", f"{self._request.calls} calls")
        if len(report.failed_calls) > self._failure_limit:
            raise self._end("failures", f"the last one: {visible_line(error, TEXT_LIMIT)}")

    def _end(self, stopped: Stop, detail: str) -> _Over:
        self._over = _Over(stopped, detail)
        return self._over
