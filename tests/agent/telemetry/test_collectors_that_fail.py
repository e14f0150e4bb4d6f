"""A collector that is not there, refuses or comes late costs a run nothing but its spans."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from otlp_receiver import Collector, collector

from fieldcraft.agent import RunSettings, RunState, new_session
from fieldcraft.agent.telemetry.destination import destination_of
from fieldcraft.agent.telemetry.otlp import Exporter, Taken
from fieldcraft.agent.telemetry.records import Identity, Span
from fieldcraft.agent.telemetry.sending import Pace, Sender

Settings = Callable[..., RunSettings]


def lived(settings: RunSettings, runs: Path, url: str) -> RunState:
    with new_session(settings, runs=runs, name="one", otel=url) as session:
        return session.explorer.explore()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def unused_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.usefixtures("quick")
def test_a_run_goes_on_without_a_collector_and_says_so_once(
    toy_settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = lived(toy_settings(), tmp_path / "runs", f"http://127.0.0.1:{unused_port()}")
    assert state.spent.iterations == 5
    (only,) = warnings(caplog)
    assert "takes no spans (the connection was refused); the run goes on without" in only


def test_a_collector_that_takes_connections_and_never_answers_holds_up_no_run(
    toy_settings: Settings, tmp_path: Path
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        lived(toy_settings(), tmp_path / "runs", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - began < 60


@pytest.mark.usefixtures("quick")
def test_what_a_collector_was_too_busy_for_is_sent_again(
    toy_settings: Settings, tmp_path: Path, receiver: Collector
) -> None:
    receiver.answers = [503, 429]
    lived(toy_settings(), tmp_path / "runs", receiver.url)
    ids = [span.id for span in receiver.spans]
    assert len(ids) == len(set(ids)) > 20


def test_what_a_collector_refuses_is_not_sent_again(
    toy_settings: Settings,
    tmp_path: Path,
    receiver: Collector,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")  # one batch, at the end
    receiver.answers = [400, 401]
    lived(toy_settings(), tmp_path / "runs", receiver.url)
    assert not receiver.spans and receiver.requests == 2
    assert "takes no spans (HTTP 400)" in warnings(caplog)[0]


class Book:
    """Keeps account of nothing."""

    identity = Identity("one", 1.0)
    sent = 0

    def leaving(self, number: int) -> None: ...

    def arrived(self, number: int) -> None:
        self.sent = number

    def kept_back(self) -> None: ...

    def send_figures(self, exporter: Exporter) -> Taken:
        return Taken.YES


def test_the_queue_keeps_the_latest_spans_and_drops_the_oldest() -> None:
    port = unused_port()
    destination = destination_of(f"http://127.0.0.1:{port}")
    assert destination is not None
    exporter = Exporter(destination)
    sender = Sender(exporter, Book(), Pace(delay=0.05, batch=10, queue=50), "there")
    for number in range(1, 1001):
        sender.put(number, [Span(number, None, f"span {number}", 1.0, 2.0)])
    assert sender.dropped >= 940
    sender.close()
    assert sender.dropped >= 940


def test_a_batch_is_sent_without_waiting_for_the_end(receiver: Collector) -> None:
    from machine import eventually

    destination = destination_of(receiver.url)
    assert destination is not None
    book = Book()
    sender = Sender(Exporter(destination), book, Pace(delay=3600, batch=10), "there")
    for number in range(1, 26):
        sender.put(number, [Span(number, None, "a span", 1.0, 2.0)])
    assert eventually(lambda: len(receiver.spans) >= 10)
    sender.close()
    assert len(receiver.spans) == 25 and book.sent == 25


def test_two_runs_at_once_are_told_apart(toy_settings: Settings, tmp_path: Path) -> None:
    with collector() as found:
        for name in ("a", "b"):
            lived(toy_settings(library=str(tmp_path / name)), tmp_path / name, found.url)
        assert len({span.trace for span in found.spans}) == 2
