"""Daemon threads with deadlines: a hanging call is abandoned, and does not keep the program from ending."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from functools import partial
from typing import Any

from fieldcraft.tools.calls.deadlines import Deadlines, Ticket
from fieldcraft.tools.errors import ToolError


@dataclass(eq=False)
class _Job:
    name: str
    work: Callable[[], Any]
    future: Future[Any]
    ticket: Ticket | None = None


class Workers:
    """A small pool for calls that may hang.

    (`ThreadPoolExecutor` joins its threads at exit, so that one hanging call would block it.)
    A call past its deadline fails at once; its thread is detached and replaced, up to `stuck` detached
    threads. Then new calls are refused with the names of the hanging ones.
    """

    def __init__(self, deadlines: Deadlines, *, threads: int = 8, stuck: int = 16) -> None:
        self._deadlines = deadlines
        self._threads = threads
        self._stuck_limit = stuck
        self._process = os.getpid()
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._running: dict[int, _Job] = {}
        self._detached: dict[int, _Job] = {}
        self._idle = 0
        self._closed = False

    def submit(self, name: str, work: Callable[[], Any], *, timeout: float) -> Future[Any]:
        """Start `work` on a thread; the future fails with `ToolError` after `timeout` seconds."""
        job = _Job(name, work, Future())
        with self._changed:
            if self._closed:
                raise ToolError(f"tool {name!r} was called after the run's tools were closed")
            if len(self._detached) >= self._stuck_limit:
                hanging = ", ".join(sorted({stuck.name for stuck in self._detached.values()}))
                raise ToolError(
                    f"{len(self._detached)} earlier calls still hang ({hanging}); no more are started"
                )
            job.ticket = self._deadlines.watch(timeout, partial(self._expire, job, timeout))
            self._jobs.append(job)
            if self._idle >= len(self._jobs):
                self._changed.notify()
            elif len(self._running) + self._idle < self._threads:
                self._start_thread()
        return job.future

    def close(self) -> None:
        """Fail waiting and running calls, and let the threads end. Safe to call twice."""
        with self._changed:
            self._closed = True
            left = [*self._jobs, *self._running.values()]
            self._jobs.clear()
            self._changed.notify_all()
        for job in left:
            fail(job.future, ToolError(f"tool {job.name!r} was cut off: the run's tools were closed"))

    def _start_thread(self) -> None:
        self._idle += 1
        threading.Thread(target=self._serve, name="fieldcraft-tool", daemon=True).start()

    def _serve(self) -> None:
        me = threading.get_ident()
        while True:
            with self._changed:
                while not self._jobs and not self._closed:
                    self._changed.wait()
                self._idle -= 1
                if self._closed:
                    return
                job = self._jobs.popleft()
                self._running[me] = job
            if not job.future.done():
                self._settle(job)
            with self._changed:
                if job.ticket is not None:
                    job.ticket.met = True
                self._running.pop(me, None)
                if self._detached.pop(me, None) is not None:
                    return
                self._idle += 1

    def _settle(self, job: _Job) -> None:
        try:
            result = job.work()
        except BaseException as error:
            if os.getpid() == self._process:
                fail(job.future, error)
                return
        if os.getpid() != self._process:
            os._exit(1)  # the tool forked, and this is the child process: it must not continue here
        settle(job.future, result)

    def _expire(self, job: _Job, timeout: float) -> None:
        """Fail a job past its deadline; detach its thread, and replace it if work is waiting.

        A job that its caller cancelled may still hang.
        """
        fail(job.future, ToolError(f"tool {job.name!r} gave no result within {timeout:g} s"))
        with self._changed:
            for thread, running in self._running.items():
                if running is job:
                    self._detached[thread] = self._running.pop(thread)
                    break
            if self._jobs and not self._idle and not self._closed:
                self._start_thread()


def settle(future: Future[Any], result: Any) -> bool:
    """Set `result` as the outcome of `future`; false if it already had one."""
    try:
        future.set_result(result)
    except InvalidStateError:
        return False
    return True


def fail(future: Future[Any], error: BaseException) -> bool:
    """Set `error` as the outcome of `future`; false if it already had one."""
    try:
        future.set_exception(error)
    except InvalidStateError:
        return False
    return True
