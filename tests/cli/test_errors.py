"""Bad input: one line that names the cure, the right exit code, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_workshop import Workshop

from fieldcraft.skills import SkillLibrary

USAGE = [
    (["explore", "--env", "gridwrld-v1"], "no environment 'gridwrld-v1'; did you mean 'gridworld-v1'?"),
    (
        ["explore", "--env", "clearing:Cleering"],
        "module 'clearing' has no 'Cleering'; did you mean 'Clearing'",
    ),
    (["explore", "--model", "opnai:gpt-5"], "no model provider 'opnai'; did you mean 'openai'?"),
    (["explore", "--model", "scripted:nowhere.json"], "scripted answers nowhere.json cannot be read"),
    (["explore", "--model", "openai:gpt-5"], "openai:gpt-5 needs"),
    (["explore", "--role-model", "aktor=offline"], "no model role 'aktor'; did you mean 'actor'?"),
    (["explore", "--role-model", "actor"], "--role-model 'actor': write it as key=value"),
    (
        ["explore", "--base-url", "localhost:8000"],
        "--base-url: a base_url begins with http://",
    ),
    (["explore", "--seed", "twelve"], "'--seed': must be a whole number"),
    (["explore", "--option", "size"], "--option 'size': write it as key=value"),
    (["explore", "--option", "depth=3"], "no option 'depth'; there are slow, rude"),
    (["explore", "--sandbox", "cage"], "cage"),
    (["explore", "--resume", "latest"], "There are no runs yet; start one with `fieldcraft explore`."),
    (["runs", "show", "nope"], "There are no runs yet"),
    (["explore", "--iterations", "-1"], "--iterations: must be 0 or more (got '-1')"),
    (["explore", "--attempts", "0"], "attempts"),
    (["explore", "--tasks", "nowhere.txt"], "--tasks nowhere.txt cannot be read"),
    (["explore", "--tasks", "empty.txt"], "--tasks empty.txt holds no tasks"),
    (["explore", "--tasks", "wrong.json"], "--tasks wrong.json, task 2"),
    (["explore", "--tasks", "empty.txt", "--curriculum", "auto"], "has no effect on --curriculum auto"),
    (["explore", "--curriculum", "fixed"], "needs a list of tasks: --tasks FILE"),
    (["explore", "--curriculum", "clever"], "clever"),
    (["explore", "--critic", "humn"], "did you mean 'human'?"),
    (["explore", "--sandbox", "dokker"], "--sandbox: no sandbox 'dokker'; did you mean 'docker'"),
    (["explore", "--minutes", "-1"], "--minutes: must be 0 or more (got '-1.0')"),
    (["explore", "--library", ""], "--library is empty; give it a value, or leave it out"),
    (["explore", "--seed", "9" * 30], "--seed: must be from -1000000000000000000 to 1000000000000000000"),
    (["explore", "--name", "../x"], "'../x' is no name for a run"),
    (["explore", "--picture", "papers"], "--picture papers is a folder; name a file in it"),
    (["explore", "--without", "librry"], "did you mean 'without-library'?"),
    (["explore", "--env", " "], "--env is empty"),
    (["explore", "--library-owner", "rooot"], "no user 'rooot' on this machine; did you mean 'root'?"),
    (["explore", "--library-owner", "@rooot"], "no group 'rooot' on this machine; did you mean 'root'?"),
    (["skills", "list", "--library", "papers"], "papers is no skill library"),
    (["skills", "search", " "], "the query is empty; say what the skill is for"),
    (["skills", "merge", "papers"], "papers is no skill library"),
    (["replay", "--library", "papers"], "papers is no skill library"),
    (["explore", "--library", "empty.txt"], "--library empty.txt is a file; name a folder"),
    (["explore", "--runs", "empty.txt"], "--runs empty.txt is a file; name a folder"),
    (["explore", "--tasks", "no-goal.json"], "--tasks no-goal.json, task 1: task is missing"),
    (["explore", "--picture", "nowhere/end.png"], "there is no folder nowhere"),
    (["explore", "--sede", "3"], "No such option: --sede"),
    (["explor"], "No such command 'explor'"),
    (["solve", " "], "the task is empty"),
    (["solve"], "Missing argument"),
    (["replay", "--library", "nowhere"], "there is no library nowhere"),
    (["skills", "show", "x", "--library", "nowhere"], "there is no library nowhere"),
    (["envs", "check", "nothing:World"], "no module 'nothing' can be imported"),
]


@pytest.mark.parametrize(("arguments", "words"), USAGE, ids=[" ".join(case[0]) for case in USAGE])
def test_wrong_usage_names_the_cure(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    Path("empty.txt").write_text("\n")
    Path("papers/images").mkdir(parents=True)
    Path("no-goal.json").write_text('[{"goal": null}]')
    Path("wrong.json").write_text('["chop", {"tusk": "saw"}]')
    ended = workshop.run(*arguments)
    assert ended.code == 2
    assert words in ended.err
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert ended.out == ""
    assert not Path("runs").exists()


REFUSED = [
    (["explore", "--resume", "frist"], 2, "no run 'frist' in runs; did you mean 'first'? Latest: first."),
    (["runs", "show", "frist"], 2, "did you mean 'first'?"),
    (["runs", "watch", "frist"], 2, "did you mean 'first'?"),
    (["runs", "report", "frist"], 2, "did you mean 'first'?"),
    (["explore", "--name", "first"], 1, "a run 'first' exists; resume it with --resume first"),
    (["explore", "--resume", "first", "--attempts", "9"], 2, "keeps its own attempts (4); leave that"),
    (["explore", "--resume", "first", "--patience", "0"], 2, "--patience: must be 1 or more (got '0')"),
    (["explore", "--resume", "first", "--iterations", "-3"], 2, "--iterations: must be 0 or more (got '-3')"),
    (["explore", "--resume", "first", "--seed", "3", "--model", "offline"], 2, "keeps its own seed"),
    (["explore", "--tools", "calculater"], 2, "no tool 'calculater'"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), REFUSED, ids=[" ".join(case[0]) for case in REFUSED])
def test_what_cannot_be_done_leaves_the_run_as_it_was(
    workshop: Workshop, arguments: list[str], code: int, words: str
) -> None:
    workshop.explore("--iterations", "1")
    before = workshop.journal()
    ended = workshop.run(*arguments)
    assert ended.code == code
    assert words in ended.err
    assert ended.err.count("\n") == 1
    assert workshop.journal() == before


def test_a_damaged_journal_names_its_line(workshop: Workshop) -> None:
    workshop.explore("--iterations", "1")
    [segment] = Path("runs/first").glob("journal-*.jsonl")
    lines = segment.read_text().splitlines(keepends=True)
    segment.write_text("".join([*lines[:3], "{}\n", *lines[3:]]))
    ended = workshop.run("explore", "--resume", "first")
    assert ended.code == 1
    assert "is damaged at line 4" in ended.err
    assert "damaged" in workshop.run("runs", "list").out


def test_a_newer_journal_says_to_upgrade(workshop: Workshop) -> None:
    workshop.explore("--iterations", "1")
    [segment] = Path("runs/first").glob("journal-*.jsonl")
    segment.write_text(segment.read_text().replace('"format":1', '"format":99', 1))
    ended = workshop.run("explore", "--resume", "first")
    assert ended.code == 1
    assert "pip install -U fieldcraft" in ended.err


def test_a_torn_journal_is_no_error(workshop: Workshop) -> None:
    workshop.explore("--iterations", "1")
    [segment] = Path("runs/first").glob("journal-*.jsonl")
    segment.write_bytes(segment.read_bytes()[:-10])
    assert workshop.run("explore", "--plain", "--resume", "first", "--iterations", "2").code == 0


def test_a_fault_of_our_own_is_loud(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fieldcraft.envs.available", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        workshop.run("envs", "list")


def test_an_owner_in_the_settings_is_looked_up_before_anything_starts(workshop: Workshop) -> None:
    settings = Path("fieldcraft.toml").read_text()
    Path("fieldcraft.toml").write_text(f'library_owners = ["root", "0", "@rooot"]\n{settings}')
    ended = workshop.run("explore")
    assert ended.code == 2
    assert "library_owners: @rooot: there is no group 'rooot'" in ended.err
    assert not Path("runs").exists()


def test_a_library_that_another_run_writes_names_the_flag_that_leaves_it_alone(stocked: Workshop) -> None:
    with SkillLibrary(Path("library")).writing():
        refused = stocked.explore("--iterations", "1")
        assert refused.code == 1
        assert "or add --no-keep: the run uses the library and leaves it as it is" in refused.err
        assert stocked.explore("--iterations", "1", "--no-keep").code == 0


@pytest.mark.parametrize("command", [("skills", "check"), ("skills", "list"), ("skills", "merge", "library")])
def test_a_source_that_python_warns_of_prints_nothing_of_it(
    stocked: Workshop, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    source = stocked.folder / "library/chop-wood/scripts/skill.py"
    source.write_text(source.read_text() + "\nWARNED = '\\d' if 1is 1else 0\n")
    monkeypatch.setenv("PYTHONWARNINGS", "always")
    goes_to = ("--library", "other") if "merge" in command else ()
    process = stocked.start(*command, *goes_to)
    _, err = process.communicate(timeout=120)
    assert "Warning" not in err
