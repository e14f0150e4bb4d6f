"""What programs, worlds and models write is shown as text: it moves no cursor and hides nothing."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from clearing import RUDE
from cli_workshop import CHOP, Workshop, code, keep, task
from rich.console import Console

from fieldcraft.agent.redact import clean
from fieldcraft.cli.views.console import STYLES, one_line, print_json
from fieldcraft.skills import SkillLibrary

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
KEY = "hunter2-hunter2-hunter2"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("a\rb\r\nc\bd", "a\\rb\nc\\x08d"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("\ud800", "\\ud800"),
        ("[bold]not markup[/]", "[bold]not markup[/]"),
        ("höhe ✓ 木", "höhe ✓ 木"),
    ],
)
def test_control_characters_are_spelled_out(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_one_line_is_one_line_of_bounded_length() -> None:
    assert one_line("a\n b\t c") == "a b c"
    assert len(one_line("x" * 10**6, 80)) == 80


def test_json_cannot_act_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"said": RUDE, "list": [RUDE]})
    out = capsys.readouterr().out
    assert not CONTROL.search(out)
    assert json.loads(out)["said"] == RUDE


@pytest.fixture
def rude(workshop: Workshop, write_script: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A run in a rude world, with a rude model, that tells a secret."""
    monkeypatch.setenv("SHOP_API_KEY", KEY)
    write_script(
        curriculum=[task(f"Saw planks {RUDE} {KEY}", "plank", 4)],
        actor=[code(f"def rude(bot):\n    print({RUDE!r})\n    bot.saw(99)")] * 3,
    )
    return workshop


@pytest.mark.parametrize("how", ["--plain", "--json"])
def test_a_rude_run_is_shown_cleanly(rude: Workshop, how: str) -> None:
    ended = rude.run("explore", how, "--option", "rude=true", "--name", "first")
    told = ended.out + ended.err
    assert ended.code == 0
    assert "esdrawkcab" in told
    assert not CONTROL.search(told)
    assert KEY not in told
    for command in (
        ["runs", "show", "first"],
        ["runs", "list", "--json"],
        ["runs", "show", "first", "--json"],
    ):
        shown = rude.run(*command)
        assert not CONTROL.search(shown.out)
        assert KEY not in shown.out


def test_a_rude_skill_is_shown_cleanly(workshop: Workshop) -> None:
    library = SkillLibrary(Path("library"))
    source = CHOP.replace('"chopped"', repr("\x1b")).replace("Chop wood", f"Chop {RUDE.replace(chr(27), '')}")
    keep(library, "chop_wood", source, f"Chops {RUDE}", item="wood")
    library.close()
    for command in (["list"], ["show", "chop-wood"], ["search", "wood"], ["show", "chop-wood", "--json"]):
        shown = workshop.run("skills", *command)
        assert shown.code == 0
        assert not CONTROL.search(shown.out)


def test_the_dashboard_shows_a_rude_world_cleanly(rude: Workshop) -> None:
    from rich.spinner import Spinner
    from rich.theme import Theme

    from fieldcraft.cli.views.following import read_overview
    from fieldcraft.cli.views.live import dashboard

    rude.run("explore", "--plain", "--option", "rude=true", "--name", "first", "--iterations", "2")
    view = read_overview(Path("runs/first"))
    assert view.verdict is not None
    file = io.StringIO()
    console = Console(file=file, width=100, theme=Theme(STYLES), markup=False, force_terminal=False)
    console.print(dashboard(view, Spinner("dots"), 4.0))
    assert "esdrawkcab" in file.getvalue()
    assert not CONTROL.search(file.getvalue())
