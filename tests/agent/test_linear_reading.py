"""Reading takes time in step with the length of what is read, whatever it holds.

Quadratic expressions took minutes to hours on texts of this size, so that the bound below is generous.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from pydantic import BaseModel

from fieldcraft.agent.models.offline.programmer import facts, known_skills, programmer, reading, words
from fieldcraft.agent.prompts import placing
from fieldcraft.agent.prompts.name_lists import listed
from fieldcraft.agent.prompts.rendering import AnswerUnusable, parse_code, parse_json

pytestmark = pytest.mark.attack("answers and texts made to be slow to read")

LENGTH = 100_000
SECONDS = 20.0
ATOMS = [
    "```\n", "```", "```json\n", "```python\n", "{", "[", "(", " ", "\n", "1", "a", "\\", '"', "\n ",
    "a ", "1 a or ", "def mine_x(", "Hold at least `count` a, mined from ", " burning ", "{a|b}", "`",
    "to a b: ", "; to a ", " of a: `", "bot.craft(", ", ", "; ", "\u2028", "saw no ", "> ",
    "'", "\\'", "{'", "“", "{“", "{a: ", "{/*", "//", "#", "{a ", "{True ",
]  # fmt: skip
BEGINNINGS = ["", "```json", "Hold at least `count` a, crafted from "]


class Size(BaseModel):
    width: int = 0


def refused(read: Callable[[str], Any]) -> Callable[[str], Any]:
    def run(text: str) -> None:
        with suppress(AnswerUnusable):
            read(text)

    return run


READERS: dict[str, Callable[[str], Any]] = {
    "parse_json": refused(lambda text: parse_json(text, Size)),
    "parse_code": refused(parse_code),
    "placed": placing.placed,
    "quoted": placing.quoted,
    "fenced": placing.fenced,
    "entries": placing.entries,
    "reference": placing.reference,
    "facts": facts.Facts,
    "purposes": lambda text: facts.Facts().read_purposes(text),
    "observed": reading.Observed,
    "unfolded": reading.unfolded,
    "sections": reading.sections,
    "code_block": reading.code_block,
    "mentioned": lambda text: reading.mentioned(text, ["oak_log", "a b"]),
    "known_skill": lambda text: known_skills.KnownSkill("mine_x", f"```python\n{text}\n```", ["x"]),
    "lessons": programmer._lessons,
    "describe": lambda text: words.describe(
        reading.Prompt([{"role": "user", "text": f"# Function\n```python\n{text}\n```\n"}])
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_hostile_text_is_read_in_time(reader: str) -> None:
    texts = [beginning + atom * (LENGTH // len(atom) - 10) for beginning in BEGINNINGS for atom in ATOMS]
    began = time.process_time()
    for text in texts:
        READERS[reader](text)
        assert time.process_time() - began < SECONDS, text[:60]


def test_a_name_that_stands_for_too_many_stands_for_itself() -> None:
    assert reading.unfolded("{a|b}" * 40) == ["{a|b}" * 40]
    assert reading.unfolded("{a|b}_c") == ["a_c", "b_c"]


def test_folding_names_without_families_takes_no_longer_than_reading_them() -> None:
    began = time.process_time()
    listed([f"{number % 97}_{number % 89}_{number % 83}_{number}_{number % 13}" for number in range(5_000)])
    listed(["_" * number for number in range(1, 500)])
    assert time.process_time() - began < SECONDS
