"""Drive a run from the command line: its view, Ctrl-C, and its end."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Protocol, Self

from fieldcraft.agent.approvals.desk import POLL_SECONDS
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.journal.recorded_log import silenced
from fieldcraft.agent.journal.recorder import StopRequested
from fieldcraft.cli.errors import FAILURE, STOPPED
from fieldcraft.cli.views.console import console
from fieldcraft.cli.views.plain import PlainView

if TYPE_CHECKING:
    from fieldcraft.agent.session import Session


class View(Protocol):
    """Shows the progress of a run, and asks a person if the run needs an answer.

    Attributes:
        on_screen: the log would say the same again: only a terminal that shows standard error alone needs it.
    """

    overview: Overview
    on_screen: bool

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def take(self, event: e.Event) -> None:
        """Show one event of the run."""

    def tell(self, event: e.Event) -> None:
        """Say what an event means that was taken before the view was there."""

    def ask(self, question: str) -> str:
        """Return the person's answer to `question`."""

    def asking(self, question: str) -> AbstractContextManager[None]:
        """Show a question whose answer is read in this block."""

    def stopping(self) -> None:
        """Announce that the run stops at its next event. Called from a signal handler."""


def choose_view(overview: Overview, *, plain: bool, as_json: bool, watching: bool = False) -> View:
    """The dashboard on a terminal, lines elsewhere; with JSON on standard output, lines on standard error."""
    if as_json:
        return PlainView(overview, stderr=True)
    if plain or not console().is_terminal or console().is_dumb_terminal:
        return PlainView(overview)
    from fieldcraft.cli.views.live import LiveView

    return LiveView(overview, watching=watching)


@dataclass
class Stopper:
    """Ctrl-C and SIGTERM: the first asks the run to stop at its next event, the second stops it at once.

    Before the run is open, and while a person is being asked, the first signal stops at once too, because
    no event is about to come.
    """

    notice: Callable[[], None]
    asked: bool = False
    _request: Callable[[str], None] | None = None
    _before: dict[int, object] = field(default_factory=dict)

    def __enter__(self) -> Stopper:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def attend(self, request: Callable[[str], None] | None) -> Callable[[str], None] | None:
        """Let `request` handle the first signal (`None`: stop at once); returns the previous handlers."""
        before, self._request = self._request, request
        return before

    def request(self, reason: str) -> None:
        """Ask the run to stop at its next event, if it is open."""
        if self._request is not None:
            self._request(reason)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.asked or self._request is None:
            self.asked = True
            raise KeyboardInterrupt
        self.asked = True
        self._request("stopped by Ctrl-C" if number == signal.SIGINT else "stopped by SIGTERM")
        self.notice()


ENDED = "no answer: standard input ended"


@dataclass(frozen=True)
class Person:
    """The person at the terminal of a run that this process drives."""

    drive: Drive

    def __call__(self, question: str) -> str:
        """Ask, as `Drive.ask` does."""
        return self.drive.ask(question)

    def is_there(self) -> bool:
        """Whether a question would be seen, and can be answered."""
        return answers_can_be_typed()

    def until(self, question: str, answered: Callable[[], bool]) -> str | None:
        """The person's line, `None` once `answered` is true; without a terminal that alone is waited for.

        Ctrl-C stops the run as at any event, since what is waited for is recorded.

        Raises:
            StopRequested: the input ended.
        """
        if not answers_can_be_typed():
            while not answered():
                time.sleep(POLL_SECONDS)
            return None
        with self.drive.view.asking(question):
            while not answered():
                if select.select([sys.stdin], [], [], POLL_SECONDS)[0]:
                    if line := sys.stdin.readline():
                        return line
                    raise StopRequested(ENDED)
        return None


def answers_can_be_typed() -> bool:
    """Whether standard input is a terminal, and this process not in its background."""
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        return False
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:  # it is not the terminal that this process was started from
        return True


@dataclass
class Drive:
    """One run, driven to its end or its next pause.

    Attributes:
        overview: the state of the run after its latest event.
        stopped: the run was asked to stop.
        opened: the run's folder exists, so the run can be resumed from now on.
        unread: the reader of the progress has closed its pipe, so the run was asked to stop.
    """

    view: View
    stopped: bool = False
    opened: bool = False
    unread: bool = False
    _stopper: Stopper = field(init=False)
    _remarks: list[e.Warned] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stopper = Stopper(self.view.stopping)

    @property
    def overview(self) -> Overview:
        """The overview of the run, up to its latest event."""
        return self.view.overview

    def take(self, event: e.Event) -> None:
        """Show an event, after those that the journal already held; an earlier warning waits for the view."""
        if not self.opened and isinstance(event, e.Warned):
            self._remarks.append(event)
        if self.opened:
            self.stopped = self.stopped or self._stops(event)
            self.view.take(event)
            if not self.unread and any(console(stderr=stderr).unread for stderr in (False, True)):
                self.unread = True
                self._stopper.request("the reader of its output has gone")

    def _stops(self, event: e.Event) -> bool:
        """Whether a person stops the run with a note that was not heard before."""
        live = event.number > self.overview.state.events
        return live and isinstance(event, e.NoteHeard) and event.kind == "stop"

    @property
    def person(self) -> Person:
        """The person at the terminal, as a session asks it."""
        return Person(self)

    def ask(self, question: str) -> str:
        """Ask the person; at the end of the input, stop the run so that it can be resumed."""
        request = self._stopper.attend(None)
        try:
            return self.view.ask(question)
        except EOFError as error:
            raise StopRequested(ENDED) from error
        finally:
            self._stopper.attend(request)

    def run(self, session: AbstractContextManager[Session], at_end: Callable[[Session], None]) -> int:
        """Run the session to its end or its next pause; returns the exit code.

        Args:
            session: the run to open, made with this object's `take` and `ask` as its callbacks.
            at_end: called after a regular end, while the environment is still open.
        """
        try:
            with self._stopper, self._logged_once(), session as opened:
                self._catch_up(opened)
                with self.view, self._heeding(opened):
                    for remark in self._remarks:
                        self.view.tell(remark)
                    opened.explorer.explore()
                at_end(opened)
        except KeyboardInterrupt:
            if not self.opened:
                raise
        self.stopped = self.stopped or self._stopper.asked
        return self._exit_code()

    def _catch_up(self, session: Session) -> None:
        """Read what the journal already holds, without showing it."""
        self.overview.run = session.run.id
        for event in session.run.journal.events(last_segment=True):
            self.overview.take(event)
        self.opened = True

    @contextmanager
    def _logged_once(self) -> Iterator[None]:
        """Keep out of the log what the view shows."""
        with silenced() if self.view.on_screen else nullcontext():
            yield

    @contextmanager
    def _heeding(self, session: Session) -> Iterator[None]:
        self._stopper.attend(session.recorder.request_stop)
        try:
            yield
        finally:
            self._stopper.attend(None)

    def _exit_code(self) -> int:
        state, settings = self.overview.state, self.overview.settings
        if self.stopped and not state.finished:
            return STOPPED
        if settings.curriculum == "solve":
            return 0 if state.solved else FAILURE
        spent, budget = state.spent, settings.budget
        used_up = {spent.exhausted(budget, another_program=another) for another in (True, False)}
        return 0 if state.finished or self.overview.outcome in used_up else FAILURE
