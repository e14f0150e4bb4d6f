"""A traced run that is killed again and again: no span arrives twice, and what arrived adds up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from machine import PATIENCE, eventually
from otlp_receiver import Collector

from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.telemetry.destination import destination_of
from fieldcraft.agent.telemetry.exporting import export_into, export_to

ITERATIONS, KILLS = 6, 3


def explore(folder: Path, collector: Collector, *flags: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "fieldcraft", "explore", "--plain", "--iterations", str(ITERATIONS)]
    return subprocess.Popen(
        [*command, "--otel", collector.url, *flags],
        cwd=folder,
        env={**os.environ, "OTEL_BSP_SCHEDULE_DELAY": "20"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def events(folder: Path) -> list[dict[str, object]]:
    text = "".join(path.read_text() for path in sorted(folder.glob("runs/one/journal-*.jsonl")))
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


@pytest.mark.slow
def test_a_run_that_is_killed_doubles_no_span_and_loses_none(tmp_path: Path, receiver: Collector) -> None:
    for kill in range(KILLS):
        process = explore(tmp_path, receiver, *(("--resume", "one") if kill else ("--name", "one")))
        target = len(events(tmp_path)) + 11
        assert eventually(lambda: len(events(tmp_path)) >= target or process.poll() is not None)  # noqa: B023
        process.kill()
        process.communicate(timeout=PATIENCE)
    last = explore(tmp_path, receiver, "--resume", "one")
    _, errors = last.communicate(timeout=PATIENCE)
    assert last.returncode == 0, errors

    ids = [span.id.hex() for span in receiver.spans]
    assert len(ids) == len(set(ids))
    lines: list[str] = []
    export_into(tmp_path / "runs" / "one", lines.append)
    all_of_it = [span for line in lines for span in spans_of(line)]
    missing = {span["spanId"] for span in all_of_it} - set(ids)
    assert set(ids) <= {span["spanId"] for span in all_of_it}
    assert len(missing) <= KILLS * 3, "each kill may lose what was on its way, and no more"
    spent = Journal(tmp_path / "runs" / "one").read()
    tokens = sum(getattr(event, "input_tokens", 0) for event in spent)
    assert receiver.total("fieldcraft.tokens", gen_ai__token__type="input") == tokens > 0


def test_an_export_is_what_the_run_itself_sent(tmp_path: Path, receiver: Collector) -> None:
    process = explore(tmp_path, receiver, "--name", "one", "--iterations", "2")
    process.communicate(timeout=PATIENCE)
    live = sorted(receiver.spans, key=lambda span: span.id)
    receiver.spans.clear()
    destination = destination_of(receiver.url)
    assert destination is not None
    done = export_to(tmp_path / "runs" / "one", destination)
    assert sorted(receiver.spans, key=lambda span: span.id) == live
    assert done.spans == len(live) > 10


def spans_of(line: str) -> list[dict[str, str]]:
    found = json.loads(line).get("resourceSpans", [])
    return [span for each in found for span in each["scopeSpans"][0]["spans"]]
