"""The host's record of a program, from which its `Execution` is made.

Only the log, the fault, the result and the skill counts come from the worker.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from fieldcraft.common.text import cut_text, valid_text
from fieldcraft.envs import EpisodeEnd
from fieldcraft.skills.program.execution import CallRecord, CallResult, Execution, KillReason, ProgramFault
from fieldcraft.skills.program.source import Program
from fieldcraft.skills.sandbox.base import SkillSet
from fieldcraft.skills.sandbox.frames import BrokenProtocol, Done, Fault
from fieldcraft.skills.sandbox.wire import Stopped

CALLS_KEPT = 50
"""How many calls are kept from the beginning and from the end of an execution, each."""

FAILURES_KEPT, SKILLS_COUNTED = 1000, 10_000
"""Limits on another program's report: messages of failed calls, and names of skills."""

ARGUMENTS_LIMIT, LINE_LIMIT, DETAIL_LIMIT, MESSAGE_LIMIT = 200, 200, 2000, 2000
LINE_ENDS = re.compile(r"\r\n|\r|\n")

RESULTS_KEPT, RESULT_LIMIT = 20, 500
"""Results that a judge is shown, and characters of each."""

KeptCall = tuple[str, str, str | None]


class Ledger:
    """What one program did. Sizes are in bytes."""

    def __init__(self, *, output_limit: int) -> None:
        self.call_count = 0
        self.failed_calls: list[str] = []
        self.environment_failure: str | None = None
        self._skills_called: dict[str, int] = {}
        self._parts_called: dict[str, int] = {}
        self.fault: ProgramFault | None = None
        self.result: Any = None
        self.ended: EpisodeEnd | None = None
        self._results: deque[CallResult] = deque(maxlen=RESULTS_KEPT)
        self._killed: KillReason | None = None
        self._detail: str | None = None
        self._output_limit = output_limit
        self._log: list[str] = []
        self._log_size = 0
        self._first: list[KeptCall] = []
        self._last: deque[KeptCall] = deque(maxlen=CALLS_KEPT)

    def add_result(self, name: str, arguments: str, frame: bytes) -> None:
        """Keep what a primitive returned, by the frame with which it was answered."""
        value = frame.removeprefix(b'{"value":').removesuffix(b"}\n")[: 4 * RESULT_LIMIT]
        text = cut_text(value.decode("utf-8", "replace"), RESULT_LIMIT)
        self._results.append(CallResult(name=name, arguments=arguments, value=text))

    def add_log(self, text: str) -> None:
        """Record printed text.

        Raises:
            Stopped: the program printed more than it may; the log is cut and says so.
        """
        text = valid_text(text)
        data = text.encode()
        room = self._output_limit - self._log_size
        self._log_size += len(data)
        if len(data) <= room:
            self._log.append(text)
            return
        if room >= 0:
            self._log.append(data[:room].decode(errors="ignore"))
            self._log.append(f"\n[the log is cut here, at {self._output_limit} bytes]")
        raise Stopped(KillReason.OUTPUT, f"more than {self._output_limit} bytes printed")

    def add_call(self, name: str, arguments: str, error: str | None) -> None:
        """Record a call."""
        self.call_count += 1
        kept = (name, arguments, error)
        if len(self._first) < CALLS_KEPT:
            self._first.append(kept)
        else:
            self._last.append(kept)

    def add_end(self, done: Done, program: Program, skills: SkillSet) -> None:
        """Record how the program claims to have ended.

        Raises:
            BrokenProtocol: it names a skill that it does not have.
        """
        self.add_skill_counts(done.skills, skills)
        if done.fault is None:
            self.result = done.result
        else:
            self.fault = _program_fault(done.fault, program, skills)

    def add_skill_counts(self, counts: Mapping[str, int], skills: SkillSet) -> None:
        """Record how often skills were called.

        Raises:
            BrokenProtocol: it names a skill that it does not have.
        """
        known = {*skills.roots, *(name for skill in skills.modules.values() for name in skill.dependencies)}
        if not known.issuperset(counts):
            raise BrokenProtocol("a count for a skill that the program was not given")
        self._skills_called = dict(counts)

    def add_execution(self, execution: Execution) -> None:
        """Record what another program did that this one called and waited for.

        Raises:
            Stopped: together they printed more than a program may.
        """
        self.add_part(
            [(call.name, call.arguments, call.error) for call in execution.calls],
            call_count=execution.call_count,
            failed_calls=execution.failed_calls,
            skills_called=execution.skills_called,
            log=execution.log,
        )

    def add_part(
        self,
        calls: Sequence[KeptCall],
        *,
        call_count: int,
        failed_calls: Sequence[str],
        skills_called: Mapping[str, int],
        log: str,
    ) -> None:
        """Record what another program did for this one; some of its calls may be left out.

        Raises:
            Stopped: together they printed more than a program may.
        """
        for call in calls:
            self.add_call(*call)
        self.call_count += max(0, call_count - len(calls))
        self.failed_calls += [str(message)[:MESSAGE_LIMIT] for message in failed_calls[:FAILURES_KEPT]]
        for name, count in islice(skills_called.items(), SKILLS_COUNTED):
            self._parts_called[name] = self._parts_called.get(name, 0) + count
        if log:
            self.add_log(log)

    def skills_called(self) -> dict[str, int]:
        """How often each skill was called, by the program and by what ran for it."""
        names = [
            *self._skills_called,
            *(name for name in self._parts_called if name not in self._skills_called),
        ]
        return {name: self._skills_called.get(name, 0) + self._parts_called.get(name, 0) for name in names}

    def stop(self, reason: KillReason, detail: str | None) -> None:
        """Record why the host ended the program; the end of an episode is no such reason."""
        if self.ended is not None:
            return
        self._killed, self._detail = reason, detail

    def execution(self, *, ticks: int, seconds: float) -> Execution:
        """The `Execution` made from this record."""
        details = dict.fromkeys(text for text in (self._detail, self.environment_failure) if text)
        return Execution(
            log="".join(self._log),
            fault=self.fault,
            killed=self._killed,
            detail="; ".join(details)[:DETAIL_LIMIT] or None,
            calls=[
                CallRecord(name=name, arguments=arguments, error=error)
                for name, arguments, error in [*self._first, *self._last]
            ],
            call_count=self.call_count,
            failed_calls=self.failed_calls,
            ticks=ticks,
            seconds=seconds,
            skills_called=self.skills_called(),
            result=self.result,
            ended=self.ended,
            results=list(self._results),
        )


