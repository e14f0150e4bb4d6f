"""A run whose provider rations calls, driven from the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest


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
def server() -> Iterator[str]:
    rationing = ThreadingHTTPServer(("127.0.0.1", 0), Rationing)
    threading.Thread(target=rationing.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{rationing.server_port}"
    rationing.shutdown()
    rationing.server_close()


def explore(folder: Path, base_url: str) -> subprocess.Popen[str]:
    command = [
        "explore",
        "--plain",
        "--model",
        "openai:m",
        "--iterations",
        "2",
        "--name",
        "rationed",
        "--base-url",
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "fieldcraft", *command, "--base-url", base_url],
        cwd=folder,
        env={**os.environ, "OPENAI_API_KEY": "sk-loopback-0123456789"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def events(folder: Path) -> list[dict[str, Any]]:
    written = [line for path in sorted(folder.glob("runs/rationed/journal*")) for line in path.open()]
    return [json.loads(line) for line in written if line.endswith("\n")]


def test_ctrl_c_ends_a_wait_of_a_run_which_shows_when_it_goes_on(tmp_path: Path, server: str) -> None:
    run = explore(tmp_path, f"{server}/600/v1")
    deadline = time.monotonic() + 90
    while not any(event["type"] == "model_waited" for event in events(tmp_path)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    shown, _ = run.communicate(timeout=60)

    assert run.returncode == 130
    assert "rate limit of openai:m: the curriculum goes on at" in shown
    assert "in 10 min" in shown
    assert events(tmp_path)[-1] | {"number": 0, "time": 0} == {
        "type": "run_paused",
        "reason": "stopped by Ctrl-C",
        "number": 0,
        "time": 0,
    }


def test_a_rate_limit_over_the_limit_pauses_the_run_at_its_first_call(tmp_path: Path, server: str) -> None:
    run = explore(tmp_path, f"{server}/7200/v1")
    shown, _ = run.communicate(timeout=120)

    found = events(tmp_path)
    assert [event["type"] for event in found].count("model_failed") == 1
    assert found[-1]["type"] == "run_paused"
    assert "wait of 2 h" in found[-1]["reason"]
    assert "model_options.rate_limit_seconds" in found[-1]["reason"]
    assert run.returncode == 1
    assert "explore --resume rationed" in shown
