"""One program's run, seen from the host: answer what it asks, hold it to its limits, keep the record."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from typing import Any, assert_never

from pydantic_core import to_json

from fieldcraft.envs import Environment, PrimitiveError, nearest
from fieldcraft.skills.execution import KillReason
from fieldcraft.skills.program import Program
from fieldcraft.skills.sandbox.base import ProgramLimits, SkillSet, ToolCaller
from fieldcraft.skills.sandbox.frames import BrokenProtocol, Call, Done, Log, Ready, SkillCounts, ToolCall
from fieldcraft.skills.sandbox.ledger import Ledger, arguments_text
from fieldcraft.skills.sandbox.pinning import Pin
from fieldcraft.skills.sandbox.wire import Stopped, Wake, Wire

MESSAGE_LIMIT = 2000


class Session:
    """Serves one worker. The environment is called in the caller's thread, one call at a time."""

    def __init__(
        self,
        program: Program,
        environment: Environment,
        *,
        skills: SkillSet,
        tools: ToolCaller | None,
        limits: ProgramLimits,
        wake: Wake,
        pin: Pin,
    ) -> None:
        self.ledger = Ledger(output_limit=limits.output)
        self._program = program
        self._environment = environment
        self._skills = skills
        self._tools = tools
        self._limits = limits
        self._wake = wake
        self._pin = pin
        self._ticks = 0
        self._start_tick = self._clock() or 0

    @property
    def ticks(self) -> int:
        """World time that passed since the session began, as far as the environment could tell."""
        now = self._clock()
        if now is not None:
            self._ticks = now - self._start_tick
        return self._ticks

    def _clock(self) -> int | None:
        try:
            return self._environment.tick
        except Exception as error:
            self.ledger.environment_failure = _failure("the environment failed to tell its tick", error)
            return None

    def start_frame(self, seed: str, arguments: Mapping[str, Any]) -> bytes:
        """The frame that tells the worker what to run.

        Raises:
            ValueError: `arguments` are not JSON data.
        """
        frame = {
            "source": self._program.source,
            "entry": self._program.entry,
            "skills": self._skills.model_dump(),
            "primitives": list(self._environment.primitives),
            "tools": list(self._tools.names()) if self._tools else [],
            "seed": seed,
            "arguments": dict(arguments),
            "frame": self._limits.frame,
            "memory": self._limits.memory,
        }
        return to_json(frame) + b"\n"

    def serve(self, wire: Wire) -> None:
        """Answer the worker until its program is done.

        Raises:
            Stopped: a limit was reached, or the worker does not keep to the protocol.
            WorkerEnded: the worker died.
        """
        try:
            while not self._serve_frame(wire):
                pass
        except BrokenProtocol as error:
            raise Stopped(KillReason.PROTOCOL, str(error)) from None

    def _serve_frame(self, wire: Wire) -> bool:
        frame = wire.read()
        match frame:
            case Call():
                self._begin_call(frame)
                wire.write(self._primitive(frame))
            case Log():
                self.ledger.add_log(frame.text)
            case ToolCall():
                self._begin_call(frame)
                wire.write(self._tool(frame, wire))
            case SkillCounts():
                self.ledger.add_skill_counts(frame.counts, self._skills)
            case Done():
                self.ledger.add_end(frame, self._program, self._skills)
                return True
            case Ready():
                raise BrokenProtocol("the worker says twice that it is ready")
            case _:
                assert_never(frame)
        return False

    def _begin_call(self, frame: Call | ToolCall) -> None:
        if frame.id != self.ledger.call_count:
            raise BrokenProtocol(f"call {frame.id}, where call {self.ledger.call_count} was next")
        if frame.id >= self._limits.calls:
            raise Stopped(KillReason.CALLS, f"{self._limits.calls} calls")
        self._check_ticks()

    def _check_ticks(self) -> None:
        limit = self._environment.spec.tick_limit
        if self.ticks >= limit:
            raise Stopped(KillReason.TICKS, f"{limit} ticks")

    def _primitive(self, call: Call) -> bytes:
        """Call the primitive; the answer for the program."""
        arguments = arguments_text(call.args, call.kwargs)
        answer, message = b"", None
        try:
            answer = _value(self._environment.call_primitive(call.name, call.args, call.kwargs))
        except PrimitiveError as error:
            message = str(error)[:MESSAGE_LIMIT]
        except Exception as error:
            message = self.ledger.environment_failure = _failure("the environment failed", error)
        self.ledger.add_call(call.name, arguments, message)
        if message is not None:
            self.ledger.failed_calls.append(message)
            if len(self.ledger.failed_calls) >= self._environment.spec.failure_limit:
                raise Stopped(KillReason.FAILURES, f"the last one: {message}")
            answer = _error("primitive", message)
        self._check_ticks()
        return answer

    def _tool(self, call: ToolCall, wire: Wire) -> bytes:
        """Call the tool and wait for it; the answer for the program."""
        try:
            answer, message = self._tool_result(call, wire), None
        except Stopped as stopped:
            self._keep_tool_call(call, f"not finished: {stopped.reason}")
            raise
        except CancelledError:
            message = "the call was cancelled"
        except Exception as error:
            message = (str(error) or type(error).__name__)[:MESSAGE_LIMIT]
        self._keep_tool_call(call, message)
        return answer if message is None else _error("tool", message)

    def _tool_result(self, call: ToolCall, wire: Wire) -> bytes:
        names = self._tools.names() if self._tools else ()
        if self._tools is None or call.name not in names:
            raise LookupError(f"there is no tool {call.name!r}{nearest(call.name, names)}")
        with self._pin.paused():
            future: Future[Any] = self._tools.submit(call.name, call.arguments)
        future.add_done_callback(lambda _: self._wake.ring())
        try:
            wire.wait_until(future.done)
        finally:
            future.cancel()
        return _value(future.result())

    def _keep_tool_call(self, call: ToolCall, error: str | None) -> None:
        self.ledger.add_call(f"tools.{call.name}", arguments_text((), call.arguments), error)


def _value(value: Any) -> bytes:
    return to_json({"value": value}) + b"\n"


def _error(kind: str, message: str) -> bytes:
    text = message.encode("utf-8", "replace").decode()
    return to_json({"error": kind, "message": text}) + b"\n"


def _failure(what: str, error: Exception) -> str:
    return f"{what}: {type(error).__name__}: {error}"[:MESSAGE_LIMIT]
