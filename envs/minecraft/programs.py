"""JavaScript programs: what goes into the process that owns the bot, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fieldcraft.envs.minecraft.errors import Lost
from fieldcraft.envs.minecraft.link import Link
from fieldcraft.envs.programs import CallBack, PrimitiveCall, ProgramFailure, ProgramReport, ProgramRequest
from fieldcraft.envs.types import EnvironmentSpec, PrimitiveError

REFERENCE = Path(__file__).with_name("reference.md")
CALLS_KEPT, TEXT_LIMIT, ARGUMENTS_LIMIT, NAME_LIMIT = 100, 2000, 200, 100


def run_program(
    link: Link, request: ProgramRequest, call_back: CallBack, spec: EnvironmentSpec
) -> ProgramReport:
    """Run a program and replace the process; see `RunsPrograms.run_program`.

    What the report says but for `stopped` is the process's own word, bounded here.
    """
    record = _Record(request)

    def answer(digest: str, arguments: list[Any]) -> Any:
        if digest not in request.modules:
            raise PrimitiveError("the program was given no such skill")
        return call_back(digest, arguments)

    limits = {"ticks": spec.tick_limit, "failures": spec.failure_limit}
    try:
        found = link.do_and_renew(
            "run_program",
            seconds=request.seconds,
            host_call=answer,
            tell=record.take,
            **request.model_dump(exclude={"seconds", "seed"}),
            **limits,
        )
    except Lost as lost:
        late = "did not answer" in str(lost)
        record.report.stopped = "deadline" if late else "crashed"
        record.report.detail = str(lost)
    except PrimitiveError as refusal:
        record.report.failure = ProgramFailure(kind="PrimitiveError", message=str(refusal))
    else:
        record.finish(found)
    return record.report


class _Record:
    """What the process tells of a program, as a report."""

    def __init__(self, request: ProgramRequest) -> None:
        self.report = ProgramReport()
        self._request = request
        self._skills = {
            *request.roots,
            *(name for module in request.modules.values() for name in module.dependencies),
        }

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in one of its events."""
        report = self.report
        match event.get("event"):
            case "log" if len(report.log) < self._request.output:
                report.log = (report.log + f"{event.get('text')}\n")[: self._request.output]
            case "skill" if (name := str(event.get("name"))) in self._skills:
                report.skills_called[name] = report.skills_called.get(name, 0) + 1
            case "call":
                self._call(event)

    def finish(self, found: object) -> None:
        """Take in its last word."""
        if not isinstance(found, Mapping):
            return
        report = self.report
        if found.get("stopped") is not None:
            report.detail = str(found.get("detail"))[:TEXT_LIMIT]
            report.stopped = "cancelled" if report.detail == "cancelled" else found["stopped"]
        if found.get("failure") is not None:
            try:
                report.failure = ProgramFailure.model_validate(found["failure"])
            except ValidationError:
                report.failure = ProgramFailure(kind="Error", message="the program's error cannot be read")
        report.result = found.get("result")

    def _call(self, event: Mapping[str, Any]) -> None:
        report, error = self.report, event.get("error")
        report.call_count += 1
        call = PrimitiveCall(
            name=str(event.get("name"))[:NAME_LIMIT],
            arguments=str(event.get("arguments"))[:ARGUMENTS_LIMIT],
            error=None if error is None else str(error)[:TEXT_LIMIT],
        )
        if len(report.calls) < CALLS_KEPT:
            report.calls.append(call)
        if call.error is not None:
            report.failed_calls.append(call.error)
