"""Benchmarks by the front door: each player, both arms of a model, stopped, killed, gone on with."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from cli_workshop import Workshop, code
from machine import PATIENCE, eventually

from fieldcraft.agent.transcript.reading import kept_calls

DIGGING, SLOW = "digging:BENCHMARK", "digging:SLOW"
ANSWERS = {
    "actor": [code("def dig_down(bot):\n    for _ in range(9):\n        bot.dig()\n")] * 9,
    "describer": ["Digs down to the gem."] * 9,
    "answerer": ["Dig."] * 9,
}


@pytest.fixture
def pit(workshop: Workshop) -> Workshop:
    """The workshop with a benchmark of its own, and a model that digs."""
    shutil.copy(Path(__file__).with_name("digging.py"), workshop.folder)
    (workshop.folder / "answers.json").write_text(json.dumps(ANSWERS))
    return workshop


def bench(pit: Workshop, name: str, *flags: str) -> Any:
    return pit.run("bench", name, "--name", "mine", "--no-figures", "--json", *flags)


def results(pit: Workshop) -> dict[str, str]:
    found = (pit.folder / "benches" / "mine" / "runs").glob("*/result.json")
    return {path.parent.name: path.read_text() for path in found}


def test_the_expert_reaches_the_full_score_and_random_play_does_not(pit: Workshop) -> None:
    expert = bench(pit, DIGGING, "--player", "expert", "--jobs", "2")
    assert expert.code == 0, expert.err
    (arm,) = expert.data["arms"]
    assert arm["score"] == {
        **{"score": 100.0, "low": 100.0, "high": 100.0, "deviation": None},
        "seeds": {"1": 100.0},
    }
    assert arm["parts"] == {"sand": 100.0, "rock": 100.0} and len(arm["episodes"]) == 8
    assert arm["episodes"][0]["end"] == {"outcome": "terminated", "why": "the gem is found"}

    random = pit.run("bench", DIGGING, "--player", "random", "--seeds", "3", "--no-figures", "--json")
    (arm,) = random.data["arms"]
    success = [episode["scores"]["success"] for episode in arm["episodes"]]
    assert len(success) == 24
    assert arm["score"]["score"] == pytest.approx(100 * sum(success) / 24) and 0 < sum(success) < 24
    assert arm["score"]["low"] < arm["score"]["score"] < arm["score"]["high"]
    assert len(arm["score"]["seeds"]) == 3 and arm["score"]["deviation"] >= 0


def test_published_figures_stand_beside_it_and_are_marked(pit: Workshop) -> None:
    ended = pit.run("bench", DIGGING, "--player", "expert", "--episodes", "2", "--name", "mine", "--plain")
    assert ended.code == 0, ended.err
    page = (pit.folder / "benches" / "mine" / "table.md").read_text()
    assert "| expert |  | measured here | 100.0 | 100.0 to 100.0 |  | 4/4 | 4 |" in page
    assert "| a mole |  | published: Mole 2020 (with claws) | 99.5 |  | ± 0.5 |" in page
    assert (
        "2 episodes of each of 2 variants, seed 1, at most 8 steps; not the benchmark's own protocol" in page
    )
    for name in ("bench.png", "bench-dark.png", "bench.svg"):
        assert name in ended.out and (pit.folder / "benches" / "mine" / name).stat().st_size
    assert "a mole (published)" in (pit.folder / "benches" / "mine" / "bench.svg").read_text()


def test_a_model_plays_with_the_library_kept_and_without(pit: Workshop) -> None:
    ended = bench(pit, DIGGING, "--episodes", "2", "--jobs", "2")
    assert ended.code == 0, ended.err
    kept, fresh = ended.data["arms"]
    assert [kept["arm"], fresh["arm"]] == ["kept", "fresh"]
    assert kept["score"]["score"] == fresh["score"]["score"] == 100.0
    assert ended.data["player"] == "scripted:answers.json"
    libraries = pit.folder / "benches" / "mine" / "libraries"
    assert {folder.name.split("-")[0] for folder in libraries.iterdir()} == {"kept", "fresh"}
    assert len(list(libraries.glob("kept-*"))) == 1 and len(list(libraries.glob("fresh-*"))) == 4
    shown = {}
    for arm in ("kept", "fresh"):
        calls = kept_calls(pit.folder / "benches" / "mine" / "runs" / f"{arm}-1-002-1-sand")
        shown[arm] = next(call.text for call in calls if call.role == "actor")
    assert "dig_down" in shown["kept"] and "Digs down to the gem." in shown["kept"]
    assert "Digs down to the gem." not in shown["fresh"]
    costs = next(table for table in ended.data["tables"] if table["title"] == "Cost of an episode")
    assert [row[:3] for row in costs["rows"]] == [["kept", "4", "1"], ["fresh", "4", "1"]]


def test_one_arm_can_be_played_alone_and_is_told_again_without_being_played(pit: Workshop) -> None:
    flags = ("--episodes", "1", "--variants", "rock", "--keep-library")
    first = bench(pit, DIGGING, *flags)
    assert [arm["arm"] for arm in first.data["arms"]] == ["kept"]
    done = results(pit)
    again = bench(pit, DIGGING, *flags)
    assert again.code == 0 and "1 of them already done" in again.err
    assert again.data["arms"] == first.data["arms"] and results(pit) == done


@pytest.mark.parametrize(("number", "player"), [(signal.SIGKILL, "model"), (signal.SIGINT, "random")])
def test_what_was_stopped_half_way_goes_on_to_the_same(pit: Workshop, number: Any, player: str) -> None:
    flags = (SLOW, "--player", player, "--no-figures")
    whole = pit.run("bench", *flags, "--name", "whole", "--jobs", "2", "--json")
    assert whole.code == 0, whole.err
    process = pit.start("bench", *flags, "--name", "mine", "--plain")
    assert eventually(lambda: results(pit))
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == (130 if number == signal.SIGINT else -9), err
    if number == signal.SIGINT:
        assert "the same command resumes" in out and "Traceback" not in err
    done = results(pit)
    assert 0 < len(done) < len(whole.data["trials"])

    ended = bench(pit, *flags)
    assert ended.code == 0, ended.err
    assert ended.data["arms"] == whole.data["arms"]
    assert {name: results(pit)[name] for name in done} == done


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("crafer",), "no benchmark 'crafer'; did you mean 'crafter'?"),
        ((DIGGING, "--variants", "rok"), "digging:BENCHMARK has no variant 'rok'; did you mean 'rock'?"),
        ((SLOW, "--player", "expert"), "digging:SLOW has no expert; take --player random"),
        ((SLOW, "--steps", "9"), "digging:SLOW sets no limit of steps; leave out --steps"),
        ((DIGGING, "--player", "random", "--model", "offline"), "--model is for a model; leave it out"),
        ((DIGGING, "--player", "random", "--fresh-library"), "is for a model; leave it out"),
        ((DIGGING, "--player", "random", "--iterations", "3"), "--iterations is for a model; leave it out"),
        ((DIGGING, "--tokens", "0"), "--tokens 0 leaves nothing to run"),
        ((DIGGING, "--seeds", "x"), "--seeds 'x': 'x' is not a number"),
        (("digging:Pit",), "benchmark 'digging:Pit' is no fieldcraft.bench.Benchmark"),
    ],
)
def test_wrong_flags_are_named_with_their_cure(pit: Workshop, flags: tuple[str, ...], words: str) -> None:
    ended = pit.run("bench", *flags)
    assert ended.code in (1, 2) and ended.out == ""
    assert words in " ".join(ended.err.split())


def test_another_plan_under_the_same_name_is_refused(pit: Workshop) -> None:
    bench(pit, DIGGING, "--player", "expert", "--episodes", "1")
    ended = bench(pit, DIGGING, "--player", "expert", "--episodes", "2")
    assert ended.code == 1 and "was planned with other episodes" in ended.err
    fresh = bench(pit, DIGGING, "--player", "expert", "--episodes", "2", "--fresh")
    assert fresh.data["outcomes"] == {"done": 4}


def test_the_list_names_benchmarks_whose_world_is_missing_with_their_extra(
    pit: Workshop, monkeypatch
) -> None:
    from fieldcraft.bench import definition

    monkeypatch.setattr(definition, "installed", lambda *modules: False)
    rows = {row["name"]: row for row in pit.run("bench", "list", "--json").data}
    assert rows["crafter"]["limits_steps"]
    assert not rows["miniwob"]["limits_steps"]
    assert rows["crafter"]["missing"] == "pip install 'fieldcraft[crafter]'"
    assert rows["babyai"]["missing"] == "pip install 'fieldcraft[minigrid]'"
    assert "pip install" in pit.run("bench").out
    ended = pit.run("bench", "babyai", "--player", "random")
    assert ended.code == 2
    assert "the benchmark babyai needs the extra 'minigrid': pip install 'fieldcraft[minigrid]'" in ended.err
