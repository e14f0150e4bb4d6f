"""The limits on the calls of one task: counts of calls, and of repeated failures."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from threading import Lock
from typing import Any

from fieldcraft.tools.calls.arguments import size_of
from fieldcraft.tools.calls.policy import ToolPolicy

MOST_ARGUMENTS = 4_000_000
"""The most bytes of arguments, as JSON, of all calls in one task."""
_LONGEST_KEY = 500


class CallLimits:
    """Counts the calls of a task and enforces the limits of the policy. Thread-safe."""

    def __init__(self, policy: ToolPolicy) -> None:
        self._policy = policy
        self._lock = Lock()
        self._calls = self._bytes = 0
        self._by_tool: Counter[str] = Counter()
        self._failures: Counter[tuple[str, str]] = Counter()

    def begin_task(self) -> None:
        """Reset all counts for a new task."""
        with self._lock:
            self._calls = self._bytes = 0
            self._by_tool.clear()
            self._failures.clear()

    def count(self, name: str) -> int:
        """Count a new call; returns its number, from 1."""
        with self._lock:
            self._calls += 1
            self._by_tool[name] += 1
            return self._calls

    def recount(self, name: str, arguments: Mapping[str, Any], *, failed: bool) -> None:
        """Count a recorded call of this task after a resume."""
        self.count(name)
        self.weigh(size_of(arguments))
        if failed:
            self.failed(name, arguments)

    def weigh(self, size: int) -> str | None:
        """The reason why arguments of `size` bytes exceed the task's limit, or `None` after counting them."""
        with self._lock:
            if self._bytes + size > MOST_ARGUMENTS:
                return f"this task has used its {MOST_ARGUMENTS:,} bytes of arguments"
            self._bytes += size
            return None

    def spent(self, number: int) -> str | None:
        """The reason why the call `number` exceeds the task's limit; `None` within the limit."""
        most = self._policy.calls_per_task
        return f"this task has used its {most} tool call{'s' * (most != 1)}" if number > most else None

    def refusal(self, name: str, arguments: Mapping[str, Any]) -> str | None:
        """The reason why this call is refused, or `None`."""
        policy = self._policy
        most = policy.calls_of(name)
        if most is not None and self._by_tool[name] > most:
            return f"this task has used its {most} call{'s' * (most != 1)} of {name}"
        failed = self._failures[key(name, arguments)] if self._failures else 0
        if failed >= policy.same_failures:
            return f"the same call failed {failed} times in this task; do something else"
        return None

    def failed(self, name: str, arguments: Mapping[str, Any]) -> int:
        """Count a failed call; returns how often the same call has failed in this task."""
        with self._lock:
            same = key(name, arguments)
            self._failures[same] += 1
            return self._failures[same]


def key(name: str, arguments: Mapping[str, Any]) -> tuple[str, str]:
    """A key that is equal for equal calls; its length does not depend on the arguments."""
    try:
        text = json.dumps(arguments, sort_keys=True, default=repr)
    except (RecursionError, ValueError):
        text = f"(arguments that are no data: {len(arguments)})"
    if len(text) > _LONGEST_KEY:
        text = hashlib.sha256(text.encode()).hexdigest()
    return name, text
