"""Run one call on a thread, in a process that can be killed, or on the event loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from fieldcraft.common.system import unsupported
from fieldcraft.tools.calls.arguments import complaints
from fieldcraft.tools.calls.background import BackgroundLoop
from fieldcraft.tools.calls.deadlines import Deadlines, MovableDeadline
from fieldcraft.tools.calls.policy import ToolPolicy
from fieldcraft.tools.calls.results import Encoded, Results, encoded, failure
from fieldcraft.tools.calls.retrying import Attempt, again, again_async
from fieldcraft.tools.calls.workers import Workers, fail, settle
from fieldcraft.tools.context import ToolCall, ToolContext, using_context
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.isolation import STARTING
from fieldcraft.tools.langchain.invoking import Invocation
from fieldcraft.tools.traits import ToolTraits

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from fieldcraft.tools.isolation.pool import IsolationPool

GRACE = 2.0
"""Seconds after its timeout at which a call that should have ended is abandoned."""


class Runner:
    """Runs calls within their timeouts, and retries the transient failures that tools declare."""

    def __init__(self, context: ToolContext, policy: ToolPolicy, results: Results) -> None:
        self.context = context
        self._policy = policy
        self._results = results
        self._deadlines = Deadlines()
        self._workers = Workers(self._deadlines)
        self._loop = BackgroundLoop("fieldcraft-tools-loop")
        self._opening = Lock()
        self._isolated: IsolationPool | None = None

    def start(
        self, call: ToolCall, invocation: Invocation, traits: ToolTraits, attempted: Callable[[], None]
    ) -> Future[Any]:
        """Start a call; `attempted` is called at each attempt. The future fails with `ToolError`."""
        attempt = Attempt(traits.transient, self._policy.attempts, attempted)
        timeout = traits.timeout or self._policy.timeout
        match traits.isolation or ("async" if invocation.asynchronous else "thread"):
            case "async":
                return self._start_on_loop(call, invocation, attempt, timeout)
            case "process":
                once = partial(
                    self._once_isolated, call, invocation.tool, time.monotonic() + timeout, timeout
                )
                timeout += GRACE if self._isolated is not None and self._isolated.warm else GRACE + STARTING
            case _:
                once = partial(self._once, call, invocation)
        work = partial(self._work, call.name, attempt, once)
        return self._workers.submit(call.name, work, timeout=timeout)

    def close(self) -> None:
        """Abort running calls, and end threads, processes and the loop. Safe to call twice."""
        self._workers.close()
        self._loop.close()
        self._deadlines.clear()
        if self._isolated is not None:
            self._isolated.close()

    def _work(self, name: str, attempt: Attempt, once: Callable[[], Encoded]) -> Any:
        try:
            return self._results.bounded(name, again(attempt, once))
        except BaseException as error:
            raise _for_the_caller(name, error) from error

    def _once(self, call: ToolCall, invocation: Invocation) -> Encoded:
        with using_context(self.context, call):
            return encoded(call.name, invocation.run(call.arguments, call.number))

    def _once_isolated(self, call: ToolCall, tool: BaseTool, ends: float, timeout: float) -> Encoded:
        with self._opening:
            if self._isolated is None:
                problem = unsupported("tools in processes of their own")
                if problem is not None:
                    raise ToolError(f"{call.name}: {problem}")
                from fieldcraft.tools.isolation.pool import IsolationPool

                self._isolated = IsolationPool()
        ends += self._isolated.warm_up()
        return self._isolated.call(call, tool, ends=ends, timeout=timeout)

    def _start_on_loop(
        self, call: ToolCall, invocation: Invocation, attempt: Attempt, timeout: float
    ) -> Future[Any]:
        """Fail a call at its deadline, even if its coroutine ignores cancellation."""
        future: Future[Any] = Future()

        def expire(given: float) -> None:
            fail(future, ToolError(f"tool {call.name!r} gave no result within {given:g} s"))

        deadline = MovableDeadline(self._deadlines, timeout, expire)
        try:
            task = self._loop.submit(self._work_on_loop(call, invocation, attempt, deadline))
        except RuntimeError as error:
            deadline.meet()
            raise ToolError(f"tool {call.name!r} was called after the run's tools were closed") from error

        def take(done: Future[Any]) -> None:
            deadline.meet()
            if done.cancelled():
                fail(future, ToolError(f"tool {call.name!r} was cut off: the run's tools were closed"))
            elif (error := done.exception()) is not None:
                fail(future, error)
            else:
                settle(future, done.result())

        task.add_done_callback(take)
        future.add_done_callback(lambda _: task.cancel())
        return future

    async def _work_on_loop(
        self, call: ToolCall, invocation: Invocation, attempt: Attempt, deadline: MovableDeadline
    ) -> Any:
        async def once() -> Encoded:
            with using_context(self.context, call, deadline):
                return encoded(call.name, await invocation.run_async(call.arguments, call.number))

        try:
            data = await again_async(attempt, once)
            return self._results.bounded(call.name, data)
        except Exception as error:
            raise _for_the_caller(call.name, error) from error


def _for_the_caller(name: str, error: BaseException) -> ToolError:
    """Call the tool. As it is a plug-in, any exception, also `SystemExit`, ends only this call."""
    if isinstance(error, ToolError):
        return error
    if isinstance(error, ValidationError):
        return ToolError(f"{name} cannot take these arguments: {complaints(error)}")
    return ToolError(failure(name, error))