def arguments_text(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """The arguments of a call as source text, cut."""
    parts = [repr(value) for value in args]
    parts += [f"{name}={value!r}" for name, value in kwargs.items()]
    return ", ".join(parts)[:ARGUMENTS_LIMIT]


def _program_fault(fault: Fault, program: Program, skills: SkillSet) -> ProgramFault:
    """The fault with the text of its line, which the host reads from its own copy of the source."""
    skill = None if fault.skill is None else skills.modules.get(fault.skill)
    if fault.skill is not None and skill is None:
        raise BrokenProtocol("a fault in a skill that the program was not given")
    return program_fault(
        fault.kind,
        fault.message,
        fault.line,
        source=program.source if skill is None else skill.source,
        skill=skill.entry if skill else None,
    )


def program_fault(
    kind: str, message: str, line: int | None, *, source: str, skill: str | None
) -> ProgramFault:
    """A fault with the text of its line, if `source` has that line."""
    lines = LINE_ENDS.split(source)
    known = line is not None and line <= len(lines)
    return ProgramFault(
        kind=kind,
        message=message,
        line=line if known else None,
        text=lines[line - 1].strip()[:LINE_LIMIT] if known and line else None,
        skill=skill,
    )


def failure_text(what: str, error: BaseException) -> str:
    """The bounded description of a fault of the environment."""
    return f"{what}: {type(error).__name__}: {error}"[:MESSAGE_LIMIT]
