"""A run whose provider rations calls, driven from the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cli_workshop import Workshop
from machine import PATIENCE

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.cli.views.lines import lines


class Rationing(BaseHTTPRequestHandler):
    """Answers every call with a rate limit of as many seconds as its path says."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"error": {"message": "slow down"}}).encode()
        self.send_response(429)
        self.send_header("Retry-After", self.path.split("/")[1])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on the test's standard error."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-loopback-0123456789")
    rationing = ThreadingHTTPServer(("127.0.0.1", 0), Rationing)
    threading.Thread(target=rationing.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{rationing.server_port}"
    rationing.shutdown()
    rationing.server_close()


def explore(workshop: Workshop, base_url: str) -> subprocess.Popen[str]:
    return workshop.start(
        *("explore", "--plain", "--name", "first", "--model", "openai:m", "--base-url", base_url)
    )


def test_ctrl_c_ends_a_wait_of_a_run_which_shows_when_it_goes_on(workshop: Workshop, server: str) -> None:
    run = explore(workshop, f"{server}/600/v1")
    workshop.wait_for("model_waited")
    run.send_signal(signal.SIGINT)
    shown, _ = run.communicate(timeout=60)

    assert run.returncode == 130
    assert "rate limit of openai:m: the curriculum goes on at" in shown
    assert "in 10 min" in shown
    assert "of waiting for rate limits" in shown
    last = workshop.journal()[-1]
    assert (last["type"], last["reason"]) == ("run_paused", "stopped by Ctrl-C")


def test_a_rate_limit_over_the_limit_pauses_the_run_at_its_first_call(
    workshop: Workshop, server: str
) -> None:
    run = explore(workshop, f"{server}/7200/v1")
    shown, _ = run.communicate(timeout=120)

    found = workshop.journal()
    assert [event["type"] for event in found].count("model_failed") == 1
    assert found[-1]["type"] == "run_paused"
    assert "wait of 2 h" in found[-1]["reason"]
    assert "model_options.rate_limit_seconds" in found[-1]["reason"]
    assert run.returncode == 1
    assert "explore --resume first" in shown


def test_a_run_without_iterations_says_whole_why_it_stopped_and_resumes(
    workshop: Workshop, server: str
) -> None:
    run = explore(workshop, f"{server}/7200/v1")
    ended, _ = run.communicate(timeout=120)
    shown = workshop.run("runs", "show", "first").out
    resumed = workshop.run("explore", "--plain", "--resume", "first").out

    for text in (ended, shown):
        panel = " ".join(line.strip("│ ") for line in text.splitlines() if line.startswith("│"))
        assert "at most 1 h (3,600 s) are waited in all (model_options.rate_limit_seconds)" in panel
        assert "it said: rate limit (HTTP 429)" in panel
    assert "run first resumed" in resumed


def test_every_wait_has_a_line_and_nothing_is_said_twice(
    workshop: Workshop, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELDCRAFT_MODEL_OPTIONS__RATE_LIMIT_SECONDS", "5")
    run = explore(workshop, f"{server}/2/v1")
    shown, complaints = run.communicate(timeout=120)

    waits = [line for line in shown.splitlines() if "rate limit of openai:m: the curriculum" in line]
    assert len(waits) == 2
    assert "of waiting" not in waits[0] and "in 2.0 s, after 2." in waits[1]
    assert [event["waited"] >= 2 for event in workshop.journal() if event["type"] == "model_waited"] == [
        False,
        True,
    ]
    assert "rate limit" not in complaints


def test_a_check_shows_every_wait(workshop: Workshop, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIELDCRAFT_MODEL_OPTIONS__RATE_LIMIT_SECONDS", "5")
    ended = workshop.run("models", "check", "openai:m", "--base-url", f"{server}/2/v1")

    assert ended.err.count("rate limit of openai:m: the answerer goes on at") == 2
    assert "fieldcraft.recorded" not in ended.err


def test_long_waits_have_a_line_each_and_short_ones_one_a_minute() -> None:
    def shown(seconds: float, waited: float) -> int:
        event = e.ModelWaited(role="actor", model="m", seconds=seconds, waited=waited)
        return len(list(lines(event, Overview())))

    assert sum(shown(5, waited) for waited in range(0, 600, 5)) == 4 + 10
    assert sum(shown(120, waited) for waited in range(0, 600, 120)) == 5


def test_a_wait_that_is_over_is_not_shown_as_going_on() -> None:
    view = Overview()
    view.take(e.ModelWaited(number=1, time=1000.0, role="actor", model="m", seconds=5))

    assert "waiting out a rate limit of m until" in view.activity(1004)
    assert view.activity(1006) == "asking the model again after its rate limit"


def test_a_person_stops_a_run_in_the_middle_of_a_wait(workshop: Workshop, server: str) -> None:
    run = explore(workshop, f"{server}/600/v1")
    workshop.wait_for("model_waited")

    assert workshop.run("runs", "stop", "first").code == 0

    shown, _ = run.communicate(timeout=PATIENCE)
    assert run.returncode == 130
    assert "paused: stopped by " in shown
