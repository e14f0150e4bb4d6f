"""`runs fork` and `runs diff` from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cli_workshop import Workshop


@pytest.fixture
def lived(workshop: Workshop) -> Workshop:
    """A run with two tasks: one of a single iteration, and one of two."""
    assert workshop.explore("--iterations", "3").code == 0
    return workshop


def test_a_fork_is_made_named_and_gone_on_with(lived: Workshop) -> None:
    made = lived.run("runs", "fork", "first", "--at", "1", "--name", "second")
    assert (made.code, made.err) == (0, "")
    assert "second shares" in made.out
    assert "1 iteration with first; 1 skill in runs/second/library" in made.out
    assert "explore --resume second" in made.out
    listed = {run["run"]: run for run in lived.run("runs", "list", "--json").data}
    assert listed["second"]["stands"] == "paused: forked from first"
    resumed = lived.run("explore", "--plain", "--resume", "second")
    assert (resumed.code, resumed.err) == (0, "")
    equal = lived.run("runs", "diff", "first", "second", "--json").data
    assert equal["equal"]
    assert (equal["parting"], equal["runs"]) == (None, ["first", "second"])


def test_the_latest_run_is_the_fork_that_was_made_last(lived: Workshop) -> None:
    lived.run("runs", "fork", "first", "--at", "1", "--name", "a-fork")
    assert lived.run("runs", "show", "latest", "--json").data["run"] == "a-fork"


def test_a_moment_within_a_task_is_said(lived: Workshop) -> None:
    made = lived.run("runs", "fork", "first", "--at", "2", "--json").data
    assert made["iterations"] == 1
    assert made["run"] == "first-at-1"
    assert made["remark"].startswith("iteration 2 lies within task 2")


def test_runs_that_part_are_told_apart(lived: Workshop) -> None:
    other = json.loads(Path("answers.json").read_text())
    other["actor"] = [other["actor"][0], *reversed(other["actor"][1:3])]
    Path("others.json").write_text(json.dumps(other))
    made = lived.run(
        "runs", "fork", "first", "--at", "1", "--name", "second", "--model", "scripted:others.json"
    )
    assert made.code == 0
    resumed = lived.run("explore", "--plain", "--resume", "second")
    said = [event["text"] for event in lived.journal("second") if event["type"] == "warned"]
    assert any("from here on scripted:others.json answers for every role" in text for text in said)
    assert resumed.code == 0, resumed.err
    found = lived.run("runs", "diff", "first", "second", "--json").data
    assert found["parting"]["types"] == ["model_answered", "model_answered"]
    assert "model" in found["parting"]["fields"]
    assert found["parting"]["iteration"] == 1
    assert found["after"][0]["done"] == ["Saw 4 planks"]
    shown = lived.run("runs", "diff", "first", "second")
    assert "part after iteration 1" in shown.out
    assert "they differ in" in shown.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("first", "--at", "99"), 2, "run 'first' has 3 iterations, and no iteration 99"),
        (("first", "--at", "noon"), 2, "'noon' is no moment of a run"),
        (("second", "--at", "1"), 2, "no run 'second' in runs"),
        (("first", "--at", "1", "--name", "../out"), 2, "'../out' is no name for a run"),
        (("first", "--at", "1", "--model", "nope"), 2, "no model provider 'nope'"),
        (("first", "--at", "1", "--model", "scripted:nowhere.json"), 2, "nowhere.json cannot be read"),
        (("first", "--at", "1", "--name", "first"), 1, "a run 'first' exists; choose another --name"),
    ],
)
def test_what_cannot_be_forked_is_said_in_one_line(
    arguments: tuple[str, ...], code: int, said: str, lived: Workshop
) -> None:
    refused = lived.run("runs", "fork", *arguments)
    assert refused.code == code
    assert said in refused.err
    assert len(refused.err.splitlines()) == 1
    assert [path.name for path in Path("runs").iterdir()] == ["first"]


def test_a_foreign_run_that_reaches_far_is_forked_only_where_it_is_trusted(lived: Workshop) -> None:
    shutil.copytree("runs/first", "runs/copied")
    Path("fieldcraft.toml").rename("aside.toml")
    refused = lived.run("runs", "fork", "copied", "--at", "1")
    assert refused.code == 1
    assert "has no mark of being made by you here" in refused.err
    assert "--trust-run" in refused.err
    trusted = lived.run("runs", "fork", "copied", "--at", "1", "--trust-run")
    assert (trusted.code, trusted.err) == (0, "")


def test_runs_of_other_seeds_are_told_apart_by_them(lived: Workshop) -> None:
    assert lived.run("explore", "--plain", "--name", "second", "--seed", "99", "--iterations", "1").code == 0
    shown = lived.run("runs", "diff", "first", "second")
    assert "their settings differ:" in shown.out
    assert ", second 99" in shown.out
    assert lived.run("runs", "diff", "first", "second", "--json").data["settings"]["seed"][1] == "99"
