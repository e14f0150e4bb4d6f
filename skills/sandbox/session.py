"""The host's side of one execution: serve the program's requests, enforce its limits, record it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from typing import Any, assert_never

from pydantic_core import to_json

from fieldcraft.envs import Environment, EpisodeEnded, PrimitiveError, nearest
from fieldcraft.envs.faults import NeverReturned
from fieldcraft.skills.program.execution import KillReason
from fieldcraft.skills.program.source import Program
from fieldcraft.skills.sandbox.base import ProgramLimits, SkillSet, ToolCaller
from fieldcraft.skills.sandbox.clock import Clock
from fieldcraft.skills.sandbox.frames import (
    BrokenProtocol,
    Call,
    Done,
    Log,
    Ready,
    SkillCall,
    SkillCounts,
    ToolCall,
)
from fieldcraft.skills.sandbox.in_world import RunPython, WorldPrograms
from fieldcraft.skills.sandbox.ledger import MESSAGE_LIMIT, Ledger, arguments_text, failure_text
from fieldcraft.skills.sandbox.pinning import Pin
from fieldcraft.skills.sandbox.primitive_calls import PrimitiveCalls, failed_call, framed, never_returned
from fieldcraft.skills.sandbox.wire import Stopped, Wake, Wire


class Session:
    """Serves one worker. The environment is called in the caller's thread, one call at a time.

    Attributes:
        ledger: the record of what the program did.
        waited: seconds spent starting tool calls, including a person's approval.
    """

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
        seed: str,
        run_python: RunPython,
    ) -> None:
        self.ledger = Ledger(output_limit=limits.output)
        self._program = program
        self._environment = environment
        self._skills = skills
        self._tools = tools
        self._limits = limits
        self._wake = wake
        self._pin = pin
        self._seed = seed
        self._asked = 0
        self._clock = Clock(environment, self.ledger)
        self._calls = PrimitiveCalls(environment)
        self._judged = environment.judged_primitives
        self._in_world = WorldPrograms(
            environment, skills, self.ledger, limits=limits, seed=seed, run_python=run_python
        )
        self.waited = 0.0

    @property
    def ticks(self) -> int:
        """World time that passed since the session began, as far as the environment could tell."""
        return self._clock.ticks

    def start_frame(self, arguments: Mapping[str, Any]) -> bytes:
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
            "seed": self._seed,
            "arguments": dict(arguments),
            "frame": self._limits.frame,
            "memory": self._limits.memory,
        }
        return to_json(frame) + b"\n"

    def run_in_world(self, arguments: Mapping[str, Any]) -> None:
        """Let the world run the program. Raises the errors of `WorldPrograms.run`, except `Stopped`."""
        try:
            self._in_world.run(self._program, arguments)
        except Stopped as stopped:
            self.ledger.stop(stopped.reason, stopped.detail)

    def serve(self, wire: Wire) -> None:
        """Serve the worker until its program is done.

        Raises:
            Stopped: a limit was reached, or the worker violated the protocol.
            WorkerEnded: the worker died.
        """
        try:
            with self._calls.until(wire.deadline):
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
            case SkillCall():
                self._begin_call(frame)
                wire.write(self._skill(frame, wire))
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

    def _begin_call(self, frame: Call | ToolCall | SkillCall) -> None:
        if frame.id != self._asked:
            raise BrokenProtocol(f"call {frame.id}, where call {self._asked} was next")
        self._asked += 1
        if self.ledger.call_count >= self._limits.calls:
            raise Stopped(KillReason.CALLS, f"{self._limits.calls} calls")
        self._check_ticks()

    def _check_ticks(self) -> None:
        limit = self._environment.spec.tick_limit
        if self.ticks >= limit:
            raise Stopped(KillReason.TICKS, f"{limit} ticks")

    def _primitive(self, call: Call) -> bytes:
        """Call a primitive; returns the answer for the program."""
        arguments = arguments_text(call.args, call.kwargs)
        answer, message = b"", None
        try:
            answer = self._calls.answer(call.name, call.args, call.kwargs)
        except PrimitiveError as error:
            message = str(error)[:MESSAGE_LIMIT]
        except EpisodeEnded as ended:
            self.ledger.add_call(call.name, arguments, None)
            self.ledger.ended = ended.end
            raise Stopped(KillReason.CANCELLED, str(ended)) from None
        except NeverReturned:
            late = self.ledger.environment_failure = never_returned(call.name, self._limits.seconds)
            self.ledger.add_call(call.name, arguments, late)
            raise Stopped(KillReason.DEADLINE, late) from None
        except Exception as error:
            message = self.ledger.environment_failure = failed_call(call.name, error)
        self.ledger.add_call(call.name, arguments, message)
        if message is None and call.name in self._judged:
            self.ledger.add_result(call.name, arguments, answer)
        if message is not None:
            self.ledger.failed_calls.append(message)
            if len(self.ledger.failed_calls) >= self._environment.spec.failure_limit:
                raise Stopped(KillReason.FAILURES, f"the last one: {message}")
            answer = _error("primitive", message)
        self._check_ticks()
        return answer

    def _skill(self, call: SkillCall, wire: Wire) -> bytes:
        """Let the world run a skill in its own language; returns the answer for the program."""
        skill = self._skills.modules.get(call.name)
        if skill is None or skill.language == "python":
            raise BrokenProtocol("a call to a skill that the program was not given")
        answer, message = b"", None
        try:
            with self._pin.paused():
                seconds = max(wire.deadline - time.monotonic(), 0.01)
                answer = framed(self._in_world.call_skill(call.name, call.args, call.kwargs, seconds))
        except PrimitiveError as error:
            message = str(error)[:MESSAGE_LIMIT]
        except Stopped:
            raise
        except Exception as error:
            message = self.ledger.environment_failure = failure_text("the environment failed", error)
        self.ledger.add_call(skill.entry, arguments_text(call.args, call.kwargs), message)
        if len(self.ledger.failed_calls) >= self._environment.spec.failure_limit:
            raise Stopped(KillReason.FAILURES, f"the last one: {self.ledger.failed_calls[-1]}")
        self._check_ticks()
        return answer if message is None else _error("primitive", message)

    def _tool(self, call: ToolCall, wire: Wire) -> bytes:
        """Call a tool and wait for it; returns the answer for the program.

        An exception while the call is started (a person stops the run) ends the program.
        """
        names = self._tools.names() if self._tools else ()
        if self._tools is None or call.name not in names:
            unknown = f"there is no tool {call.name!r}{nearest(call.name, names)}"
            self._keep_tool_call(call, unknown)
            return _error("tool", unknown)
        future = self._submit(self._tools, call, wire)
        try:
            answer = self._await(future, wire)
        except Stopped as stopped:
            self._keep_tool_call(call, f"not finished: {stopped.reason}")
            raise
        except CancelledError:
            message = "the call was cancelled"
        except Exception as error:
            message = (str(error) or type(error).__name__)[:MESSAGE_LIMIT]
        else:
            self._keep_tool_call(call, None)
            return answer
        self._keep_tool_call(call, message)
        return _error("tool", message)

    def _submit(self, tools: ToolCaller, call: ToolCall, wire: Wire) -> Future[Any]:
        """Start the call; the time of a person's approval does not count as the program's."""
        began = time.monotonic()
        with self._pin.paused():
            future = tools.submit(call.name, call.arguments)
        waited = time.monotonic() - began
        wire.deadline += waited
        self._calls.move(wire.deadline)
        self.waited += waited
        return future

    def _await(self, future: Future[Any], wire: Wire) -> bytes:
        future.add_done_callback(lambda _: self._wake.ring())
        try:
            wire.wait_until(future.done)
        finally:
            future.cancel()
        return framed(future.result())

    def _keep_tool_call(self, call: ToolCall, error: str | None) -> None:
        self.ledger.add_call(f"tools.{call.name}", arguments_text((), call.arguments), error)


def _error(kind: str, message: str) -> bytes:
    text = message.encode("utf-8", "replace").decode()
    return to_json({"error": kind, "message": text}) + b"\n"
