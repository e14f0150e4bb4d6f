"""Answering the parked calls of a run from another process."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from fieldcraft.agent.approvals.begun import events_between
from fieldcraft.agent.approvals.parked import ParkedCall
from fieldcraft.agent.approvals.wording import as_answer, in_words
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.journal.run import list_runs
from fieldcraft.agent.journal.store import Journal, JournalError
from fieldcraft.agent.steering import Inbox, Note, send
from fieldcraft.common.errors import InputError
from fieldcraft.common.suggest import nearest
from fieldcraft.common.text import visible_line

_SEARCHED = 200
"""Runs beside this one in which an unknown call is looked for."""


class BadApproval(InputError, ValueError):
    """A parked call cannot be answered; the message says why, and which can."""


def answer_call(folder: Path, view: Overview, call: str, text: str) -> Note:
    """Answer a parked call of the run in `folder`; the run hears it when it next looks, or is resumed.

    Args:
        folder: of the run.
        view: what its journal tells.
        call: the id of the parked call.
        text: `yes`, `no`, `always` or `never`; words may follow a `yes` or `no` after a colon.

    Raises:
        BadApproval: there is no such call, it was answered already, or its time is over.
        OSError: the run's folder cannot be written.
    """
    if (answer := as_answer(text)) is None:
        raise BadApproval("an answer is yes, no, always or never")
    parked = view.state.parked.get(call)
    if parked is None or parked.answer:
        raise BadApproval(_why_not(folder, view, call))
    policy = view.settings.tool_policy
    if policy.approval_expired != "stop" and 0 < parked.expires < time.time():
        rule = {"deny": "refuses the call", "skip": "gives its task up"}[policy.approval_expired]
        raise BadApproval(f"the time to answer the call {call} is over: the run {rule} when it next looks")
    for note in Inbox(folder).waiting():
        if note.kind == "approve" and _answers(note, call, view):
            said = in_words(as_answer(note.text) or note.text, note.by)
            raise BadApproval(f"the call {call} was answered already ({said}); the run did not hear it yet")
    return send(folder, Note(kind="approve", call=call, text=answer))


def arguments_of(folder: Path, parked: ParkedCall) -> dict[str, object]:
    """The arguments of a parked call, whole, as the run's journal has them; empty where it does not."""
    for event in events_between(folder, parked.event, parked.event):
        if isinstance(event, e.ApprovalParked):
            return event.arguments
    return {}


def _answers(note: Note, call: str, view: Overview) -> bool:
    """Whether a note that waits answers this call: by itself, or with all calls of its tool."""
    if note.call == call:
        return True
    other = view.state.parked.get(note.call)
    alike = other is not None and not other.answer and other.tool == view.state.parked[call].tool
    return alike and as_answer(note.text) in ("always", "never")


def _why_not(folder: Path, view: Overview, call: str) -> str:
    shown, settled = visible_line(call, 40), view.state.settled.get(call)
    if settled is not None:
        return f"the call {shown} needs no answer: {settled.words}"
    if elsewhere := _elsewhere(folder, call):
        return f"the call {shown} is of the run {elsewhere}: `fieldcraft runs approve {elsewhere} {shown}`"
    waiting = [name for name, each in view.state.parked.items() if not each.answer]
    known = f"it has {', '.join(waiting)}" if waiting else "no call of it waits for a person"
    return f"the run {folder.name} has no parked call {shown!r}{nearest(call, waiting)}; {known}"


def _elsewhere(folder: Path, call: str) -> str:
    """The name of another run in the same folder of runs that parked this call; empty where none did."""
    others: Iterable[Path] = (each for each in list_runs(folder.parent)[-_SEARCHED:] if each != folder)
    for other in others:
        view = Overview(run=other.name)
        try:
            for event in Journal(other).events(last_segment=True):
                view.take(event)
        except JournalError:
            continue
        if call in view.state.parked or call in view.state.settled:
            return other.name
    return ""
