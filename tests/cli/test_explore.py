"""`explore`, `solve` and resuming a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_workshop import Workshop

from fieldcraft.cli.options.flags import pair, pairs


def test_tells_each_happening_on_a_line(workshop: Workshop) -> None:
    ended = workshop.explore()
    assert ended.code == 0
    for words in (
        "run first starts",
        "task 1: Chop 4 wood  goal: hold 4 wood",
        "kept the skill chop-wood",
        "cannot saw: need 50 wood",
        "milestone: carpentry  iteration 3",
        "iterations 3/3",
        "paused: budget of 3 iterations used up",
    ):
        assert words in ended.out


def test_sums_up_and_says_what_to_do_next(workshop: Workshop) -> None:
    out = workshop.explore().out
    for words in (
        "carpentry (iteration 3)",
        "2 different: plank, wood",
        "2 kept: chop-wood, saw-planks",
        "2 done, 0 failed",
        "runs/first",
        "fieldcraft explore --resume first --iterations 83",
        "fieldcraft skills list --library library",
        "fieldcraft replay --library library --env clearing:Clearing --seed 8",
    ):
        assert words in out


def test_json_is_all_there_is_on_standard_output(workshop: Workshop) -> None:
    ended = workshop.explore("--json")
    assert ended.data["skills"].keys() == {"chop-wood", "saw-planks"}
    assert ended.data["milestones"] == {"carpentry": 3}
    assert ended.data["tasks"] == {"completed": 2, "failed": 0}
    assert "task 1" in ended.err


def test_resumes_with_more_budget(workshop: Workshop) -> None:
    workshop.explore()
    ended = workshop.run("explore", "--plain", "--resume", "latest", "--iterations", "4")
    assert ended.code == 0
    assert "resumed after iteration 3" in ended.out
    assert "task 3" in ended.out
    assert "task 1:" not in ended.out
    assert workshop.run("runs", "show", "first", "--json").data["iterations"] == 4


def test_resuming_keeps_the_limits_that_are_not_named(workshop: Workshop) -> None:
    workshop.explore("--tokens", "1000000")
    ended = workshop.run("explore", "--resume", "first", "--iterations", "4", "--json")
    limits = {
        "iterations": 4,
        "tokens": 1000000,
        "money": None,
        "seconds": None,
        "patience": None,
        "episodes": None,
    }
    assert ended.data["budget"] == limits


def test_resuming_a_spent_run_says_how_to_give_it_more(workshop: Workshop) -> None:
    workshop.explore()
    ended = workshop.run("explore", "--plain", "--resume", "first")
    assert "paused: budget of 3 iterations used up" in ended.out
    assert "fieldcraft explore --resume first --iterations 83" in ended.out


def test_what_to_do_next_is_in_a_world_of_the_same_options(workshop: Workshop) -> None:
    ended = workshop.explore("--option", "slow=0", "--option", "rude=0")
    assert ended.code == 0
    assert "--env clearing:Clearing --option slow=0 --option rude=0 --seed" in ended.out
    assert pairs("--option", [pair("a", "5"), pair("b", [1]), pair("c", "x y")], parse_json=True) == {
        "a": "5",
        "b": [1],
        "c": "x y",
    }


def test_draws_a_picture_of_the_end(workshop: Workshop) -> None:
    assert workshop.explore("--picture", "end.png").code == 0
    assert (workshop.folder / "end.png").read_bytes().startswith(b"\x89PNG")


def test_a_world_without_pictures_is_told_after_the_summary(workshop: Workshop) -> None:
    ended = workshop.explore("--env", "clearing:Overgrown", "--picture", "end.png")
    assert ended.code == 1
    assert "overgrown-v1 draws no pictures" in ended.err
    assert "What next:" in ended.out


def test_keeps_prompts_unless_asked_not_to(workshop: Workshop) -> None:
    workshop.explore("--iterations", "1")
    shown = workshop.run("runs", "prompts", "first", "--role", "actor", "--call", "1").out
    assert "You write Python programs" in shown
    workshop.run("explore", "--plain", "--name", "second", "--no-keep-prompts", "--iterations", "1")
    assert not (workshop.folder / "runs" / "second" / "prompts").exists()


def test_leaves_the_library_alone_when_asked(workshop: Workshop) -> None:
    assert workshop.explore("--no-keep", "--iterations", "1", "--critic", "none").code == 0
    assert not list(workshop.folder.glob("library/*/SKILL.md"))


def test_takes_tasks_from_a_file(workshop: Workshop) -> None:
    goal = {"kind": "item", "item": "wood", "count": 4}
    (workshop.folder / "tasks.json").write_text(json.dumps([{"task": "Fell the tree", "goal": goal}]))
    ended = workshop.explore("--tasks", "tasks.json")
    assert ended.code == 0
    assert "task 1: Fell the tree  goal: hold 4 wood" in ended.out
    assert "finished: no more tasks" in ended.out


def test_a_person_sets_the_tasks_and_judges(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter(["Chop some wood", "y", ""])
    monkeypatch.setattr("builtins.input", lambda: next(said))
    ended = workshop.explore("--curriculum", "human", "--critic", "human")
    assert ended.code == 0
    assert "task 1: Chop some wood" in ended.out
    assert "finished: no more tasks" in ended.out


def test_the_end_of_the_input_leaves_a_run_that_asks_again(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    ended = workshop.explore("--curriculum", "human")
    assert ended.code == 1
    assert "paused: no answer: standard input ended" in ended.out
    monkeypatch.setattr("builtins.input", lambda: "")
    assert workshop.run("explore", "--plain", "--resume", "first").code == 0


def test_a_model_that_gives_no_answers_leaves_a_run_to_resume(
    workshop: Workshop, write_script: Callable[..., None]
) -> None:
    write_script(actor=[])
    ended = workshop.explore()
    assert ended.code == 1
    assert "model calls in a row failed: scripted answers for role 'actor' ended after 0" in ended.out
    write_script()
    assert workshop.run("explore", "--plain", "--resume", "first").code == 0


def test_a_model_that_falls_silent_in_the_last_iteration_is_no_success(
    workshop: Workshop, write_script: Callable[..., None]
) -> None:
    write_script(describer=[])
    ended = workshop.explore("--iterations", "1")
    assert "paused: 5 model calls in a row failed" in ended.out
    assert ended.code == 1


def test_solve_ends_well_only_where_the_task_was_done(
    workshop: Workshop, write_script: Callable[..., None]
) -> None:
    step = {"task": "Saw 4 planks", "goal": {"kind": "item", "item": "plank", "count": 4}}
    write_script(curriculum=[json.dumps({"steps": [step]})] * 3)
    arguments = ("solve", "saw 4 planks", "--plain", "--attempts", "1", "--iterations")
    failed = workshop.run(*arguments, "1", "--name", "short")
    assert failed.code == 1
    assert "plan of 1 step  Saw 4 planks" in failed.out
    write_script(curriculum=[json.dumps({"steps": [step]})], actor=[code_of_planks()])
    solved = workshop.run(*arguments, "2", "--json")
    assert solved.code == 0
    assert solved.data["solved"] is True


def code_of_planks() -> str:
    return "```python\ndef planks(bot):\n    bot.chop()\n    bot.saw(2)\n```"


@pytest.mark.parametrize("name", ["first", "runs/first"])
def test_finds_a_run_by_name_and_by_folder(workshop: Workshop, name: str) -> None:
    workshop.explore("--iterations", "1")
    assert workshop.run("explore", "--plain", "--resume", name, "--iterations", "2").code == 0
    assert Path("runs/first").is_dir()


def test_a_method_is_a_flag_and_other_flags_go_before_it(workshop: Workshop) -> None:
    ended = workshop.explore("--method", "react", "--attempts", "2", "--critic", "none", "--json")
    assert ended.code == 0
    started = workshop.journal()[0]["settings"]
    assert (started["curriculum"], started["attempts"], started["critic"]) == ("open", 2, "none")
    assert started["retrieved"] == 0 and not started["keep_skills"] and not started["execution_errors"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--method", "reakt"), "error: no method 'reakt'; did you mean 'react'? Methods: full, voyager"),
        (("--without", "critics"), "error: no method 'without-critics'; did you mean 'without-critic'"),
    ],
)
def test_an_unknown_method_is_one_line(workshop: Workshop, flags: tuple[str, ...], words: str) -> None:
    ended = workshop.explore(*flags)
    assert (ended.code, ended.out) == (2, "") and words in " ".join(ended.err.split())
