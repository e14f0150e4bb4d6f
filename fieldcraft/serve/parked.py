"""Calls of tools that wait for a person's answer."""

from __future__ import annotations

from dataclasses import dataclass

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.state import RunState


@dataclass(frozen=True)
class Parked:
    """A call that waits.

    Attributes:
        call: what an answer names it by; empty where it is asked in the terminal of the run only.
        words: the call with its arguments, or the question about it.
        since: when it was parked, in seconds since the epoch.
        expires: until when it can be answered; 0 for ever.
        answered: the answer that was heard already, if the call is still to be made.
    """

    call: str
    words: str
    since: float = 0.0
    expires: float = 0.0
    answered: str = ""


def parked_calls(state: RunState) -> list[Parked]:
    """The calls that are parked in the run's state, the first one first."""
    return [
        Parked(name, call.shown, call.since, call.expires, call.answer) for name, call in state.parked.items()
    ]


def asked_at_terminal(asked: Parked | None, event: e.Event) -> Parked | None:
    """The call that a person is asked about in the run's terminal, after one more event."""
    if isinstance(event, e.ApprovalAsked):
        return Parked("", event.question or event.tool, event.time)
    return asked if isinstance(event, e.Warned) else None
