"""A long program in fewer words."""

from __future__ import annotations

from fieldcraft.skills import parse_program
from fieldcraft.skills.program.outline import outline

LONG = '''import re


def _helper(bot):
    """What it helps with."""
{body}
    return 1


def _short(bot):
    return 2


def do_it(bot, count=1):
    """Do it."""
    return _helper(bot) + _short(bot)
'''


def test_a_short_program_is_itself() -> None:
    source = LONG.format(body="    x = 1")

    assert outline(parse_program(source), 1_000) == source


def test_a_long_program_keeps_its_entry_and_says_what_its_longest_helper_is_for() -> None:
    source = LONG.format(body="\n".join(f"    x{number} = {number}" for number in range(500)))

    shown = outline(parse_program(source), 1_000)

    assert len(shown) <= 1_000
    assert 'def _helper(bot):\n    """What it helps with."""\n    ...\n' in shown
    assert "return 2" in shown
    assert "return _helper(bot) + _short(bot)" in shown


def test_an_entry_that_is_too_long_is_cut() -> None:
    body = "\n".join(f"    x{number} = {number}" for number in range(500))
    shown = outline(parse_program(f"def do_it(bot):\n{body}\n"), 1_000)

    assert len(shown) <= 1_000
    assert shown.endswith("(cut here)")
