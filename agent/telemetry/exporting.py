"""The spans and figures of a whole journal, to a collector or into a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.telemetry.destination import Destination
from fieldcraft.agent.telemetry.live import identity_of
from fieldcraft.agent.telemetry.measures import Measures, Totals
from fieldcraft.agent.telemetry.otlp import Exporter, Taken, as_json_lines
from fieldcraft.agent.telemetry.records import Identity, Span
from fieldcraft.agent.telemetry.spans import Spans
from fieldcraft.common.errors import Unavailable

BATCH = 512


class NotTaken(Unavailable, ConnectionError):
    """A collector does not take the spans of a journal."""


@dataclass(frozen=True)
class Exported:
    """What went out: how many spans, from how many events, and the figures of the run."""

    spans: int
    events: int
    totals: Totals


def export_to(folder: Path, destination: Destination) -> Exported:
    """Send the spans and the figures of a run to a collector.

    Raises:
        NotTaken: the collector does not take them; the message says how many it has.
        BadTelemetry: a variable of OpenTelemetry has a value that cannot be used.
        JournalError: the journal is damaged or of an unknown format.
    """
    exporter = Exporter(destination)
    sent = 0

    def send(identity: Identity, spans: list[Span], measures: Measures | None, now: float) -> None:
        nonlocal sent
        taken = exporter.send_spans(spans, identity)
        if taken is Taken.YES and measures is not None:
            taken = exporter.send_figures(measures, identity, now)
        if taken is not Taken.YES:
            raise NotTaken(
                f"the OpenTelemetry collector {destination.shown} takes no spans ({exporter.problem}) after "
                f"{sent:,} of them; start it, or name another with --otel URL"
            )
        sent += len(spans)

    try:
        return _export(folder, send, content=destination.content)
    finally:
        exporter.close()


def export_into(folder: Path, write: Callable[[str], object], *, content: bool = False) -> Exported:
    """Write the spans and the figures of a run as lines of OTLP in JSON, as collectors read them from a file.

    Args:
        folder: of the run.
        write: called with each line.
        content: whether answers, programs, arguments and results are written too.

    Raises:
        JournalError: the journal is damaged or of an unknown format.
    """

    def put(identity: Identity, spans: list[Span], measures: Measures | None, now: float) -> None:
        for line in as_json_lines(spans, identity, measures, now):
            write(line)

    return _export(folder, put, content=content)


_Put = Callable[[Identity, list[Span], Measures | None, float], None]


def _export(folder: Path, put: _Put, *, content: bool) -> Exported:
    identity = identity_of(folder)
    spans, measures = Spans(identity, content=content), Measures()
    count = 0
    batch: list[Span] = []
    for span in _all_spans(folder, spans, measures):
        batch.append(span)
        count += 1
        if len(batch) == BATCH:
            put(identity, batch, None, 0.0)
            batch = []
    put(identity, batch, measures, spans.time)
    return Exported(count, spans.last, measures.totals)


def _all_spans(folder: Path, spans: Spans, measures: Measures) -> Iterator[Span]:
    """The spans of a journal, those without an end last."""
    for event in Journal(folder).events():
        measures.take(event)
        yield from spans.take(event)
    yield from spans.unfinished()
