"""Daemon threads with deadlines: a call that hangs is given up, and never keeps the program from ending."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from typing import Any

from fieldcraft.tools.errors import ToolError


@dataclass
class _Job:
    name: str
    work: Callable[[], Any]
    future: Future[Any]


class Workers:
    """A small pool for calls that may hang.

    (`ThreadPoolExecutor` joins its threads when the interpreter ends, so one hanging call would hold it.)
    A call past its deadline fails at once; its thread is detached and another takes its place, up to
    `stuck` detached ones, after which new calls are refused and the hanging ones named.
    """

    def __init__(self, *, threads: int = 8, stuck: int = 16) -> None:
        self._threads = threads
        self._stuck_limit = stuck
        self._changed = threading.Condition()
        self._jobs: deque[_Job] = deque()
        self._running: dict[int, _Job] = {}
        self._detached: dict[int, _Job] = {}
        self._idle = 0
        self._deadlines: list[tuple[float, int, _Job, float]] = []
        self._tickets = itertools.count()
        self._watched = threading.Condition()
        self._watching = False
        self._closed = False

    def submit(self, name: str, work: Callable[[], Any], *, timeout: float) -> Future[Any]:
        """Start `work` on some thread; the future fails with `ToolError` after `timeout` seconds."""
        job = _Job(name, work, Future())
        with self._changed:
            if self._closed:
                raise ToolError(f"tool {name!r} was called after the run's tools were closed")
            if len(self._detached) >= self._stuck_limit:
                hanging = ", ".join(sorted({stuck.name for stuck in self._detached.values()}))
                raise ToolError(
                    f"{len(self._detached)} earlier calls still hang ({hanging}); no more are started"
                )
            self._jobs.append(job)
            if self._idle >= len(self._jobs):
                self._changed.notify()
            elif len(self._running) + self._idle < self._threads:
                self._start_thread()
        self._watch(job, timeout)
        return job.future

    def close(self) -> None:
        """Fail what waits or runs, and let the threads end. Safe to call twice."""
        with self._changed:
            self._closed = True
            left = [*self._jobs, *self._running.values()]
            self._jobs.clear()
            self._changed.notify_all()
        with self._watched:
            self._deadlines.clear()
            self._watched.notify_all()
        for job in left:
            _fail(job.future, ToolError(f"tool {job.name!r} was cut off: the run's tools were closed"))

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
                _settle(job)
            with self._changed:
                self._running.pop(me, None)
                if self._detached.pop(me, None) is not None:
                    return
                self._idle += 1

    def _detach(self, job: _Job) -> None:
        """Count the thread of a job past its deadline as lost, and replace it where work waits."""
        with self._changed:
            for thread, running in self._running.items():
                if running is job:
                    self._detached[thread] = self._running.pop(thread)
                    break
            if self._jobs and not self._idle and not self._closed:
                self._start_thread()

    def _watch(self, job: _Job, timeout: float) -> None:
        with self._watched:
            self._forget_finished()
            entry = (time.monotonic() + timeout, next(self._tickets), job, timeout)
            heapq.heappush(self._deadlines, entry)
            if not self._watching:
                self._watching = True
                threading.Thread(
                    target=self._keep_deadlines, name="fieldcraft-deadlines", daemon=True
                ).start()
            elif self._deadlines[0] is entry:
                self._watched.notify()

    def _forget_finished(self) -> None:
        while self._deadlines and self._deadlines[0][2].future.done():
            heapq.heappop(self._deadlines)

    def _keep_deadlines(self) -> None:
        """Fail calls as their deadlines pass; the thread ends when there is none to keep."""
        while True:
            with self._watched:
                self._forget_finished()
                if not self._deadlines:
                    self._watching = False
                    return
                left = self._deadlines[0][0] - time.monotonic()
                if left > 0:
                    self._watched.wait(left)
                    continue
                _, _, job, timeout = heapq.heappop(self._deadlines)
            if _fail(job.future, ToolError(f"tool {job.name!r} gave no result within {timeout:g} s")):
                self._detach(job)


def _settle(job: _Job) -> None:
    try:
        result = job.work()
    except BaseException as error:
        _fail(job.future, error)
        return
    try:
        job.future.set_result(result)
    except InvalidStateError:
        return


def _fail(future: Future[Any], error: BaseException) -> bool:
    """Whether `error` became the outcome of `future`; not where it had one."""
    try:
        future.set_exception(error)
    except InvalidStateError:
        return False
    return True
