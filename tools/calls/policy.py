"""The limits and approvals of a run's tool calls."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

LONGEST_WAIT = 5_256_000
"""Minutes, ten years, that a call may wait for a person."""


class ToolPolicy(BaseModel):
    """Limits and approval, for every call that a `ToolExecutor` makes.

    Attributes:
        timeout: seconds for one call, including the wait for a free thread and further attempts, but not a
            person's approval. A tool may declare its own.
        calls_per_task: the most calls in one task, including refused ones.
        calls_per_tool: pattern of names -> the most calls in one task of each tool that it matches.
        attempts: the most attempts at a call whose failures are declared transient.
        same_failures: how often the same call (tool and arguments) may fail in a task before it is refused.
        approval: `never` asks nobody, `always` asks for every call, patterns ask for the tools they match.
            The pattern `writes` also matches every tool that is not declared `pure` or `reads`.
        approvals: how a run waits for the answer. `ask` is at the terminal alone. With `wait` and `set-aside`
            the call is parked and can be answered from elsewhere too; the run waits for that, or sets the
            task aside and goes on with others.
        approval_expires: minutes after which a parked call is not answered any more; `None` is never.
        approval_expired: what happens then: `deny` refuses the call, `skip` gives its task up, `stop` stops
            the run, which can be resumed.
        longest_result: the most characters of a result that reach the caller; the complete result is kept in
            a file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    timeout: float = Field(default=30.0, gt=0)
    calls_per_task: int = Field(default=50, ge=0)
    calls_per_tool: dict[str, int] = {}
    attempts: int = Field(default=3, ge=1, le=10)
    same_failures: int = Field(default=5, ge=1)
    approval: Literal["never", "always"] | tuple[str, ...] = "never"
    approvals: Literal["ask", "wait", "set-aside"] = "ask"
    approval_expires: float | None = Field(default=None, gt=0, le=LONGEST_WAIT)
    approval_expired: Literal["deny", "skip", "stop"] = "deny"
    longest_result: int = Field(default=20_000, ge=200)

    @field_validator("approval", mode="before")
    @classmethod
    def _known_word(cls, value: Any) -> Any:
        if isinstance(value, str) and value not in {"never", "always"}:
            raise ValueError(
                f'say "never", "always", or a list of tools\' names, such as ["writes", "{value}"]'
            )
        return value

    def needs_approval(self, name: str, *, changes: bool) -> bool:
        """Whether a call of this tool needs a person's approval."""
        match self.approval:
            case "never":
                return False
            case "always":
                return True
            case patterns:
                return any(
                    fnmatchcase(name, pattern) or (pattern == "writes" and changes) for pattern in patterns
                )

    def calls_of(self, name: str) -> int | None:
        """The most calls of this tool in one task, if a pattern limits it."""
        return smallest_match(self.calls_per_tool, name)


def smallest_match(limits: Mapping[str, int], name: str) -> int | None:
    """The smallest limit among the patterns that match `name`."""
    return min((limit for pattern, limit in limits.items() if fnmatchcase(name, pattern)), default=None)
