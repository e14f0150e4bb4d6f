"""How the events of parked calls change a run's state."""

from __future__ import annotations

from fieldcraft.agent.approvals.parked import ParkedCall, SetAsideTask, Settled
from fieldcraft.agent.approvals.wording import as_recorded, in_words, without_remark
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.state import RunState
from fieldcraft.tools.calls.approval import SETTLING

MOST_PARKED = 100
"""Calls that wait at once, or that were answered and are still to be made."""
_SETTLED_LIMIT, _FAILED_LIMIT = 200, 200


def park(state: RunState, event: e.ApprovalParked) -> None:
    """A call waits from now on."""
    state.parked.pop(event.replaces, None)
    state.parked[event.id] = ParkedCall(
        task=event.task_number,
        tool=event.tool,
        key=event.key,
        declared=event.declared,
        shown=event.shown,
        event=event.number,
        since=event.time,
        expires=event.expires,
    )
    if len(state.parked) > MOST_PARKED:
        answered = (name for name, call in state.parked.items() if call.answer)
        del state.parked[next(answered, next(iter(state.parked)))]


def hear(state: RunState, event: e.ApprovalHeard) -> None:
    """A call was answered; what settles its tool settles all that wait for it."""
    call = state.parked.get(event.id)
    if call is None:
        return
    text = as_recorded(event.text)
    _settle(state, event.id, in_words(text, event.by), event.note)
    settles = SETTLING.get(text)
    if settles is not None:
        state.approvals[call.tool] = settles
    for each in state.parked.values():
        if each is call or (settles is not None and each.tool == call.tool and not each.answer):
            each.answer, each.by = text, event.by
    if event.lapsed == "skip":
        _give_up(state, event.id, call)
        if state.task is None:
            state.steering.skipped_by = ""


def use(state: RunState, event: e.ApprovalAnswered) -> None:
    """A call is about to be made or refused by an answer."""
    if (call := state.parked.get(event.id)) is not None:
        call.answer, call.by, call.used = as_recorded(event.text), event.by or call.by, event.call
        if event.id not in state.settled:
            _settle(state, event.id, in_words(event.text, event.by))


def make(state: RunState, event: e.ToolCalled) -> None:
    """A call that used an answer is on record."""
    for name in [name for name, call in state.parked.items() if call.used and call.used == event.call]:
        del state.parked[name]


def begin_task(state: RunState, event: e.TaskProposed) -> None:
    """A task begins, perhaps one that was set aside."""
    state.again, state.task_began, state.lapsed = event.again, event.number, ""


def finish_task(state: RunState, event: e.TaskFinished) -> None:
    """Keep a task that waits, with its calls; what else was parked for it is withdrawn."""
    for name in of_task(state, event.task_number):
        if name in event.awaiting:
            state.parked[name].task, state.parked[name].used = event.task_number, 0
        else:
            _withdraw(state, name, "it was withdrawn: its task ended without it")
    if state.again:
        state.set_aside.pop(state.again, None)
        state.repeated += 1
    if event.awaiting and event.task_number and state.task is not None:
        state.set_aside[event.task_number] = SetAsideTask(
            task=without_remark(state.task),
            awaiting=list(event.awaiting[:MOST_PARKED]),
            first=state.task_began,
            last=event.number,
        )
        while len(state.set_aside) > MOST_PARKED:
            del state.set_aside[next(iter(state.set_aside))]
    state.again, state.lapsed = 0, ""


def set_tail_aside(state: RunState, event: e.TailSetAside) -> None:
    """What a task parked whose events are set aside is withdrawn; one that was set again waits as before."""
    for name in [name for name, call in state.parked.items() if call.task > event.task_number]:
        _withdraw(state, name, "it was withdrawn: its task was set aside by another version")
    for call in state.parked.values():
        call.used = 0
    state.again, state.lapsed = 0, ""


def open_calls(state: RunState) -> list[str]:
    """The ids of the parked calls that nobody answered yet."""
    return [name for name, call in state.parked.items() if not call.answer]


def of_task(state: RunState, number: int) -> list[str]:
    """The ids of the parked calls of the task in progress, which may have been set aside before."""
    numbers = {number, state.again} - {0}
    return [name for name, call in state.parked.items() if call.task in numbers]


def _give_up(state: RunState, name: str, call: ParkedCall) -> None:
    """Nobody answered in time: the task in progress ends, one that was set aside does not come again."""
    if state.task is not None and call.task in {state.task_number, state.again} - {0}:
        state.lapsed = call.answer
        return
    for number in [number for number, task in state.set_aside.items() if name in task.awaiting]:
        words = state.set_aside.pop(number).task.words
        state.failed = ([failed for failed in state.failed if failed != words] + [words])[-_FAILED_LIMIT:]
        for other in [other for other, each in state.parked.items() if each.task == number]:
            _withdraw(state, other, state.settled[name].words if other == name else "its task was given up")


def _withdraw(state: RunState, name: str, words: str) -> None:
    del state.parked[name]
    if name not in state.settled:
        _settle(state, name, words)


def _settle(state: RunState, name: str, words: str, note: str = "") -> None:
    state.settled.pop(name, None)
    state.settled[name] = Settled(words=words, note=note)
    while len(state.settled) > _SETTLED_LIMIT:
        del state.settled[next(iter(state.settled))]
