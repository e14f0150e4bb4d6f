"""Calls of tools that wait for a person's answer, as the journal has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fieldcraft.agent.journal import events as e

_SETTLED = frozenset({"approval_answered", "approval_settled", "approval_expired"})


@dataclass(frozen=True)
class Parked:
    """A call that waits.

    Attributes:
        call: what an answer names it by; empty where it is asked at the terminal of the run only.
        tool: its tool.
        question: what a person is asked.
        arguments: of the call.
        expires: until when it can be answered, in seconds since the epoch; 0 for ever.
    """

    call: str
    tool: str
    question: str
    arguments: Mapping[str, Any]
    expires: float = 0.0


def follow_approvals(parked: dict[str, Parked], event: e.Event) -> None:
    """Bring the calls that wait up to date with an event."""
    kind: str = event.type
    if kind == "approval_parked":
        data = event.model_dump()
        call = str(data.get("id") or data.get("call", ""))
        parked[call] = Parked(
            call,
            str(data.get("tool", "")),
            str(data.get("question", "")),
            data.get("arguments") or {},
            float(data.get("expires") or 0.0),
        )
    elif isinstance(event, e.ApprovalAsked):
        parked[f"#{event.call}"] = Parked("", event.tool, event.question, {})
    elif kind in _SETTLED:
        data = event.model_dump()
        parked.pop(f"#{data.get('call', '')}", None)
        parked.pop(str(data.get("id") or ""), None)
    elif isinstance(event, e.TaskFinished | e.RunPaused):
        for key in [key for key, waiting in parked.items() if not waiting.call]:
            del parked[key]
