"""An OpenTelemetry collector on the loopback interface: it keeps what it is sent."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

KINDS = {"/v1/traces": ExportTraceServiceRequest, "/v1/metrics": ExportMetricsServiceRequest}


@dataclass
class Received:
    """One span as it arrived."""

    id: bytes
    parent: bytes
    trace: bytes
    name: str
    begin: int
    end: int
    attributes: dict[str, Any]
    failed: bool
    why: str
    kind: int
    marks: list[str]


@dataclass
class Collector:
    """What arrived so far, and with which status the next requests are answered (200 when none is left)."""

    url: str
    spans: list[Received] = field(default_factory=list)
    metrics: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    requests: int = 0
    lock: Lock = field(default_factory=Lock)

    def named(self, prefix: str) -> list[Received]:
        return [span for span in self.spans if span.name.startswith(prefix)]

    def latest(self, metric: str, **attributes: Any) -> Any:
        """The latest point of a metric with these attributes (`_` for `.`), or the sum of its points."""
        for data in reversed(self.metrics):
            for each in data.resource_metrics[0].scope_metrics[0].metrics:
                if each.name == metric:
                    points = getattr(each, each.WhichOneof("data")).data_points
                    wanted = {key.replace("__", "."): value for key, value in attributes.items()}
                    return [point for point in points if wanted.items() <= values(point.attributes).items()]
        return []

    def total(self, metric: str, **attributes: Any) -> float:
        points = self.latest(metric, **attributes)
        return sum(
            point.sum if hasattr(point, "bucket_counts") else point.as_int or point.as_double
            for point in points
        )


def values(pairs: Any) -> dict[str, Any]:
    """The attributes as Python values."""
    found = {}
    for pair in pairs:
        kind = pair.value.WhichOneof("value")
        value = getattr(pair.value, kind)
        found[pair.key] = [each.string_value for each in value.values] if kind == "array_value" else value
    return found


def as_data(message: Any) -> Any:
    return MessageToDict(message)


@contextmanager
def collector() -> Iterator[Collector]:
    """A collector that runs until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            with found.lock:
                found.requests += 1
                status = found.answers.pop(0) if found.answers else 200
                if status == 200:
                    found.headers.append(dict(self.headers))
                    _keep(found, self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _keep(found: Collector, path: str, body: bytes) -> None:
    message = KINDS[path]()
    message.ParseFromString(body)
    if path == "/v1/metrics":
        found.metrics.append(message)
        return
    for resource in message.resource_spans:
        for span in resource.scope_spans[0].spans:
            found.spans.append(
                Received(
                    id=span.span_id,
                    parent=span.parent_span_id,
                    trace=span.trace_id,
                    name=span.name,
                    begin=span.start_time_unix_nano,
                    end=span.end_time_unix_nano,
                    attributes=values(span.attributes),
                    failed=span.status.code == 2,
                    why=span.status.message,
                    kind=span.kind,
                    marks=[event.name for event in span.events],
                )
            )
