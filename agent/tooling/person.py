"""The person at the terminal, whom a tool may ask in the middle of a call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from fieldcraft.agent.approvals.desk import AtTerminal
from fieldcraft.agent.journal.recorder import StopRequested
from fieldcraft.agent.tooling.journaled_calls import ToolRecord
from fieldcraft.common.text import entered
from fieldcraft.tools import ToolError, current_call
from fieldcraft.tools.calls.policy import ToolPolicy

_LONGEST = 4_000


@runtime_checkable
class MayBeAway(Protocol):
    """A person of whom it is known whether they can answer."""

    def is_there(self) -> bool:
        """Whether a question would be seen, and can be answered."""


class PersonOfRun:
    """The person of a run (`fieldcraft.tools.context.PersonPort`).

    What they enter is not recorded by itself: it is part of the call, whose result is recorded.

    Args:
        ask_person: asks at the terminal.
        record: of the run's calls.
        policy: says where a person's answers are expected.
    """

    def __init__(self, ask_person: Callable[[str], str], record: ToolRecord, policy: ToolPolicy) -> None:
        self._ask_person = ask_person
        self._person: object = ask_person  # which may be more than a function
        self._record = record
        self._policy = policy

    def ask(self, question: str, given_up: Callable[[], bool]) -> str:
        """See `PersonPort`.

        Raises:
            ToolError: nobody is there, nobody answers, or it is not the time to ask.
        """
        if self._record.is_proving:
            raise ToolError("a program that is proved asks nobody")
        if self._policy.approvals != "ask":
            raise ToolError(f"with approvals = {self._policy.approvals!r} nobody is asked within a call")
        if isinstance(self._person, MayBeAway) and not self._person.is_there():
            raise ToolError("nobody is there to answer")
        began = time.monotonic()
        try:
            line = self._entered(question, given_up)
        except (EOFError, OSError, StopRequested) as error:
            raise ToolError("nobody is there to answer") from error
        finally:
            call = current_call()
            if call is not None:
                self._record.note_wait(call.number, time.monotonic() - began)
        if line is None:
            raise ToolError("the call ended before the person answered")
        return entered(line, _LONGEST)

    def _entered(self, question: str, given_up: Callable[[], bool]) -> str | None:
        if isinstance(self._person, AtTerminal):
            return self._person.until(question, given_up)
        return self._ask_person(question)
