"""Going on with a run under other settings, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_workshop import Workshop

RESUME = ("explore", "--plain", "--resume", "first", "--iterations", "1")


@pytest.fixture
def begun(workshop: Workshop) -> Workshop:
    """A run `first` of one iteration."""
    assert workshop.explore("--iterations", "1").code == 0
    return workshop


def settings(workshop: Workshop) -> dict[str, object]:
    found: dict[str, object] = workshop.journal()[-1]
    for event in workshop.journal():
        found = event.get("settings", found)
    return found


def test_flags_change_a_run_that_goes_on_and_each_change_is_a_line(begun: Workshop) -> None:
    flags = ("--limit", "calls=99", "--tools", "calculator", "--approve", "writes", "--no-keep-prompts")
    ended = begun.run(*RESUME, *flags)
    assert ended.code == 0, ended.err
    for line in (
        "limits.calls is 99 (before: not set)",
        "tools is calculator (before: none)",
        "tool_policy.approval is writes (before: never)",
        "keep_prompts is False (before: True)",
    ):
        assert f"! from here on {line}" in ended.out
    kept = settings(begun)
    assert (kept["tools"], kept["keep_prompts"]) == (["calculator"], False)


def test_the_same_values_again_are_no_change(begun: Workshop) -> None:
    same = ("--env", "clearing:Clearing", "--seed", "7", "--sandbox", "auto", "--name", "first")
    ended = begun.run(*RESUME, *same)
    assert ended.code == 0, ended.err
    assert "from here on" not in ended.out


def test_what_the_file_says_otherwise_is_named_with_the_flag_that_takes_it(begun: Workshop) -> None:
    file = Path("fieldcraft.toml")
    file.write_text(f"{file.read_text()}\n[limits]\ncalls = 77\n[mcp.one]\ncommand = 'no-such-program'\n")
    said = begun.run(*RESUME).err
    assert "the run keeps its own limits, not that of fieldcraft.toml; --limit gives it another one" in said
    assert "the run keeps its own mcp, not that of fieldcraft.toml; --take mcp gives it another one" in said
    taken = begun.run(*RESUME, "--take", "mcp", "--take", "limits")
    assert "the run keeps its own" not in taken.err
    assert "! from here on mcp.one is set (before: not set)" in taken.out
    assert "! from here on limits.calls is 77 (before: not set)" in taken.out


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--take", "qqq"), "--take qqq: a resume changes no such setting; say one of aim, budget, corpus"),
        (("--take", "limit"), "did you mean 'limits'?"),
        (("--name", "second"), "keeps its own name (first); leave --name out"),
        (("--option", "size=3"), "keeps its own options"),
        (("--method", "react"), "keeps its own critic"),
    ],
)
def test_what_a_resume_does_not_change_is_one_line(
    begun: Workshop, flags: tuple[str, ...], words: str
) -> None:
    before = begun.journal()
    ended = begun.run(*RESUME, *flags)
    assert ended.code == 2
    assert words in ended.err and ended.err.count("\n") == 1
    assert begun.journal() == before


def test_take_is_for_a_resume(workshop: Workshop) -> None:
    ended = workshop.explore("--take", "mcp")
    assert ended.code == 2 and "--take is for --resume RUN only" in ended.err
