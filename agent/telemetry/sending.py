"""The thread that sends spans: a bounded queue, and no cost for the run where a collector takes none."""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Protocol

from fieldcraft.agent.telemetry.otlp import Exporter, Taken
from fieldcraft.agent.telemetry.records import Identity, Span
from fieldcraft.common.text import visible_line

CLOSE_SECONDS = 3.0
"""How long the end of a run waits for a collector that took the latest batch, or was not tried yet."""
GIVEN_UP_SECONDS = 0.5
"""How long it waits for one that did not."""
LONGEST_PAUSE = 60.0
"""Seconds between two tries with a collector that takes nothing."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """When and how much is sent; the variables of OpenTelemetry's batch processors change it.

    Attributes:
        delay: seconds after which a batch goes out that is not full.
        batch: spans in one batch.
        queue: the most spans that wait; of more, the oldest are dropped.
        interval: seconds between two times that the figures go out.
    """

    delay: float = 5.0
    batch: int = 512
    queue: int = 8192
    interval: float = 60.0

    @classmethod
    def of(cls, variables: Mapping[str, str] = os.environ) -> Pace:
        """As the variables have it; one that is no number counts as not set."""
        usual = cls()
        queue = _number(variables, "OTEL_BSP_MAX_QUEUE_SIZE", usual.queue, 1_000_000)
        batch = _number(variables, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", usual.batch, 10_000)
        return cls(
            delay=_number(variables, "OTEL_BSP_SCHEDULE_DELAY", usual.delay * 1000, 3.6e6) / 1000,
            batch=int(min(batch, queue)),
            queue=int(queue),
            interval=_number(variables, "OTEL_METRIC_EXPORT_INTERVAL", usual.interval * 1000, 8.64e7) / 1000,
        )


class Ledger(Protocol):
    """Keeps account of what goes out; called in the thread that sends."""

    identity: Identity

    def leaving(self, number: int) -> None:
        """The spans up to this event's are about to go out."""

    def arrived(self, number: int) -> None:
        """They are with the collector, or refused by it."""

    def kept_back(self) -> None:
        """They did not go out, and are tried again."""

    def send_figures(self, exporter: Exporter) -> Taken:
        """Send the figures as they are now."""


class Sender:
    """Sends what it is given in a thread of its own, in order.

    Attributes:
        dropped: spans that were given up, because there was no room or the collector refused them.
    """

    def __init__(self, exporter: Exporter, ledger: Ledger, pace: Pace, place: str) -> None:
        self.dropped = 0
        self._exporter, self._ledger, self._pace, self._place = exporter, ledger, pace, place
        self._waiting: deque[tuple[int, list[Span]]] = deque()
        self._count = 0
        self._changed = Condition()
        self._closing = False
        self._tries = 0
        self._warned = False
        self._thread = Thread(target=self._work, name="fieldcraft-otel", daemon=True)
        self._thread.start()

    def put(self, number: int, spans: list[Span]) -> None:
        """Have the spans sent that event `number` ended. Never waits."""
        with self._changed:
            self._waiting.append((number, spans))
            self._count += len(spans)
            while self._count > self._pace.queue and len(self._waiting) > 1:
                _, oldest = self._waiting.popleft()
                self._count -= len(oldest)
                self.dropped += len(oldest)
            if self._count >= self._pace.batch:
                self._changed.notify()

    def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(GIVEN_UP_SECONDS if self._tries else CLOSE_SECONDS)
        self._exporter.close()
        self._thread.join(GIVEN_UP_SECONDS)
        if lost := self.dropped + self._count:
            logger.info("%s spans did not reach the OpenTelemetry collector %s", f"{lost:,}", self._place)

    def _work(self) -> None:
        figures_at = time.monotonic() + self._pace.interval
        while True:
            closing = self._wait(figures_at)
            self._send_waiting(closing=closing)
            if closing or time.monotonic() >= figures_at:
                figures_at = time.monotonic() + self._pace.interval
                self._note(self._ledger.send_figures(self._exporter))
            if closing:
                return

    def _wait(self, figures_at: float) -> bool:
        """Wait for a full batch, the next time that one is due, or the end; returns whether it is the end."""
        pause = min(LONGEST_PAUSE, self._pace.delay * 2**self._tries)
        until = min(time.monotonic() + pause, figures_at) if not self._tries else time.monotonic() + pause
        with self._changed:
            while not self._closing and (left := until - time.monotonic()) > 0:
                if self._count >= self._pace.batch and not self._tries:
                    break
                self._changed.wait(left)
            return self._closing

    def _send_waiting(self, *, closing: bool) -> None:
        """Send batch after batch until the rest makes none, or, at the end, until there is no rest."""
        while batch := self._next_batch():
            number = batch[-1][0]
            self._ledger.leaving(number)
            taken = self._exporter.send_spans(
                [span for _, spans in batch for span in spans], self._ledger.identity
            )
            self._note(taken)
            if taken is Taken.NO:
                self._ledger.kept_back()
                self._put_back(batch)
                return
            if taken is Taken.NEVER:
                self.dropped += sum(len(spans) for _, spans in batch)
            self._ledger.arrived(number)
            with self._changed:
                if self._count < self._pace.batch and not (closing or self._closing):
                    return

    def _next_batch(self) -> list[tuple[int, list[Span]]]:
        batch: list[tuple[int, list[Span]]] = []
        size = 0
        with self._changed:
            while self._waiting and (not batch or size + len(self._waiting[0][1]) <= self._pace.batch):
                batch.append(self._waiting.popleft())
                size += len(batch[-1][1])
            self._count -= size
        return batch

    def _put_back(self, batch: list[tuple[int, list[Span]]]) -> None:
        with self._changed:
            self._waiting.extendleft(reversed(batch))
            self._count += sum(len(spans) for _, spans in batch)

    def _note(self, taken: Taken) -> None:
        """Warn once of a collector that takes nothing, and say it where it takes something again."""
        if taken is Taken.YES:
            if self._tries:
                logger.info("the OpenTelemetry collector %s takes spans again", self._place)
            self._tries = 0
            return
        self._tries = min(self._tries + 1, 10)
        if not self._warned:
            self._warned = True
            logger.warning(
                "the OpenTelemetry collector %s takes no spans (%s); the run goes on without, and "
                "`fieldcraft runs export` sends them later",
                self._place,
                visible_line(self._exporter.problem),
            )


def _number(variables: Mapping[str, str], name: str, usual: float, most: float) -> float:
    try:
        value = float(variables.get(name, ""))
    except ValueError:
        return usual
    return min(value, most) if value >= 1 else usual
