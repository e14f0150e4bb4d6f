"""Going on with a run under other models, or under other options of models."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from cli_workshop import Workshop
from test_rate_limits import explore, server

__all__ = ["server"]


def test_a_setting_that_stopped_a_run_is_raised_in_the_file_and_holds_from_the_resume_on(
    workshop: Workshop, server: str
) -> None:
    explore(workshop, f"{server}/7200/v1").communicate(timeout=120)
    Path("fieldcraft.toml").write_text("[model_options]\nrate_limit_seconds = 9000\n")
    run = workshop.start("explore", "--plain", "--resume", "first")
    workshop.wait_for("model_waited")
    run.send_signal(signal.SIGINT)
    shown, _ = run.communicate(timeout=60)
    assert "from here on model_options.rate_limit_seconds is 9000 (before: not set)" in shown
    assert workshop.journal()[-1]["reason"] == "stopped by Ctrl-C"


def test_a_run_goes_on_with_another_model_at_another_address(workshop: Workshop, server: str) -> None:
    explore(workshop, f"{server}/7200/v1").communicate(timeout=120)
    Path("other.json").write_text(json.dumps({"": ["GIVE UP: not today"]}))
    shown = workshop.run(
        "explore", "--plain", "--resume", "first", "--model", "scripted:other.json", "--iterations", "1"
    )
    assert "from here on scripted:other.json answers for every role (before: openai:m)" in shown.out
    settings = next(e for e in reversed(workshop.journal()) if e["type"] == "run_resumed")["settings"]
    assert settings["model"] == "scripted:other.json"


def test_a_model_of_the_file_is_not_taken_up_by_a_resume_which_says_so(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert workshop.explore("--iterations", "1").code == 0
    monkeypatch.setenv("FIELDCRAFT_MODEL", "openai:zzz")
    ended = workshop.run("explore", "--plain", "--resume", "first", "--iterations", "1")
    assert "the run keeps its own model" in ended.err
    assert "--model gives it another one" in ended.err
