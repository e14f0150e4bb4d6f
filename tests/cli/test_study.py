"""Studies by the front door: run, stopped, killed, gone on with, and with wrong flags."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_workshop import ANSWERS, Workshop, code
from machine import PATIENCE, eventually

from fieldcraft.cli.errors import UsageProblem
from fieldcraft.cli.options.study_flags import read_seeds

STUDY = ("study", "items", "--plain", "--name", "mine", "--iterations", "3", "--no-figures")
SLOW = ("--option", "slow=0.4")


def results(workshop: Workshop) -> list[Path]:
    return sorted((workshop.folder / "studies" / "runs").glob("*/result.json"))


def wait_for(condition: Callable[[], Any]) -> None:
    assert eventually(condition)


def test_lives_are_lived_in_parallel_and_told(workshop: Workshop) -> None:
    ended = workshop.run(*STUDY, "--methods", "full,react", "--seeds", "2", "--jobs", "2", "--json")
    assert ended.code == 0, ended.err
    assert ended.data["outcomes"] == {"done": 4}
    lives = {(trial["trial"]["method"], trial["trial"]["seed"]) for trial in ended.data["trials"]}
    assert lives == {("full", 1), ("full", 2), ("react", 1), ("react", 2)}
    assert [row[1] for row in ended.data["tables"][0]["rows"]] == ["full", "react"]
    assert "✓ [4/4]" in ended.err
    page = (workshop.folder / "studies" / "mine" / "table.md").read_text()
    assert "### Distinct items in 3 iterations" in page
    name = ended.data["trials"][0]["name"]
    assert workshop.run("runs", "show", name, "--runs", "studies/runs", "--json").data["iterations"] == 3


def test_a_study_that_is_done_is_told_again_without_a_life(workshop: Workshop) -> None:
    first = workshop.run(*STUDY, "--methods", "full", "--seeds", "1", "--json").data
    began = [path.stat().st_mtime_ns for path in results(workshop)]
    again = workshop.run("study", "techtree", *STUDY[2:4], "other", *STUDY[5:], "--methods", "full",
                         "--seeds", "1", "--json")  # fmt: skip
    assert again.code == 0 and again.data["spent"] == first["spent"]
    assert "1 of them already done" in again.err
    assert [path.stat().st_mtime_ns for path in results(workshop)] == began


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_study_stopped_half_way_goes_on(workshop: Workshop, number: signal.Signals) -> None:
    command = (*STUDY, *SLOW, "--methods", "full", "--seeds", "3", "--jobs", "2")
    process = workshop.start(*command)
    wait_for(lambda: results(workshop))
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == (130 if number == signal.SIGINT else -9), err
    if number == signal.SIGINT:
        assert "the same command resumes" in out and "Traceback" not in err
    done = {path: path.read_text() for path in results(workshop)}
    assert 0 < len(done) < 3
    wait_for(lambda: not workers_of(workshop))
    ended = workshop.run(*command, "--json")
    assert ended.code == 0, ended.err
    assert ended.data["outcomes"] == {"done": 3}
    assert {path: path.read_text() for path in done} == done
    assert [trial["measured"]["spent"]["iterations"] for trial in ended.data["trials"]] == [3, 3, 3]


def workers_of(workshop: Workshop) -> list[int]:
    """Processes that still live trials in the workshop's folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes()
            if b"fieldcraft.study.worker" in words and (place / "cwd").resolve() == workshop.folder:
                found.append(int(place.name))
        except OSError:
            continue
    return found


def test_a_life_that_fails_is_named_and_the_rest_goes_on(workshop: Workshop, write_script: Any) -> None:
    """Without the critic's answers reflexion's model falls silent; the others need none."""
    command = (*STUDY, "--methods", "full,reflexion,react", "--seeds", "1", "--jobs", "1")
    ended = workshop.run(*command)
    assert ended.code == 1
    assert "reflexion, default, seed 1  failed: " in ended.out and "model calls in a row failed" in ended.out
    assert "✓ [2/3] react, default, seed 1" in ended.out
    (workshop.folder / "answers.json").write_text(json.dumps({**ANSWERS, "critic": [{"success": True}] * 9}))
    assert workshop.run(*command, "--json").data["outcomes"] == {"done": 3}


