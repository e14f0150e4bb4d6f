"""Encode spans and figures for OTLP, and send them over HTTP; needs the extra `otel`."""

from __future__ import annotations

import json
import logging
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from threading import get_ident
from typing import Any

import requests
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from google.protobuf.message import Message  # type: ignore[import-untyped]
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from fieldcraft.agent.journal.run import THIS_VERSION
from fieldcraft.agent.telemetry.destination import BadTelemetry, Destination
from fieldcraft.agent.telemetry.measures import BOUNDS, TOKENS, Figure, Measures, Series
from fieldcraft.agent.telemetry.records import Identity, Span, said

SCOPE = InstrumentationScope("fieldcraft", THIS_VERSION)
TIMEOUT = 10.0
"""Seconds that a collector has for one batch, unless the variables say otherwise."""
_LATEST, _MOST = 2**63 - 1, 2**62
_IDS = frozenset({"traceId", "spanId", "parentSpanId"})
_LOGGERS = (
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.exporter.otlp.proto.http.metric_exporter",
    "opentelemetry.exporter.otlp.proto.http._common",
    "opentelemetry.exporter.otlp.common.http",
    "opentelemetry.exporter.otlp.common._aggregation",
    "opentelemetry.sdk.resources",
    "opentelemetry.util.re",
    "urllib3.connectionpool",
)
"""Those who would say of each try what is said once."""


class Taken(Enum):
    """What became of a batch."""

    YES = "taken"
    NO = "not taken"
    """It did not arrive, and may be sent again."""
    NEVER = "refused"
    """The collector refused it, or it is not known whether it arrived."""


class NotAnswered(Exception):
    """A batch went out and no answer came: to send it again might double it."""


class _Watching(requests.Session):
    """Remembers how the latest request ended, reads no answer's body, and repeats none that went out."""

    def __init__(self) -> None:
        super().__init__()
        self.problem = ""
        self.again = False

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        self.problem, self.again = "no answer", False
        try:
            answer = super().request(*arguments, **{**options, "stream": True})
        except requests.ConnectTimeout:
            self.problem, self.again = "the connection timed out", True
            raise
        except requests.RequestException as error:
            self.again = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
            self.problem = _reason(error)
            if self.again:
                raise
            raise NotAnswered(self.problem) from error
        answer.close()
        self.problem = f"HTTP {answer.status_code}" if answer.status_code >= 300 else ""
        self.again = answer.status_code in {429, 502, 503, 504}
        return answer


class Exporter:
    """Sends spans and figures to a collector, in the thread that calls it.

    Attributes:
        problem: why the latest batch was not taken, for people to read.

    Raises:
        BadTelemetry: a variable of OpenTelemetry has a value that cannot be used.
    """

    def __init__(self, destination: Destination) -> None:
        self.problem = ""
        try:
            with _quiet():
                self._open(destination)
        except (ValueError, OSError) as error:
            raise BadTelemetry(f"OpenTelemetry cannot be set up: {said(error)}") from error

    def _open(self, destination: Destination) -> None:
        self._sessions = {signal: _Watching() for signal in destination.signals}
        self._spans = self._figures = None
        if "traces" in destination.signals:
            self._spans = OTLPSpanExporter(
                endpoint=destination.url("traces"), session=self._sessions["traces"]
            )
        if "metrics" in destination.signals:
            self._figures = OTLPMetricExporter(
                endpoint=destination.url("metrics"), session=self._sessions["metrics"]
            )

    def send_spans(self, spans: Sequence[Span], identity: Identity) -> Taken:
        """Send one batch of a run's spans."""
        if self._spans is None or not spans:
            return Taken.YES
        with _quiet():
            resource = resource_of(identity)
            done = self._spans.export([_readable(each, identity, resource) for each in spans])
        return self._taken(done is SpanExportResult.SUCCESS, "traces")

    def send_figures(self, measures: Measures, identity: Identity, now: float) -> Taken:
        """Send a run's figures as they are at `now`, in seconds since the epoch."""
        if self._figures is None:
            return Taken.YES
        with _quiet():
            data = metrics_of(measures, identity, resource_of(identity), now)
            done = self._figures.export(data)
        return self._taken(done is MetricExportResult.SUCCESS, "metrics")

    def close(self) -> None:
        """End what is being sent. Safe from another thread."""
        with _quiet():
            for exporter in (self._spans, self._figures):
                if exporter is not None:
                    exporter.shutdown()

    def _taken(self, success: bool, signal: str) -> Taken:
        if success:
            return Taken.YES
        session = self._sessions[signal]
        self.problem = session.problem or "it cannot be encoded"
        return Taken.NO if session.again else Taken.NEVER


def resource_of(identity: Identity) -> Resource:
    """Whose spans they are: `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` go before what is set here."""
    ours = {
        "service.name": "fieldcraft",
        "service.version": THIS_VERSION,
        "service.instance.id": identity.run,
        "fieldcraft.run": identity.run,
    }
    return Resource(ours).merge(OTELResourceDetector().detect())


