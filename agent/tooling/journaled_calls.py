"""Record the tool calls of a run in its journal before they are used, and replay them on resume.

A call is numbered within its task. The events of calls are where their outcomes were awaited: after a
model's answer that requested them, or between an execution's intent and its outcome.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, RLock
from typing import Any

from fieldcraft.agent.approvals.desk import Desk
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.recorder import JournalDiverged, Recorder
from fieldcraft.agent.journal.store import JournalError
from fieldcraft.agent.models.messages import Usage
from fieldcraft.agent.redact import redact
from fieldcraft.agent.tooling.replayed_calls import Outcomes, record_key
from fieldcraft.common.secrets.redaction import redact_data
from fieldcraft.common.text import entered
from fieldcraft.tools import ToolCall, ToolError, ToolExecutor, ToolOutcome

AskPerson = Callable[[str], str]

CUT_OFF = (
    "the run was cut off in the middle of this call; whether it took effect is not known, "
    "and it is not made again, since it may change something each time"
)
NOT_WAITED_FOR = "the program ended before this call did"


@dataclass
class _Known:
    """The record, from before a resume, of a call that is made now."""

    called: e.ToolCalled | None = None
    returned: e.ToolReturned | None = None
    asked: bool = False
    answers: deque[str] = field(default_factory=deque)

    def is_of(self, call: ToolCall) -> bool:
        """Whether it is the same call; a program that looks at a clock may make another one."""
        called = self.called
        return called is None or record_key(called.tool, called.arguments) == record_key(
            call.name, call.arguments
        )


class ToolRecord:
    """Records the calls that an executor makes (`fieldcraft.tools.RecorderPort`), and plays them back.

    Attributes:
        executor: the executor of these calls; it counts calls that are replayed without being submitted.
        desk: where calls wait for a person, if the run's policy says so.
    """

    executor: ToolExecutor
    desk: Desk

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._lock = RLock()
        self._ended = Condition(self._lock)
        self._user = ""
        self._holding = False
        self._known: dict[int, _Known] = {}
        self._open: dict[int, ToolCall] = {}
        self._on_record: set[int] = set()
        self._finished: dict[int, ToolOutcome] = {}
        self._waited: dict[int, float] = {}
        self._rationed: dict[int, float] = {}
        self._usage: dict[int, tuple[int, Usage]] = {}
        self._done: dict[tuple[str, str], list[ToolOutcome]] = defaultdict(list)
        self._carried: dict[tuple[str, str], list[ToolOutcome]] = {}
        self._proving = False
        self._asking: ToolCall | None = None
        self._fault: JournalError | None = None
        recorder.on_calls = self._played

    def begin_task(self) -> None:
        """Count the calls of a new task."""
        self.executor.begin_task()
        with self._lock:
            self._known.clear()
            self._done.clear()
            self._carried = {}

    def carry(self, outcomes: Outcomes) -> None:
        """Give these outcomes, by `record_key`, to the next such calls, which are not made again."""
        with self._lock:
            self._carried = {call: list(found) for call, found in outcomes.items()}

    @contextmanager
    def proving(self) -> Iterator[None]:
        """Refuse the calls in this block that would wait for a person."""
        self._proving = True
        try:
            yield
        finally:
            self._proving = False

    @property
    def is_proving(self) -> bool:
        """Whether a program is proved, so that nobody is asked."""
        return self._proving

    def note_wait(self, call: int, seconds: float) -> None:
        """Take the time that a person took in the middle of a call off its own."""
        with self._lock:
            self._waited[call] = self._waited.get(call, 0.0) + seconds

    def tell(self, text: str) -> None:
        """Record what a person should know."""
        self._recorder.record_metadata(e.Warned(text=redact(text)[:1000]))

    @contextmanager
    def by(self, user: str) -> Iterator[None]:
        """Attribute the calls in this block to `user`. Calls that still run at the end are abandoned.

        After an exception they have no outcome, and are handled on resume.
        """
        before, self._user = self._user, user
        try:
            yield
            self._give_up()
        finally:
            with self._lock:
                self._open.clear()
                self._finished.clear()
                self._on_record.clear()
            self._user = before

    @contextmanager
    def together(self) -> Iterator[None]:
        """Record all calls that begin in this block before the outcome of the first of them.

        So the order of the events does not depend on which of them is quicker.
        """
        self._holding = True
        try:
            yield
        finally:
            with self._lock:
                self._holding = False
                self._flush()

    def outcomes(self) -> dict[tuple[str, str], list[ToolOutcome]]:
        """The outcomes of this task's calls so far, in order, by `record_key`."""
        with self._lock:
            return {call: list(outcomes) for call, outcomes in self._done.items()}

    def recorded(self, call: ToolCall) -> ToolOutcome | None:
        """See `RecorderPort`."""
        if self._fault is not None:
            raise self._fault
        with self._lock:
            self._learn(self._recorder.play_calls())
            known = self._known.get(call.number, _Known())
            if not known.is_of(call):
                known = self._known[call.number] = _Known()
            carried = self._carried.get(record_key(call.name, call.arguments)) if self._carried else None
            outcome = carried.pop(0) if carried else None
            if known.returned is not None:
                del self._known[call.number]
                return self._remember(call.name, call.arguments, known.returned)
            if self._recorder.replaying:
                raise JournalDiverged(f"it holds no call {call.number} of this task ({call.name})")
            self._open[call.number] = self._asking = call
            if known.called is not None:
                self._on_record.add(call.number)
                if outcome is None and not call.effect.may_repeat:
                    outcome = ToolOutcome(error=CUT_OFF)
            if outcome is None:
                return None
            self._finished[call.number] = outcome
            if not self._holding:
                self._flush()
            return outcome

    def ask(self, question: str, ask_person: AskPerson) -> str:
        """Ask a person about the call that is being submitted; recorded, and asked once.

        A person may take hours, so calls that were begun before are waited for and recorded first.

        Raises:
            CallParked: the program is to be stopped here, until the call is answered.
            ToolError: the call is not made now.
        """
        call = self._asking
        assert call is not None
        with self._ended:
            while any(number not in self._finished for number in self._open if number != call.number):
                self._ended.wait()
            self._flush()
        known = self._known.setdefault(call.number, _Known())
        if known.answers:
            return known.answers.popleft()
        if self.desk.takes(call):
            return self._answer_at_desk(call)
        if not known.asked:
            asked = e.ApprovalAsked(call=call.number, tool=call.name, question=question[:4000])
            self._recorder.write(asked, sync=False)
        known.asked = False
        began = time.monotonic()
        text = entered(ask_person(question), 1000)
        seconds = time.monotonic() - began
        self._waited[call.number] = self._waited.get(call.number, 0.0) + seconds
        answered = e.ApprovalAnswered(call=call.number, tool=call.name, text=text, seconds=seconds)
        self._recorder.write(answered, sync=True)
        return text

    def _answer_at_desk(self, call: ToolCall) -> str:
        if self._proving:
            raise ToolError(f"{call.name} was not called: it needs a person, who is not asked for a proof")
        began = time.monotonic()

        def seconds() -> float:
            return time.monotonic() - began

        text = self.desk.answer(call, self._user, seconds)
        self._waited[call.number] = self._waited.get(call.number, 0.0) + seconds()
        return text

    def tool_started(self, call: ToolCall) -> None:
        """See `RecorderPort`."""
        with self._lock:
            self._call(call)

    def tool_finished(self, call: ToolCall, outcome: ToolOutcome) -> None:
        """See `RecorderPort`."""
        with self._lock:
            if call.number not in self._open or self._open[call.number] is not call:
                return
            self._finished[call.number] = outcome
            self._ended.notify_all()
            if not self._holding:
                self._flush()

    def question(self, call: int) -> int:
        """The number, in the run, of the question that a call is about to put to a model, from 1."""
        with self._lock:
            asked, usage = self._usage.get(call, (0, Usage()))
            self._usage[call] = (asked + 1, usage)
            return self._recorder.state.calls.get("tools", 0) + sum(
                asked for asked, _ in self._usage.values()
            )

    def bill(self, call: int, usage: Usage, waited: float) -> None:
        """Put what a question cost, and its waits, on the bill of the call that asked it."""
        with self._lock:
            asked, before = self._usage.get(call, (0, Usage()))
            self._usage[call] = (asked, before.plus(usage))
            self._rationed[call] = self._rationed.get(call, 0.0) + waited

    def forget_played(self) -> None:
        """Drop replayed calls whose program is not run again."""
        with self._lock:
            for number in sorted(self._known):
                known = self._known.pop(number)
                if known.called is not None:
                    self._recount(known.called, known.returned)

    def _call(self, call: ToolCall) -> None:
        if call.number in self._on_record:
            return
        self._on_record.add(call.number)
        called = e.ToolCalled(
            user=self._user,
            call=call.number,
            tool=call.name,
            arguments=redact_data(call.arguments),
            effect=call.effect,
        )
        self._recorder.write(called, sync=call.effect.changes)

    def _flush(self) -> None:
        """Record available outcomes in the order in which their calls began."""
        while self._open and (number := next(iter(self._open))) in self._finished:
            call, outcome = self._open.pop(number), self._finished.pop(number)
            try:
                self._call(call)
                self._recorder.write(self._returned(call, outcome), sync=call.effect.changes)
            except JournalError as error:
                self._fault = error
            self._on_record.discard(number)
            self._known.pop(number, None)

    def _returned(self, call: ToolCall, outcome: ToolOutcome) -> e.ToolReturned:
        asked, usage = self._billed(call.number)
        rationed = self._rationed.pop(call.number, 0.0)
        returned = e.ToolReturned(
            user=self._user,
            call=call.number,
            tool=call.name,
            value=outcome.value,
            error=outcome.error,
            tries=outcome.attempts,
            model_calls=asked,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            money=usage.money,
            unpriced=0 if usage.priced else asked,
            seconds=max(0.0, outcome.seconds - self._waited.pop(call.number, 0.0) - rationed),
            waited=rationed,
        )
        self._done[record_key(call.name, call.arguments)].append(outcome)
        return returned

    def _billed(self, number: int) -> tuple[int, Usage]:
        """Questions and usage of a call, with those of calls that went on after they were given up."""
        asked, total = 0, Usage()
        for due in [due for due in self._usage if due == number or due not in self._open]:
            questions, usage = self._usage.pop(due)
            asked, total = asked + questions, total.plus(usage)
        return asked, total

    def _give_up(self) -> None:
        with self._lock:
            for number in self._open:
                self._finished.setdefault(number, ToolOutcome(error=NOT_WAITED_FOR))
            self._flush()
            self.forget_played()

    def _learn(self, events: Sequence[e.ToolEvent]) -> None:
        for event in events:
            if isinstance(event, e.ApprovalHeard | e.ApprovalParked):
                continue  # the run's state has them
            known = self._known.setdefault(event.call, _Known())
            match event:
                case e.ToolCalled():
                    known.called = event
                case e.ToolReturned():
                    known.returned = event
                case e.ApprovalAsked():
                    known.asked = True
                case e.ApprovalAnswered():
                    known.asked = False
                    known.answers.append(event.text)

    def _played(self, events: Sequence[e.ToolEvent], finished: bool) -> None:
        with self._lock:
            self._learn(events)
            if finished:
                self.forget_played()

    def _recount(self, called: e.ToolCalled, returned: e.ToolReturned | None) -> None:
        failed = returned is not None and returned.error is not None
        self.executor.recount(called.tool, called.arguments, failed=failed)
        if returned is not None:
            self._remember(called.tool, called.arguments, returned)

    def _remember(self, name: str, arguments: Mapping[str, Any], returned: e.ToolReturned) -> ToolOutcome:
        outcome = ToolOutcome(returned.value, returned.error, returned.seconds, returned.tries)
        self._done[record_key(name, arguments)].append(outcome)
        return outcome