def test_a_worker_that_dies_costs_one_life(workshop: Workshop) -> None:
    process = workshop.start(*STUDY, *SLOW, "--methods", "full", "--seeds", "2", "--jobs", "1")
    wait_for(lambda: workers_of(workshop) and list(workshop.folder.glob("studies/runs/*/journal-*")))
    os.kill(workers_of(workshop)[0], signal.SIGKILL)
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "its process ended with code -9" in out and "✓ [1/2] full, default, seed 2" in out


def test_a_budget_stops_the_whole_study_and_more_goes_on(workshop: Workshop) -> None:
    command = (*STUDY, "--methods", "full", "--seeds", "3", "--json")
    part = workshop.run(*command, "--tokens", "3000")
    assert part.code == 1
    assert "budget of 3,000 tokens used up" in part.data["stopped"]
    assert 3000 <= part.data["spent"]["input_tokens"] + part.data["spent"]["output_tokens"] < 6000
    none = workshop.run(*command, "--tokens", "3000")
    assert none.code == 1 and "budget of 3,000 tokens used up already, with " in none.err
    assert workshop.run(*command).data["outcomes"] == {"done": 3}


def test_a_new_world_with_the_library_and_without(workshop: Workshop) -> None:
    programs = [code(f"def get_{n}(bot, count=4):\n    [bot.chop() for _ in range(9)]\n    print({n})")
                for n in range(9)]  # fmt: skip
    goal = {"kind": "item", "item": "wood", "count": 4}
    steps = {"steps": [{"task": "Chop 4 wood", "goal": goal}], "task": "Chop 4 wood", "goal": goal}
    (workshop.folder / "answers.json").write_text(
        json.dumps({**ANSWERS, "actor": programs, "curriculum": [steps] * 40})
    )
    limits = ("--iterations", "1", "--goal-iterations", "2")
    ended = workshop.run(
        "study", "newworld", "--no-figures", "--seeds", "1", "--goals", "wood", *limits, "--json"
    )
    assert ended.code == 0, ended.err
    assert ended.data["tables"][0]["rows"] == [
        ["default", "full", "wood", "done before", "1, 1/1", "1, 1/1", "1.00"]
    ]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--methods", "full,reakt"), "no method 'reakt'; did you mean 'react'?"),
        (("--methods", ","), "--methods names nothing"),
        (("--seeds", "x"), "--seeds 'x': 'x' is not a number; write how many (5), or which (1,4,9 or 11-15)"),
        (("--seeds", "0"), "--seeds '0' names no seed"),
        (("--seeds", "1-100000"), "more than 1000 seeds"),
        (("--seeds", "-3"), "is not a number"),
        (("--iterations", "0"), "--iterations 0 leaves nothing to run"),
        (("--money", "0"), "--money 0 leaves nothing to run"),
        (("--tokens", "-1"), "--tokens: must be 0 or more"),
        (("--money", "1", "--model", "openai:nobody-knows"), "the price of openai:nobody-knows is unknown"),
        (("--minutes", "0"), "--minutes 0 leaves nothing to run"),
        (("--jobs", "0"), "Invalid value for '--jobs'"),
        (("--goals", "wood"), "--goals has no effect on `study items`"),
        (("--only-scrambled",), "--only-scrambled needs a --scramble SEED"),
        (("--scramble", "3"), "only the rules of the grid world can be scrambled"),
        (("--model", "nobody:x"), "nobody"),
        (("--option", "fast=1"), "fast"),
    ],
)
def test_wrong_flags_are_one_line_and_nothing_is_begun(
    workshop: Workshop, flags: tuple[str, ...], words: str
) -> None:
    ended = workshop.run(*STUDY, *flags)
    assert ended.code == 2
    assert words in " ".join(ended.err.split())
    assert not results(workshop) and not (workshop.folder / "studies" / "runs").exists()


def test_no_such_study(workshop: Workshop) -> None:
    ended = workshop.run("study", "speed")
    assert ended.code == 2 and "'speed' is not one of 'items', 'techtree', 'newworld'" in " ".join(
        ended.err.split()
    )


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("3", (1, 2, 3)), ("3,", (3,)), ("1,4, 9", (1, 4, 9)), ("11-13,2,12", (11, 12, 13, 2))],
)
def test_seeds_are_how_many_or_which(text: str, seeds: tuple[int, ...]) -> None:
    assert read_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "a-b", "3-", "1.5", "1,x"])
def test_seeds_that_are_no_numbers(text: str) -> None:
    with pytest.raises(UsageProblem):
        read_seeds(text)
