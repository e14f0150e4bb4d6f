"""Calling tools: validated, timed out, counted, recorded; every expected failure becomes a message."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from pydantic_core import to_json

from fieldcraft.tools.context import RecorderPort, ToolCall, ToolContext, ToolOutcome, using_context
from fieldcraft.tools.errors import ToolError
from fieldcraft.tools.registry import ToolRegistry
from fieldcraft.tools.traits import Effect, traits_of
from fieldcraft.tools.workers import Workers

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

LONGEST_RESULT = 20_000
"""Characters of a result (as JSON, or of a text) that reach the caller."""

_LONGEST_MESSAGE = 2_000
_MOST_ITEMS = 10_000


class ToolExecutor:
    """Calls the tools of a registry on threads of its own.

    It is what a sandbox needs of the tool room (`fieldcraft.skills.sandbox.ToolCaller`).

    Args:
        registry: the tools that may be called.
        context: what a tool may reach, by `current_context()`.
        timeout: seconds of wall time for one call, waiting for a free thread included.
        calls_per_task: calls allowed until `begin_task` is called again.
    """

    def __init__(
        self,
        registry: ToolRegistry,
        *,
        context: ToolContext | None = None,
        timeout: float = 30.0,
        calls_per_task: int = 50,
    ) -> None:
        self.registry = registry
        self.context = ToolContext() if context is None else context
        self._timeout = timeout
        self._calls_per_task = calls_per_task
        self._calls = 0
        self._counting = Lock()
        self._accepted: dict[str, frozenset[str] | None] = {}
        self._workers = Workers()

    def names(self) -> Sequence[str]:
        """The tools that may be called, sorted."""
        return self.registry.names()

    def begin_task(self) -> None:
        """Count calls from zero again."""
        with self._counting:
            self._calls = 0

    def submit(self, name: str, arguments: Mapping[str, Any]) -> Future[Any]:
        """Start a call.

        Returns:
            A future of JSON data, cut at 20,000 characters and then a text that says so. It fails with
            `ToolError`, whose message is meant for the caller; this method itself never raises.
        """
        started = time.monotonic()
        with self._counting:
            self._calls += 1
            number = self._calls
        recorder, call = self.context.recorder, None
        try:
            tool = self._admit(name, arguments, number)
            call = ToolCall(number, name, arguments, traits_of(tool).effect)
            if recorder is not None:
                known = recorder.recorded(call)
                if known is not None:
                    return _settled(known)
                recorder.tool_started(call)
            future = self._workers.submit(
                name, partial(self._run, name, tool, dict(arguments)), timeout=self._timeout
            )
        except ToolError as error:
            future = Future()
            future.set_exception(error)
        if recorder is not None:
            call = call or ToolCall(number, name, arguments, Effect.PURE)
            future.add_done_callback(partial(_record, recorder, call, started))
        return future

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Call and wait; the result is as `submit` says.

        Raises:
            ToolError: there is no result; the message says why.
        """
        return self.submit(name, arguments).result()

    def close(self) -> None:
        """Cut off what runs and let the threads end. Safe to call twice."""
        self._workers.close()

    def _admit(self, name: str, arguments: Mapping[str, Any], number: int) -> BaseTool:
        """The tool, where it exists, takes such arguments, and the run may still call it."""
        tool = self.registry.get(name)
        if name not in self._accepted:
            self._accepted[name] = _accepted_arguments(tool)
        accepted = self._accepted[name]
        extra = sorted(set(arguments) - accepted) if accepted is not None else []
        if extra:
            takes = ", ".join(sorted(accepted or ())) or "none"
            raise ToolError(f"{name} takes no argument {extra[0]!r}; it takes: {takes}")
        refusal = self.context.budget.refusal() if self.context.budget is not None else None
        if refusal:
            raise ToolError(f"{name} was not called: {refusal}")
        if number > self._calls_per_task:
            raise ToolError(
                f"{name} was not called: this task has used its {self._calls_per_task} tool calls"
            )
        return tool

    def _run(self, name: str, tool: BaseTool, arguments: dict[str, Any]) -> Any:
        try:
            with using_context(self.context):
                return _as_data(tool.invoke(arguments))
        except ToolError:
            raise
        except ValidationError as error:
            raise ToolError(f"{name} cannot take these arguments: {_complaints(error)}") from error
        except BaseException as error:
            # A tool is a plug-in: whatever it throws, SystemExit included, ends its own call alone.
            text = f"{name} failed: {type(error).__name__}: {_bounded_text(error)}"
            raise ToolError(text[:_LONGEST_MESSAGE]) from error


def _record(recorder: RecorderPort, call: ToolCall, started: float, future: Future[Any]) -> None:
    seconds = time.monotonic() - started
    error = ToolError("cancelled") if future.cancelled() else future.exception()
    recorder.tool_finished(
        call,
        ToolOutcome(seconds=seconds, error=str(error), attempts=1)
        if error
        else ToolOutcome(future.result(), seconds=seconds, attempts=1),
    )


def _settled(outcome: ToolOutcome) -> Future[Any]:
    future: Future[Any] = Future()
    if outcome.error is None:
        future.set_result(outcome.value)
    else:
        future.set_exception(ToolError(outcome.error))
    return future


def _accepted_arguments(tool: BaseTool) -> frozenset[str] | None:
    """The names of a tool's arguments; `None` where it takes any."""
    schema = tool.get_input_jsonschema()
    return None if schema.get("additionalProperties") else frozenset(schema.get("properties", {}))


def _complaints(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'arguments'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_input=False)[:10]
    )[:_LONGEST_MESSAGE]


def _bounded_text(error: BaseException) -> str:
    try:
        return str(error)[:_LONGEST_MESSAGE]
    except Exception:
        return "(its message cannot be shown)"


def _as_data(result: Any) -> Any:
    """`result` as JSON data of bounded size. What JSON does not know is given as text."""
    if isinstance(result, Iterator):
        result = list(islice(result, _MOST_ITEMS))
    encoded = to_json(result, bytes_mode="base64", inf_nan_mode="strings", serialize_unknown=True)
    data = json.loads(encoded)
    text = data if isinstance(data, str) else encoded.decode()
    if len(text) <= LONGEST_RESULT:
        return data
    return f"{text[:LONGEST_RESULT]}\n[cut: {LONGEST_RESULT:,} of {len(text):,} characters]"
