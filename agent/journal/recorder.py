"""Effects that happen once: recorded before they are used, replayed from the journal after a crash.

The loop is written as if it never died. On resume it runs again from the last finished task, and every
effect that the journal already holds returns its recorded outcome instead of happening again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from threading import RLock
from typing import TypeVar

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.course.episodes import Episodes
from fieldcraft.agent.journal.lines import line_of
from fieldcraft.agent.journal.reducer import apply
from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.journal.stored.facts import RunFacts
from fieldcraft.common.data import DataError
from fieldcraft.common.errors import DamagedRecord, Paused
from fieldcraft.envs import Observation, Progress

E = TypeVar("E", bound=e.BaseEvent)
Listener = Callable[[e.Event], None]
Calls = Callable[[Sequence[e.ToolEvent], bool], None]
"""Takes the tool calls of an effect that is played back, and whether that effect had its outcome."""


class StopRequested(Paused):
    """Somebody asked the run to stop; raised at the next event, where everything is recorded."""


class BudgetExhausted(Paused):
    """A limit of the budget is used up; the message names it. The run can be resumed with more."""


class JournalDiverged(DamagedRecord, RuntimeError):
    """The journal holds something else than the loop does now: the loop, its prompts or its settings changed.

    The message says in a few words what was found where. The loop then sets the unfinished task aside.
    """


@dataclass(frozen=True)
class Start:
    """Where a run stood when the task in progress began."""

    task_number: int
    observation: Observation
    progress: Progress
    snapshot: str | None
    reached: dict[str, int]
    episodes: Episodes

    @classmethod
    def of(cls, state: RunState) -> Start:
        """As `state` has it now."""
        return cls(
            state.task_number,
            state.observation,
            state.progress,
            state.snapshot,
            dict(state.reached),
            state.episodes.model_copy(deep=True),
        )


class Recorder:
    """Writes a run's events, keeps its state, and plays back what is recorded.

    Attributes:
        interrupted: the last intent on the tape had no outcome, and the effect is being done again.
        model_failures: failed model calls in a row since this process began.
        refusals: by role, answers in a row that its model refused to give since this process began; a tool
            call on the way to an answer is none.
        on_calls: called with the tool calls of a replayed effect.
        between_events: called before an event that is recorded live; it may wait, and ask for a stop.
        within_a_wait: called again and again while a model is waited for; it may ask for a stop.
        start: where the run stood before the events that are played back.
        facts: what the world has shown so far.
    """

    def __init__(self, run: Run, listeners: tuple[Listener, ...] = ()) -> None:
        self.run = run
        self.state = run.state
        self.start = Start.of(run.state)
        self.facts = RunFacts.open(run)
        self.interrupted = False
        self.model_failures = 0
        self.refusals: dict[str, int] = {}
        self._tape = deque(run.tape)
        self._listeners = listeners
        self._stop: str | None = None
        self._writing = RLock()
        self.on_calls: Calls = lambda _calls, _finished: None
        self.between_events: Callable[[], None] = lambda: None
        self.within_a_wait: Callable[[], None] = lambda: None

    @property
    def replaying(self) -> bool:
        """Whether recorded events are still to be played back."""
        return bool(self._tape)

    @property
    def events_left(self) -> int:
        """How many recorded events are still to be played back."""
        return len(self._tape)

    def request_stop(self, reason: str) -> None:
        """Stop the run at its next event. Safe in a signal handler."""
        self._stop = reason

    @property
    def stopping(self) -> bool:
        """Whether somebody asked the run to stop."""
        return bool(self._stop)

    def raise_if_stopping(self) -> None:
        """Raise `StopRequested` where somebody asked for it."""
        if self._stop:
            raise StopRequested(self._stop)

    def _pass_on(self) -> None:
        """Between two events: hear what people want, and stop where somebody asked for it."""
        self.between_events()
        self.raise_if_stopping()

    def check_budget(self, *, another_program: bool) -> None:
        """Raise `BudgetExhausted` where a limit is used up. Recorded effects are never refused."""
        if not self._tape:
            reason = self.state.spent.exhausted(self.run.settings.budget, another_program=another_program)
            if reason:
                raise BudgetExhausted(reason)

    def record(self, event: E) -> E:
        """Record a decision that follows from earlier outcomes; synced with the next effect."""
        if self._tape:
            return self._play(type(event), like=event)
        self._pass_on()
        return self._write(event, sync=isinstance(event, e.SkillKept | e.RunFinished))

    def write(self, event: E, *, sync: bool) -> E:
        """Record what happens within an effect; safe in any thread while that effect is waited for."""
        return self._write(event, sync=sync)

    def upcoming(self, kind: type[E]) -> E | None:
        """The recorded event that is played back next, where it is of this kind."""
        event = self._tape[0] if self._tape else None
        return event if isinstance(event, kind) else None

    def record_decision(self, kind: type[E], decide: Callable[[], E]) -> E:
        """Record a decision that looks at the world as it is now; a recorded one is not taken again."""
        if self._tape and isinstance(self._tape[0], kind):
            return self._play(kind)
        return self.record(decide())

    def effect(
        self,
        intent: e.BaseEvent,
        outcomes: tuple[type[E], ...],
        perform: Callable[[], E],
        *,
        repeatable: bool = True,
    ) -> E:
        """Do something once.

        Args:
            intent: what is about to happen.
            outcomes: the kinds of event it can end in.
            perform: does it and returns the outcome.
            repeatable: whether it may happen again after a crash that lost even the intent. Where it may
                not, the intent is on disk before the effect begins.

        Returns:
            The outcome, from the journal where it is there, synced before anything relies on it.
        """
        self.interrupted = False
        if self._tape:
            self._play(type(intent), like=intent)
            calls = self.play_calls()
            self.on_calls(calls, self.replaying)
            if self._tape:
                return self._play(*outcomes)
            self.interrupted = True
        else:
            self._pass_on()
            self._write(intent, sync=not repeatable)
        return self._write(perform(), sync=True)

    def play_calls(self) -> list[e.ToolEvent]:
        """The events of tool calls that are played back next."""
        played: list[e.ToolEvent] = []
        while self._tape:
            event = self._tape[0]
            if not isinstance(event, e.TOOL_EVENTS):
                break
            self._tape.popleft()
            self._take(event)
            self._hear_again()
            played.append(event)
        return played

    def leave_tape(self) -> None:
        """Take what is left to be played back as it is: it counts, and the run is live from here."""
        self.interrupted = False
        while self._tape:
            self.leave_next()

    def leave_next(self) -> None:
        """Take the next of what is left to be played back as it is."""
        self._take(self._tape.popleft())
        self._hear_again()

    def _hear_again(self) -> None:
        """Take in the recorded notes that come next: they stand wherever they were heard."""
        while self._tape and isinstance(note := self._tape[0], e.NoteHeard):
            self._tape.popleft()
            self._take(note)
            self.run.end_pause_before_stop(note)

    def record_metadata(self, event: e.BaseEvent) -> None:
        """Record how the run is driven (warnings, pauses); no resume looks at it."""
        self._write(event, sync=True)

    def _write(self, event: E, *, sync: bool) -> E:
        """The event as the journal has it, in which nothing is larger than a journal takes."""
        with self._writing:
            written: E = self.run.journal.append(event, sync=sync)  # type: ignore[arg-type, assignment]
            if isinstance(written, e.ModelAnswered | e.ModelFailed):
                self._count(written)
            self._take(written)
            return written

    def _count(self, written: e.ModelAnswered | e.ModelFailed) -> None:
        if isinstance(written, e.ModelAnswered):
            self.model_failures = 0
            if written.refusal or not written.requests:
                refusals = self.refusals.get(written.role, 0) + 1
                self.refusals[written.role] = refusals if written.refusal else 0
        else:
            self.model_failures += not written.rationed

    def _take(self, event: e.BaseEvent) -> None:
        apply(self.state, event)  # type: ignore[arg-type]
        if isinstance(event, e.FactsLearned):
            self.facts.take(event)
        if isinstance(event, e.WorldReset):
            self.start = replace(Start.of(self.state), task_number=self.start.task_number)
        for listener in self._listeners:
            listener(event)  # type: ignore[arg-type]

    def _play(self, *kinds: type[E], like: E | None = None) -> E:
        event = self._tape.popleft()
        if not isinstance(event, kinds) or (like is not None and not _alike(event, like)):
            self._tape.appendleft(event)
            wanted = " or ".join(kind.__name__ for kind in kinds)
            raise JournalDiverged(
                f"event {event.number} is {type(event).__name__} where "
                f"{'another ' if isinstance(event, kinds) else ''}{wanted} was expected"
            )
        self._take(event)
        self._hear_again()
        return event


_IDENTITY: dict[type[e.BaseEvent], tuple[str, ...]] = {
    e.ModelAsked: ("role", "call", "template"),
    e.QuestionAnswered: ("key",),
    e.EpisodeEnded: ("episode",),
    e.TaskProposed: ("task_number", "task.words", "task.goal"),
    e.AnswerRefused: ("iteration", "attempt"),
    e.ExecutionStarted: ("iteration", "attempt", "language", "source"),
    e.VerificationStarted: ("iteration",),
}
"""By which of its fields an event is the one that the loop is about to record."""


def _alike(recorded: e.BaseEvent, expected: e.BaseEvent) -> bool:
    """Whether these are the same, `expected` read as the journal would have it."""
    fields = _IDENTITY.get(type(expected), ())
    if not fields:
        return True
    try:
        _, written = line_of(expected.model_copy())  # type: ignore[arg-type]
    except DataError:
        return False
    return all(attrgetter(field)(recorded) == attrgetter(field)(written) for field in fields)
