"""What was done of a task before it was set aside, as the run's journal has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.store import Journal, read_segment
from fieldcraft.agent.tooling.replayed_calls import record_key
from fieldcraft.common.text import cut_text, visible_line
from fieldcraft.tools import ToolOutcome

_SHOWN = 160


@dataclass
class Begun:
    """What was done of a task before it was set aside.

    Attributes:
        started: the program that was stopped at a call, to be run again; `None` where there is none.
        outcomes: of calls that are not made again, by `record_key`: those of that program, or else those of
            the task that may have changed something.
        made: the latter in words.
    """

    started: e.ExecutionStarted | None = None
    outcomes: dict[tuple[str, str], list[ToolOutcome]] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)


def begun(folder: Path, first: int, last: int) -> Begun:
    """What the events from `first` to `last` of the run in `folder` tell of one task.

    Raises:
        JournalError: the journal cannot be read.
    """
    whole, program = Begun(), Begun()
    called: dict[int, e.ToolCalled] = {}
    stopped = False
    for event in events_between(folder, first, last):
        match event:
            case e.ExecutionStarted():
                program, stopped = Begun(started=event), False
            case e.ProgramSetAside():
                stopped = True
            case e.ToolCalled():
                called[event.call] = event
            case e.ToolReturned() if event.call in called:
                call = called.pop(event.call)
                _note(program, call, event)
                if call.effect.changes and event.error is None:
                    _note(whole, call, event)
            case _:
                pass
    return program if stopped else whole


def events_between(folder: Path, first: int, last: int) -> Iterator[e.Event]:
    """The events of these numbers, from only as many segments as hold them.

    Raises:
        JournalError: the journal cannot be read.
    """
    segments = Journal(folder).segments()
    begin = len(segments) - 1
    while begin > 0 and next((event.number for event in read_segment(segments[begin])), first + 1) > first:
        begin -= 1
    for segment in segments[begin:]:
        for event in read_segment(segment):
            if event.number > last:
                return
            if event.number >= first:
                yield event


def _note(kept: Begun, call: e.ToolCalled, returned: e.ToolReturned) -> None:
    outcome = ToolOutcome(returned.value, returned.error)
    kept.outcomes.setdefault(record_key(call.tool, call.arguments), []).append(outcome)
    arguments = ", ".join(f"{visible_line(name, 100)}={value!a}" for name, value in call.arguments.items())
    gave = returned.value if returned.error is None else returned.error
    kept.made.append(f"{call.tool}({cut_text(arguments, _SHOWN)}) gave {visible_line(gave, _SHOWN)}")
