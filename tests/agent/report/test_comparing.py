"""`runs compare` gives the figures of both runs as data too."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from long_life import long_life

from fieldcraft.agent.journal.events import Event, ModelAnswered
from fieldcraft.agent.journal.store import Journal
from fieldcraft.cli.main import main


def kept(folder: Path, events: Iterable[Event]) -> None:
    folder.mkdir(parents=True)
    journal = Journal(folder)
    journal.open(1)
    for event in events:
        journal.append(event, sync=False)
    journal.close()


def test_the_figures_of_both_runs_are_printed_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = ModelAnswered(role="actor", call=3, text="", model="m", refusal="I will not.", waited=9.0)
    cut = ModelAnswered(role="actor", call=4, text="So", model="m", truncated=True, cached_tokens=7)
    kept(tmp_path / "runs" / "plain", long_life(2))
    kept(tmp_path / "runs" / "eventful", [*long_life(2), refused, cut])

    assert main(["runs", "compare", "plain", "eventful", "--out", "both.html", "--json"]) == 0

    plain, eventful = json.loads(capsys.readouterr().out)["runs"]
    names = ("refused_answers", "cut_answers", "cached_tokens", "waited")
    assert [plain[name] for name in names] == [0, 0, 0, 0]
    assert [eventful[name] for name in names] == [1, 1, 7, 9]
    assert "answers cut at a limit" in (tmp_path / "both.html").read_text()
