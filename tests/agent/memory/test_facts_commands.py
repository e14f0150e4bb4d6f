"""`fieldcraft facts ...` on a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fact_world import NEW, OLD, lived

from fieldcraft.cli.main import main


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lived(tmp_path_factory.mktemp("runs")).parent


def printed(capsys: pytest.CaptureFixture[str], runs: Path, *arguments: str) -> str:
    assert main(["facts", *arguments, "--runs", str(runs)]) == 0
    return capsys.readouterr().out


def test_list_shows_facts_and_with_all_the_corrected_ones(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    listed = printed(capsys, runs, "list", "whole", "--kind", "recipe")
    assert NEW in listed
    assert OLD not in listed
    every = printed(capsys, runs, "list", "whole", "--all")
    assert f"{OLD} wrong since iteration 4: {NEW}" in " ".join(every.split())


def test_show_is_about_one_thing(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = json.loads(printed(capsys, runs, "show", "lamp", "--json"))
    assert {fact["text"] for fact in shown if fact["kind"] == "recipe"} == {OLD, NEW}
    assert all(fact["iteration"] for fact in shown)


def test_show_names_what_is_near(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["facts", "show", "lampe", "--runs", str(runs)]) == 2
    assert "did you mean 'lamp'" in capsys.readouterr().err


def test_search_answers_a_question(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, runs, "search", "what does a lamp take?", "--json"))
    assert found[0]["text"] == NEW
