"""`fieldcraft prompts`, and the flags `--prompts`, `--limit` and `--listener`."""

from __future__ import annotations

import json

import pytest
from cli_workshop import Workshop

from fieldcraft.agent.prompts.rendering import built_in_text
from fieldcraft.agent.prompts.variables import VARIABLES

EXPLORE = ("explore", "--plain", "--iterations", "1")


def test_prompts_are_listed_with_what_they_are_given(workshop: Workshop) -> None:
    listed = json.loads(workshop.run("prompts", "list", "--json").out)
    assert {row["name"]: set(row["variables"]) for row in listed} == {
        name: set(given) for name, given in VARIABLES.items()
    }
    assert "curriculum_questions" in workshop.run("prompts", "list").out


def test_a_prompt_is_shown_as_it_is(workshop: Workshop) -> None:
    shown = workshop.run("prompts", "show", "critic").out
    assert shown.startswith(built_in_text("critic"))
    assert "the end of what the program printed" in shown


def test_prompts_are_copied_and_never_over_a_file(workshop: Workshop) -> None:
    assert workshop.run("prompts", "copy", "mine", "critic", "names.md").code == 0
    assert sorted(path.name for path in (workshop.folder / "mine").iterdir()) == ["critic.md", "names.md"]
    assert (workshop.folder / "mine/critic.md").read_text() == built_in_text("critic")
    (workshop.folder / "mine/names.md").write_text("Mine.")
    refused = workshop.run("prompts", "copy", "mine")
    assert refused.code == 2 and "mine holds critic.md, names.md already" in refused.err
    assert (workshop.folder / "mine/names.md").read_text() == "Mine."
    assert workshop.run("prompts", "check", "mine").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("prompts", "show", "criticc"), "no prompt is called 'criticc'; did you mean 'critic'?"),
        (("prompts", "copy", "mine", "../critic"), "no prompt is called '../critic'"),
        (("prompts", "check", "nowhere"), "the folder of prompts nowhere cannot be read"),
        ((*EXPLORE, "--prompts", "nowhere"), "the folder of prompts nowhere cannot be read"),
        ((*EXPLORE, "--prompts", "answers.json"), "the folder of prompts answers.json cannot be read"),
        ((*EXPLORE, "--limit", "memory=10MB"), "write a size from 64MiB to 256GiB (got '10MB')"),
        ((*EXPLORE, "--limit", "mem=1GB"), "no setting 'limits.mem'; did you mean 'memory'"),
        ((*EXPLORE, "--limit", "memory"), "--limit 'memory': write it as key=value"),
        ((*EXPLORE, "--listener", "nobody:note"), "no module 'nobody' can be imported"),
        ((*EXPLORE, "--listener", "note"), "no listener 'note'. Known: none. Your own: module:Name"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_line_and_wrong_usage(
    arguments: tuple[str, ...], words: str, workshop: Workshop
) -> None:
    ended = workshop.run(*arguments)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert words in ended.err
    assert not (workshop.folder / "runs").exists()


def test_a_run_is_begun_with_all_three_and_goes_on_with_prompts_that_were_moved(workshop: Workshop) -> None:
    (workshop.folder / "ears_of_cli.py").write_text(
        "def note(event):\n    open('heard.txt', 'a').write(event.type + '\\n')\n"
    )
    workshop.run("prompts", "copy", "mine", "actor")
    flags = (
        "--prompts",
        "mine",
        "--limit",
        "calls=9",
        "--limit",
        "memory=1GB",
        "--listener",
        "ears_of_cli:note",
    )
    assert workshop.run(*EXPLORE, *flags, "--name", "one").code == 0
    assert "execution_finished" in (workshop.folder / "heard.txt").read_text()
    started = json.loads((workshop.folder / "runs/one/journal-000001.jsonl").read_text().splitlines()[0])
    kept = started["settings"]
    assert (kept["prompts"], kept["limits"]["calls"], kept["limits"]["memory"]) == ("mine", 9, 10**9)
    assert kept["listeners"] == ["ears_of_cli:note"]
    (workshop.folder / "mine").rename(workshop.folder / "moved")
    resume = ("explore", "--resume", "one", "--iterations", "2", "--plain")
    assert "the folder of prompts mine cannot be read" in workshop.run(*resume).err
    assert workshop.run(*resume, "--prompts", "moved").code == 0


def test_a_listener_that_fails_is_one_warning_and_the_run_ends_well(workshop: Workshop) -> None:
    (workshop.folder / "ears_that_fail.py").write_text("def note(event):\n    raise ValueError('full')\n")
    ended = workshop.run(*EXPLORE, "--listener", "ears_that_fail:note")
    assert ended.code == 0
    assert ended.err.count("the listener ears_that_fail:note failed and is not called again") == 1
    assert "Traceback" not in ended.err
    again = workshop.run("-v", *EXPLORE, "--listener", "ears_that_fail:note")
    assert again.err.count("Traceback") == 1
