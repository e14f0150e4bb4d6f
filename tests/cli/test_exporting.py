"""`--otel` and `runs export` at the command line, and when `runs list` says that a run began."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest
from cli_workshop import Workshop

from fieldcraft.cli.options.optional_value import completed

OLD = Path(__file__).parent.parent / "fixtures" / "v0_1_0" / "grid"


@pytest.fixture
def old(workshop: Workshop) -> Workshop:
    """Runs of an earlier version."""
    for name in ("paused", "segments-rotated", "torn-line", "in-a-model-call"):
        shutil.copytree(OLD / name / "runs" / "life", workshop.folder / "runs" / name)
    return workshop


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("--otel", "--otel=true"),
        ("--otel --plain", "--otel=true --plain"),
        ("--otel http://x --plain", "--otel http://x --plain"),
        ("--otel=http://x", "--otel=http://x"),
        ("-- --otel", "-- --otel"),
    ],
)
def test_otel_may_stand_alone(given: str, meant: str) -> None:
    assert completed(given.split()) == meant.split()


def test_a_url_that_is_none_leaves_no_run(workshop: Workshop) -> None:
    ended = workshop.explore("--otel", "there")
    assert ended.code == 2
    assert ended.err == "error: 'there' is no collector's URL; write it as http://localhost:4318\n"
    assert not (workshop.folder / "runs").exists()


def test_a_resume_takes_the_flag_too(workshop: Workshop) -> None:
    assert workshop.explore("--iterations", "1", "--name", "first").code == 0
    ended = workshop.explore("--resume", "first", "--iterations", "2", "--otel", "http://127.0.0.1:9")
    assert ended.code == 0, ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("run", ["paused", "segments-rotated", "torn-line", "in-a-model-call"])
def test_an_old_run_is_exported_to_a_file(old: Workshop, run: str) -> None:
    out = old.folder / "spans.jsonl"
    ended = old.run("runs", "export", run, "--out", str(out), "--json")
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    spans = [span for line in lines[:-1] for span in line["resourceSpans"][0]["scopeSpans"][0]["spans"]]
    assert len({span["spanId"] for span in spans}) == len(spans) == ended.data["spans"]
    assert all(len(span["spanId"]) == 16 and len(span["traceId"]) == 32 for span in spans)
    asked = sum(event["type"] == "model_asked" for event in old.journal(run))
    assert sum(span["name"].startswith("chat ") for span in spans) == asked
    assert "resourceMetrics" in lines[-1]
    used = sum(event.get("input_tokens", 0) for event in old.journal(run))
    assert ended.data["totals"]["input_tokens"] == used


def test_an_export_is_the_same_each_time(old: Workshop) -> None:
    texts = []
    for _ in range(2):
        old.run("runs", "export", "paused", "--out", "spans.jsonl")
        texts.append((old.folder / "spans.jsonl").read_text())
    assert texts[0] == texts[1]
    assert sorted(path.name for path in old.folder.iterdir() if "part" in path.name) == []


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((), "where to? --otel URL names an OpenTelemetry collector, --out FILE a file"),
        (("--otel", "--out", "x"), "give one of the two"),
        (("--out", "no/such/folder"), "cannot be written (No such file or directory)"),
        (("--otel", "http://127.0.0.1:1"), "takes no spans (the connection was refused) after 0 of them"),
    ],
)
def test_what_cannot_be_exported_is_said_in_one_line(
    old: Workshop, flags: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    ended = old.run("runs", "export", "paused", *flags)
    assert ended.code in {1, 2} and words in ended.err and len(ended.err.splitlines()) == 1


def test_the_list_says_when_a_run_began_not_its_latest_segment(old: Workshop) -> None:
    (found,) = (run for run in old.run("runs", "list", "--json").data if run["run"] == "segments-rotated")
    first = old.journal("segments-rotated")[0]
    assert found["begun"] == first["time"]
    shown = time.strftime("%Y-%m-%d %H:%M", time.localtime(first["time"]))
    assert shown in old.run("runs", "list").out
