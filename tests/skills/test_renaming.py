"""Giving a program's entry the name of the skill that it improves."""

from __future__ import annotations

import pytest

from fieldcraft.skills import ProgramError, parse_program
from fieldcraft.skills.program.renaming import renamed


def test_the_entry_has_the_other_name_also_where_it_calls_itself() -> None:
    program = parse_program("def get_more(bot, n=1):\n    return n and get_more(bot, n - 1)\n")

    assert renamed(program, "obtain").source == (
        "def obtain(bot, n=1):\n    return n and obtain(bot, n - 1)\n"
    )


def test_a_docstring_and_a_comment_may_name_the_skill() -> None:
    program = parse_program(
        'def get_more(bot):\n    """Better than obtain."""\n    bot.say("obtain")  # obtain\n'
    )

    assert renamed(program, "obtain").entry == "obtain"


@pytest.mark.parametrize(
    "body", ["obtain(bot)", "obtain = 1", "bot.say(f'{obtain(bot)}')", "print([obtain for obtain in ()])"]
)
def test_a_program_that_uses_the_name_is_not_renamed(body: str) -> None:
    program = parse_program(f"def get_more(bot):\n    {body}\n")

    with pytest.raises(ProgramError, match="uses the name 'obtain' for something else"):
        renamed(program, "obtain")
