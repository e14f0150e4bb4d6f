"""What the sandboxes share: every program in a fresh, locked-down worker forked from a warm interpreter."""

from __future__ import annotations

import logging
import math
import os
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Self

from fieldcraft.envs import Environment
from fieldcraft.envs.programs import RunsPrograms
from fieldcraft.skills.program.execution import Execution, KillReason
from fieldcraft.skills.program.source import Program
from fieldcraft.skills.sandbox.base import ProgramLimits, SandboxUnavailable, SkillSet, ToolCaller
from fieldcraft.skills.sandbox.fork_server import ForkServer, ForkServerGone, Worker
from fieldcraft.skills.sandbox.frames import Ready
from fieldcraft.skills.sandbox.in_world import RunPython
from fieldcraft.skills.sandbox.pinning import Pin
from fieldcraft.skills.sandbox.session import Session
from fieldcraft.skills.sandbox.wire import Stopped, Wake, Wire, WorkerEnded

EXIT_MEMORY = 77
"""A worker's exit status where it had no memory left to say so (worker/zygote.py)."""

READY_SECONDS = 10.0
PROCESSOR_SECONDS_SPARE = 10
"""How far the kernel's limit on processor time stands behind the wall-clock deadline."""

logger = logging.getLogger(__name__)


class ForkingSandbox(ABC):
    """A sandbox whose workers come from a fork server; a subclass says where that one runs.

    Not thread-safe but for `cancel`. Close it, or use it as a context manager.
    """

    def __init__(self, *, pin: bool = True) -> None:
        """Start nothing yet.

        Args:
            pin: keep the calling thread and the program on one core while a program runs.
        """
        self._pin = pin
        self._server: ForkServer | None = None
        self._wake = Wake()
        self._running = threading.Lock()
        self._world: RunsPrograms | None = None
        self._beside: ForkingSandbox | None = None

    @property
    @abstractmethod
    def name(self) -> str:
        """See `Sandbox.name`."""

    @abstractmethod
    def _start_server(self, memory: int) -> ForkServer:
        """Start a fork server whose workers may use `memory` bytes.

        Raises:
            SandboxUnavailable: it cannot be started.
        """

    @abstractmethod
    def _another(self) -> ForkingSandbox:
        """A sandbox like this one."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
        """Run a program; see `Sandbox.run`.

        Raises:
            SandboxUnavailable: no worker can be started, or the environment does not run this language.
            RuntimeError: this sandbox runs a program already.
            ValueError: `arguments` are not JSON data.
        """
        if not self._running.acquire(blocking=False):
            raise RuntimeError("this sandbox runs a program already; open another one beside it")
        began = time.monotonic()
        limits = limits or ProgramLimits(seconds=environment.spec.seconds_limit)
        try:
            self._wake.cancelled = False
            self._world = environment if isinstance(environment, RunsPrograms) else None
            with Pin(wanted=self._pin and program.language == "python") as pin:
                session = Session(
                    program,
                    environment,
                    skills=skills or SkillSet(),
                    tools=tools,
                    limits=limits,
                    wake=self._wake,
                    pin=pin,
                    seed=seed,
                    run_python=self._run_beside(environment, tools, seed),
                )
                if program.language == "python":
                    self._run(session, session.start_frame(arguments or {}), limits, pin)
                else:
                    session.run_in_world(arguments or {})
            seconds = time.monotonic() - began - session.waited
            return session.ledger.execution(ticks=session.ticks, seconds=seconds)
        finally:
            self._world = None
            self._running.release()

    def cancel(self) -> None:
        """End the running program soon. Safe from any thread and from signal handlers."""
        self._wake.cancel()
        world, beside = self._world, self._beside
        if world is not None:
            world.cancel_program()
        if beside is not None:
            beside.cancel()

    def close(self) -> None:
        """End the fork server and with it every worker. Safe to call twice."""
        if self._beside is not None:
            self._beside.close()
            self._beside = None
        self._drop_server()
        self._wake.close()

    def _run_beside(self, environment: Environment, tools: ToolCaller | None, seed: str) -> RunPython:
        """What runs a Python skill for a program that the world runs, in a sandbox of the same kind."""

        def run(
            program: Program, skills: SkillSet, arguments: Mapping[str, Any], limits: ProgramLimits
        ) -> Execution:
            if self._beside is None:
                self._beside = self._another()
            return self._beside.run(
                program,
                environment,
                skills=skills,
                tools=tools,
                limits=limits,
                seed=seed,
                arguments=arguments,
            )

        return run

    def _run(self, session: Session, start: bytes, limits: ProgramLimits, pin: Pin) -> None:
        """Run one worker to its end; what came of it is in the session's ledger."""
        try:
            server, worker, wire = self._ready_worker(start, limits, pin)
        except Stopped as stopped:
            session.ledger.stop(stopped.reason, stopped.detail)
            return
        ended = False
        try:
            wire.deadline = time.monotonic() + limits.seconds
            session.serve(wire)
        except Stopped as stopped:
            session.ledger.stop(stopped.reason, stopped.detail)
        except WorkerEnded:
            ended = True
        finally:
            status = server.end(worker)
        if ended:
            session.ledger.stop(*_cause_of_death(status))

    def _ready_worker(self, start: bytes, limits: ProgramLimits, pin: Pin) -> tuple[ForkServer, Worker, Wire]:
        """A worker that is locked down and has its program. Starts the fork server again, once, if needed."""
        try:
            return self._start_worker(start, limits, pin)
        except (ForkServerGone, WorkerEnded) as error:
            logger.info("the fork server is started again: %s", error)
            self._drop_server()
        try:
            return self._start_worker(start, limits, pin)
        except (ForkServerGone, WorkerEnded) as error:
            self._drop_server()
            raise SandboxUnavailable(f"no worker can be started: {error or 'it ends at once'}") from None

    def _start_worker(self, start: bytes, limits: ProgramLimits, pin: Pin) -> tuple[ForkServer, Worker, Wire]:
        if self._server is not None and not self._server.has_room(limits.memory):
            self._drop_server()
        if self._server is None:
            with pin.paused():
                self._server = self._start_server(limits.memory)
        server = self._server
        worker = server.worker(
            memory=limits.memory,
            seconds=math.ceil(limits.seconds) + PROCESSOR_SECONDS_SPARE,
            processor=pin.processor,
        )
        try:
            deadline = time.monotonic() + READY_SECONDS
            wire = Wire(worker.connection, self._wake, frame_limit=limits.frame, deadline=deadline)
            wire.write(start)
            if not isinstance(wire.read(), Ready):
                raise WorkerEnded
        except BaseException:
            server.end(worker)
            raise
        return server, worker, wire

    def _drop_server(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None


def _cause_of_death(status: int | None) -> tuple[KillReason, str]:
    """What a wait status says of a worker that ended before its program did."""
    if status is None:
        return KillReason.CRASHED, "the worker went with its fork server"
    if not os.WIFSIGNALED(status):
        code = os.waitstatus_to_exitcode(status)
        if code == EXIT_MEMORY:
            return KillReason.MEMORY, "no memory was left even to report it"
        return KillReason.CRASHED, f"the worker's process exited with status {code}"
    number = signal.Signals(os.WTERMSIG(status))
    if number == signal.SIGKILL:
        return (
            KillReason.CRASHED,
            "SIGKILL: killed from outside (out of memory?), or it closed its connection",
        )
    return KillReason.CRASHED, f"killed by {number.name}"
