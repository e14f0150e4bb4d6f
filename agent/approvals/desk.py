"""Where calls wait for a person: they are parked, and answered by notes, at the terminal, or by a rule."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from fieldcraft.agent.approvals.parked import CallParked, ParkedCall
from fieldcraft.agent.approvals.reducing import MOST_PARKED, of_task, open_calls
from fieldcraft.agent.approvals.wording import AWAITS, as_answer
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import Recorder, StopRequested
from fieldcraft.agent.redact import redact
from fieldcraft.agent.steering import Inbox, Note
from fieldcraft.agent.tooling.replayed_calls import record_key
from fieldcraft.common.secrets.redaction import redact_data
from fieldcraft.common.text import visible_line
from fieldcraft.tools import ToolCall, ToolError
from fieldcraft.tools.calls.approval import CHOICES, shown_call

POLL_SECONDS = 0.2
"""How often a run that waits looks for an answer."""

MOST_SET_ASIDE = 20
"""Tasks that are set aside at once; with so many, a call is waited for."""

IN_STEPS = frozenset({"solve", "open", "subgoals"})
"""Curricula whose next task builds on the one before, so that nothing can go on without it."""


@runtime_checkable
class AtTerminal(Protocol):
    """A person at the terminal, while an answer may come from elsewhere too."""

    def until(self, question: str, answered: Callable[[], bool]) -> str | None:
        """What the person enters, `None` once `answered` is true; it is called several times a second."""


class Desk:
    """The calls of a run that wait for a person.

    Args:
        recorder: of the run.
        can_go_back: whether the world has snapshots, so that a program can be stopped at its call.
        declared: what a tool declares of itself, as a digest.
        person: at the terminal, where one is there.
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        can_go_back: bool,
        declared: Callable[[str], str],
        person: object = None,
    ) -> None:
        self._recorder = recorder
        self._can_go_back = can_go_back
        self._declared = declared
        self._person = person if isinstance(person, AtTerminal) else None
        self._inbox = Inbox(recorder.run.folder)

    @property
    def goes_on(self) -> bool:
        """Whether a task is set aside while its call waits."""
        settings = self._recorder.run.settings
        return (
            settings.tool_policy.approvals == "set-aside"
            and settings.curriculum not in IN_STEPS
            and len(self._recorder.state.set_aside) < MOST_SET_ASIDE
        )

    def open(self) -> list[str]:
        """The ids of the calls that nobody answered yet."""
        return open_calls(self._recorder.state)

    def takes(self, call: ToolCall) -> bool:
        """Whether this call is parked, or was answered before, instead of asking at the terminal alone."""
        if self._recorder.run.settings.tool_policy.approvals != "ask":
            return True
        found = self._own(call)
        return found is not None and bool(self._recorder.state.parked[found].answer)

    def has_answer(self, call: ToolCall) -> bool:
        """Whether somebody answered this very call, as its tool is now, and it was not made since."""
        found = self._own(call)
        parked = None if found is None else self._recorder.state.parked[found]
        return parked is not None and bool(parked.answer) and parked.declared == self._declared(call.name)

    def answer(self, call: ToolCall, user: str, seconds: Callable[[], float]) -> str:
        """The answer about a call, which is used up by it. Waits, unless the task is set aside.

        Raises:
            CallParked: the program is to be stopped here.
            ToolError: the call is not made now.
            StopRequested: the run is to stop.
        """
        state = self._recorder.state
        name = self._own(call)
        if name is None or self._has_changed(name, call):
            name = self._park(call, user, replaces=name or "")
        elif not state.parked[name].answer:
            self._look()
        if not state.parked[name].answer:
            if self.goes_on and state.task is not None and user == "programs" and self._can_go_back:
                raise CallParked(name)
            if self.goes_on:
                raise ToolError(f"{call.name} was not called: {AWAITS}")
            self.wait(lambda: [name] if name in self.open() else [])
        parked = state.parked[name]
        used = e.ApprovalAnswered(
            call=call.number, tool=call.name, text=parked.answer, seconds=seconds(), id=name, by=parked.by
        )
        return self._recorder.write(used, sync=True).text

    def hear(self) -> None:
        """Between two steps: take the answers that came, and apply the rule to what nobody answered."""
        while (recorded := self._recorder.upcoming(e.ApprovalHeard)) is not None:
            self._recorder.record(recorded)
        if not self._recorder.replaying:
            self._look()

    def wait(self, left: Callable[[], Sequence[str]]) -> None:
        """Wait until none of these calls is open. A person who skips the task ends the wait for it.

        Raises:
            StopRequested: the run is to stop, also by its rule for calls that nobody answered.
        """
        while names := left():
            first = names[0]

            def answered(first: str = first) -> bool:
                self._look()
                self._skip(first)
                return first not in self.open()

            line = self._entered(self._recorder.state.parked[first], answered)
            if line is not None and (text := as_answer(line)) is not None and not answered():
                self._heard(first, text, by="the person at the terminal")

    def _entered(self, call: ParkedCall, answered: Callable[[], bool]) -> str | None:
        if self._person is not None:
            return self._person.until(f"Call {call.shown}? {CHOICES}", answered)
        while not answered():
            time.sleep(POLL_SECONDS)
        return None

    def _skip(self, name: str) -> None:
        """Where a person skipped the task of this call: refuse it, or give up the task that was set aside."""
        state = self._recorder.state
        by = state.steering.skipped_by
        if not by or name not in self.open():
            return
        if state.task is not None:
            self._heard(name, f"no: {by} skipped the task", by=by)
        else:
            self._heard(name, f"late: skipped by {by}", by=by, lapsed="skip")

    def _own(self, call: ToolCall) -> str | None:
        """The id under which this call of the task in progress, or of the choice of one, is parked."""
        state, key = self._recorder.state, call_key(call)
        if state.task:
            mine = of_task(state, state.task_number)
        else:
            mine = [name for name, each in state.parked.items() if not each.task]
        return next((name for name in mine if state.parked[name].key == key), None)

    def _has_changed(self, name: str, call: ToolCall) -> bool:
        parked = self._recorder.state.parked[name]
        if parked.declared == self._declared(call.name):
            return False
        self._warn(
            f"{call.name} is not as it was when the call {name} was parked: an answer to that does not "
            "count, and the call as it is now is asked about"
        )
        return True

    def _park(self, call: ToolCall, user: str, *, replaces: str) -> str:
        recorder, key = self._recorder, call_key(call)
        if len(self.open()) >= MOST_PARKED:
            raise ToolError(
                f"{call.name} was not called: {MOST_PARKED} calls await a person's approval already"
            )
        state, minutes = recorder.state, recorder.run.settings.tool_policy.approval_expires
        place = f"{recorder.run.id}\0{state.events}\0{call.number}\0{key}"
        event = e.ApprovalParked(
            id=hashlib.sha256(place.encode()).hexdigest()[:8],
            task_number=state.task_number if state.task else 0,
            user=user,
            call=call.number,
            tool=call.name,
            arguments=redact_data(call.arguments),
            effect=call.effect,
            shown=shown_call(call, redact)[:4000],
            key=key,
            declared=self._declared(call.name),
            expires=0.0 if minutes is None else time.time() + 60 * minutes,
            replaces=replaces,
        )
        return recorder.write(event, sync=True).id

    def _look(self) -> None:
        """Hear what came in, then apply the rule.

        Raises:
            StopRequested: the run is to stop.
        """
        self._recorder.within_a_wait()
        self._recorder.raise_if_stopping()
        for note in self._answers():
            self._take(note)
            self._inbox.remove(note)
        now = time.time()
        for name in self.open():
            if 0 < self._recorder.state.parked[name].expires <= now:
                self._lapse(name)

    def _answers(self) -> list[Note]:
        """The answers that wait; none where the inbox cannot be read, which `Hearing` says."""
        try:
            return [note for note in self._inbox.waiting() if note.kind == "approve"]
        except OSError:
            return []

    def _take(self, note: Note) -> None:
        """Hear a note, or say why it does not count."""
        state = self._recorder.state
        parked, settled = state.parked.get(note.call), state.settled.get(note.call)
        if settled is not None and settled.note == note.id:
            return
        by = visible_line(note.by, 100) or "someone"
        answer, called = as_answer(note.text), visible_line(note.call, 40)
        if parked is None and settled is None:
            self._warn(f"{by} answered the call {called!r}, which is none of this run's")
        elif parked is None or parked.answer:
            words = settled.words if settled else "answered before"
            self._warn(f"{by}'s answer to the call {called} does not count: {words}")
        elif answer is None:
            self._warn(f"{by}'s answer to the call {called} is none: say yes, no, always or never")
        elif self._is_late(parked, note):
            self._warn(f"{by}'s answer to the call {called} came after its time, and does not count")
        else:
            self._heard(note.call, answer, by=by, note=note.id)

    def _is_late(self, parked: ParkedCall, note: Note) -> bool:
        rule = self._recorder.run.settings.tool_policy.approval_expired
        return rule != "stop" and 0 < parked.expires < note.time

    def _lapse(self, name: str) -> None:
        """Nobody answered in time.

        Raises:
            StopRequested: that is the rule.
        """
        policy, tool = self._recorder.run.settings.tool_policy, self._recorder.state.parked[name].tool
        if policy.approval_expired == "stop":
            raise StopRequested(
                f"nobody answered the call {name} of {tool} in time; answer it with "
                f"`fieldcraft runs approve {self._recorder.run.id} {name}`, then resume the run"
            )
        minutes = f"{policy.approval_expires:g} minutes" if policy.approval_expires else "its time"
        text = f"late: nobody answered within {minutes}"
        self._heard(name, text, lapsed=policy.approval_expired)

    def _heard(self, name: str, text: str, **how: str) -> None:
        tool = self._recorder.state.parked[name].tool
        event = e.ApprovalHeard.model_validate({"id": name, "tool": tool, "text": text, **how})
        self._recorder.write(event, sync=True)

    def _warn(self, text: str) -> None:
        self._recorder.record_metadata(e.Warned(text=text))


def call_key(call: ToolCall) -> str:
    """Names a tool and its arguments, however long they are."""
    return hashlib.sha256("\0".join(record_key(call.name, call.arguments)).encode()).hexdigest()[:32]
