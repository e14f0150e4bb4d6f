"""Follow a run that is open here and send its spans and figures while it goes on."""

from __future__ import annotations

import time
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from threading import RLock

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.run import Run, begun_at
from fieldcraft.agent.journal.store import Journal, JournalError, read_segment
from fieldcraft.agent.telemetry.destination import Destination
from fieldcraft.agent.telemetry.measures import Measures
from fieldcraft.agent.telemetry.otlp import Exporter, Taken
from fieldcraft.agent.telemetry.records import Identity
from fieldcraft.agent.telemetry.sending import Pace, Sender
from fieldcraft.agent.telemetry.sent import Sent, Sitting, read_sent, write_sent
from fieldcraft.agent.telemetry.spans import Spans

EARLIER_SEGMENTS = 3
"""The most segments before the last that are read for spans which a killed process did not send."""


class Telemetry:
    """A listener that sends a run's spans and figures. Events that it had before, it passes over.

    What the journal holds when the run is opened is read from there: a killed process may not have sent it.
    What was recorded while the run went on untraced is not sent.

    Attributes:
        identity: what the ids of the run's spans are made of.
    """

    def __init__(self, run: Run, destination: Destination, exporter: Exporter, pace: Pace) -> None:
        kept = read_sent(run.folder)
        self.identity = Identity(run.id, kept.began) if kept else identity_of(run.folder)
        self._folder = run.folder
        self._lock = RLock()
        self._closed = False
        before = _latest(run.folder, kept)
        sent = before[-1].number if len(before) > 1 else 0
        self._sent = kept or Sent(run=run.id, began=self.identity.began, sent=sent)
        self._spans = Spans(self.identity, content=destination.content)
        self._measures = Measures(self._sent.totals, self._sent.series, self._sent.counted)
        self._sender = Sender(exporter, self, pace, destination.shown)
        self._catch_up(before, known=kept is not None)

    def __call__(self, event: e.Event) -> None:
        """Take the run's next event."""
        with self._lock:
            if event.number <= self._spans.last:
                return
            ended = self._spans.take(event)
            self._measures.take(event)
            if ended:
                self._sender.put(event.number, ended)
            if self._follow_sitting(event):
                self._write()

    def close(self) -> None:
        """Send what is left; a collector that does not answer is left alone after some seconds."""
        self._sender.close()
        self._write()
        with self._lock:
            self._closed = True

    def leaving(self, number: int) -> None:
        """See `Ledger`."""
        self._sent.sending = number
        self._write()

    def arrived(self, number: int) -> None:
        """See `Ledger`."""
        self._sent.sent = self._sent.sending = number
        self._write()

    def kept_back(self) -> None:
        """See `Ledger`."""
        self._sent.sending = self._sent.sent
        self._write()

    def send_figures(self, exporter: Exporter) -> Taken:
        """See `Ledger`."""
        with self._lock:
            measures = self._measures.copy()
        return exporter.send_figures(measures, self.identity, time.time())

    def _catch_up(self, before: list[e.Event], *, known: bool) -> None:
        """Take what the journal holds, and send of it what the process that traced it did not.

        Args:
            before: the events, oldest first.
            known: whether it is known what was sent; else the run is traced from here on.
        """
        sent, sitting = max(self._sent.sent, self._sent.sending), self._sent.sitting
        if sitting is not None and sitting.number < before[0].number:
            self._spans.go_on_from(sitting.number, sitting.begin)
        traced, root = True, self.identity.root
        for event in before:
            ended = self._spans.take(event)
            self._measures.take(event, totals_only=not known and len(before) > 1)
            if isinstance(event, e.RunResumed) and event.number > sent:
                traced = sitting is not None and event.number == sitting.number
            self._follow_sitting(event)
            if ended and traced and event.number > sent:
                self._sender.put(event.number, ended)
            elif not known and (first := [span for span in ended if span.id == root]):
                self._sender.put(event.number, first)
                known = True
        if not (known or self._spans.is_open(root)):
            self._sender.put(self._spans.last, [self._spans.root_until_now()])
        self._write()

    def _follow_sitting(self, event: e.Event) -> bool:
        """Note where the run's own span began, or that it ended; returns whether one began."""
        if isinstance(event, e.RunPaused | e.RunFinished):
            self._sent.sitting = None
        opened = isinstance(event, e.RunStarted | e.RunResumed)
        if opened:
            self._sent.sitting = Sitting(number=event.number, begin=event.time)
        return opened

    def _write(self) -> None:
        """Write how far the collector has the run, as long as the run is open here."""
        with self._lock:
            if self._closed:
                return
            self._sent.counted = self._measures.counted
            self._sent.totals, self._sent.series = self._measures.totals, self._measures.series
            write_sent(self._folder, self._sent)


class Tracing:
    """The collector of the runs that are opened, checked before any is.

    Raises:
        BadTelemetry: a variable of OpenTelemetry has a value that cannot be used.
    """

    def __init__(self, destination: Destination, pace: Pace | None = None) -> None:
        self._destination, self._pace = destination, pace or Pace.of()
        self._exporter = Exporter(destination)

    def follow(self, run: Run, stack: ExitStack) -> Telemetry:
        """Send the spans of an open run until the stack is left, which sends what is left."""
        telemetry = Telemetry(run, self._destination, self._exporter, self._pace)
        stack.callback(telemetry.close)
        return telemetry


def identity_of(folder: Path) -> Identity:
    """What the ids of a run's spans are made of."""
    return Identity(folder.name, begun_at(folder) or 0.0)


def _latest(folder: Path, sent: Sent | None) -> list[e.Event]:
    """The events of the last segment, and of earlier ones where they hold what was not sent."""
    segments = Journal(folder).segments()
    taken: deque[e.Event] = deque()
    for path in reversed(segments[-1 - EARLIER_SEGMENTS :]):
        try:
            taken.extendleft(reversed(list(read_segment(path, torn_ok=path == segments[-1]))))
        except JournalError:  # a resume reads the last segment only, and goes on where others are damaged
            if not taken:
                raise
            break
        if sent is None or (taken and taken[0].number <= sent.sent + 1):
            break
    return list(taken)