def metrics_of(measures: Measures, identity: Identity, resource: Resource, now: float) -> MetricsData:
    """The figures of a run in the form of OpenTelemetry's SDK, counted since the run began."""
    by_name: dict[str, list[Figure]] = {}
    for figure in measures.figures():
        by_name.setdefault(figure.name, []).append(figure)
    spread: dict[str, list[Series]] = {}
    for series in measures.series:
        spread.setdefault(series.name, []).append(series)
    span = (_nanoseconds(identity.began), _nanoseconds(max(now, identity.began)))
    metrics = [_metric(figures, span) for figures in by_name.values()]
    metrics += [_histogram(name, each, span) for name, each in spread.items()]
    scope = ScopeMetrics(scope=SCOPE, metrics=metrics, schema_url="")
    return MetricsData([ResourceMetrics(resource=resource, scope_metrics=[scope], schema_url="")])


def as_json_lines(
    spans: Sequence[Span], identity: Identity, measures: Measures | None = None, now: float = 0.0
) -> Iterator[str]:
    """The lines of a file of OTLP in JSON: one for these spans, and one for figures where they are given."""
    resource = resource_of(identity)
    if spans:
        yield _line(encode_spans([_readable(each, identity, resource) for each in spans]))
    if measures is not None:
        yield _line(encode_metrics(metrics_of(measures, identity, resource, now)))


def _line(message: Message) -> str:
    found = MessageToDict(message, use_integers_for_enums=True)
    return json.dumps(_with_hex_ids(found), ensure_ascii=False, separators=(",", ":")) + "\n"


def _with_hex_ids(data: Any) -> Any:
    """OTLP writes ids in hexadecimal where JSON has bytes in base64."""
    if isinstance(data, list):
        return [_with_hex_ids(each) for each in data]
    if not isinstance(data, dict):
        return data
    return {
        key: b64decode(value).hex() if key in _IDS else _with_hex_ids(value) for key, value in data.items()
    }


def _readable(span: Span, identity: Identity, resource: Resource) -> ReadableSpan:
    above = None if span.parent is None else _context(identity, span.parent)
    status = Status() if span.error is None else Status(StatusCode.ERROR, span.error)
    return ReadableSpan(
        name=span.name,
        context=_context(identity, span.id),
        parent=above,
        resource=resource,
        attributes=span.attributes,
        events=[Event(each.name, each.attributes, _nanoseconds(each.time)) for each in span.marks],
        kind=SpanKind.CLIENT if span.client else SpanKind.INTERNAL,
        status=status,
        start_time=_nanoseconds(span.begin),
        end_time=_nanoseconds(span.end),
        instrumentation_scope=SCOPE,
    )


def _context(identity: Identity, span: int) -> SpanContext:
    return SpanContext(identity.trace, span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _nanoseconds(moment: float) -> int:
    return min(_LATEST, max(0, round(moment * 1e9)))


def _metric(figures: Sequence[Figure], span: tuple[int, int]) -> Metric:
    points = [
        NumberDataPoint(
            attributes=dict(each.attributes),
            start_time_unix_nano=span[0],
            time_unix_nano=span[1],
            value=min(each.value, _MOST),
        )
        for each in figures
    ]
    first = figures[0]
    data = Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True) if first.grows else Gauge(points)
    return Metric(name=first.name, description="", unit=first.unit, data=data)


def _histogram(name: str, spread: Sequence[Series], span: tuple[int, int]) -> Metric:
    points = [
        HistogramDataPoint(
            attributes=dict(each.attributes),
            start_time_unix_nano=span[0],
            time_unix_nano=span[1],
            count=min(each.count, _MOST),
            sum=each.total,
            bucket_counts=[min(count, _MOST) for count in each.buckets],
            explicit_bounds=BOUNDS[name],
            min=each.least,
            max=each.most,
        )
        for each in spread
    ]
    unit = "{token}" if name == TOKENS else "s"
    return Metric(name, "", unit, Histogram(points, AggregationTemporality.CUMULATIVE))


def _reason(error: requests.RequestException) -> str:
    text = repr(error)
    for words, reason in (
        ("NameResolutionError", "its name cannot be resolved"),
        ("NewConnectionError", "the connection was refused"),
        ("Timeout", "it did not answer in time"),
        ("SSLError", "its certificate is not accepted"),
    ):
        if words in text:
            return reason
    return said(type(error).__name__, 60)


class _Ours(logging.Filter):
    """Leaves out what is logged in this thread."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = get_ident()

    def filter(self, _record: logging.LogRecord) -> bool:
        return get_ident() != self._thread


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's own words out of the log: the run says once that a collector takes nothing."""
    ours = _Ours()
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for each in loggers:
        each.addFilter(ours)
    try:
        yield
    finally:
        for each in loggers:
            each.removeFilter(ours)
