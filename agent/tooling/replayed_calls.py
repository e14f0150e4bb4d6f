"""The `tools` of programs that are rerun: they return recorded results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from fieldcraft.common.fields import fitted
from fieldcraft.common.secrets.redaction import redact_data
from fieldcraft.skills.sandbox.base import ToolCaller
from fieldcraft.tools import ToolError, ToolOutcome, UnknownTool
from fieldcraft.tools.calls.limits import key
from fieldcraft.tools.calls.naming import unknown_tool

Outcomes = Mapping[tuple[str, str], Sequence[ToolOutcome]]
"""The outcomes of calls in order, by `record_key`."""


def record_key(name: str, arguments: Mapping[str, Any]) -> tuple[str, str]:
    """The key of a call in the journal, which is computed from its redacted and limited form."""
    return key(name, redact_data(fitted(dict(arguments))))


class RecordedTools:
    """Returns for each call the result of the program's earlier run.

    Args:
        names: the names of the tools.
        outcomes: the recorded outcomes.
        live: makes a call that was not recorded, if it changes nothing.
        changing: the tools that may change something; they are never called again.
    """

    def __init__(
        self,
        names: Sequence[str],
        outcomes: Outcomes,
        *,
        live: ToolCaller | None = None,
        changing: frozenset[str] = frozenset(),
    ) -> None:
        self._names = names
        self._left = {call: list(found) for call, found in outcomes.items()}
        self._live = live
        self._changing = changing

    def names(self) -> Sequence[str]:
        """The tools there are."""
        return self._names

    def submit(self, name: str, arguments: Mapping[str, Any]) -> Future[Any]:
        """The next unused recorded outcome of such a call."""
        future: Future[Any] = Future()
        recorded = self._left.get(record_key(name, arguments))
        if recorded:
            outcome = recorded.pop(0)
            if outcome.error is None:
                future.set_result(outcome.value)
            else:
                future.set_exception(ToolError(outcome.error))
        elif name not in self._names:
            future.set_exception(UnknownTool(unknown_tool(name, self._names)))
        elif self._live is not None and name not in self._changing:
            return self._live.submit(name, arguments)
        else:
            future.set_exception(
                ToolError(f"{name} was not called: the program runs again, and made no such call before")
            )
        return future
