"""Long lists of names are written short, and nothing is lost or ambiguous."""

from __future__ import annotations

from itertools import product

from fieldcraft.agent.models.offline.programmer.reading import Prompt, unfolded
from fieldcraft.agent.prompts.name_lists import FOLDED_FROM, listed
from fieldcraft.agent.prompts.rendering import render
from fieldcraft.envs.types import Names

COLOURS = ("black", "blue", "light_blue", "lime", "red", "white")
MADE = ("bed", "carpet", "stained_glass", "wool")
DYED = [f"{colour}_{thing}" for colour, thing in product(COLOURS, MADE)]
PLAIN = [f"thing{number}" for number in range(FOLDED_FROM)]


def prompt(names: Names) -> Prompt:
    values = {"world": "w", "limit": 3, "goals": [], "task": "t", "observation": "o", "said": []}
    more: dict[str, list[str]] = {"completed": [], "failed": [], "skills": [], "answers": []}
    messages = render("decompose", names=names, **values, **more)
    return Prompt([message.model_dump() for message in messages])


def test_a_family_is_written_once() -> None:
    assert listed(sorted([*DYED, *PLAIN])).startswith(
        "{black|blue|light_blue|lime|red|white}_{bed|carpet|stained_glass|wool}, thing0, "
    )


def test_a_short_list_is_written_out() -> None:
    assert listed(DYED) == ", ".join(DYED)


def test_what_is_no_whole_family_is_written_out() -> None:
    names = sorted([*PLAIN, *(name for name in DYED if name != "red_bed"), "ender_bed"])
    entries = listed(names).split(", ")
    assert sorted(name for entry in entries for name in unfolded(entry)) == names
    assert "ender_bed" in entries


def test_a_prompt_says_what_the_braces_mean_and_the_offline_model_reads_every_name() -> None:
    names = Names(items=tuple(sorted([*DYED, *PLAIN])), blocks=tuple(DYED), mobs=("cow",))
    read = prompt(names)
    assert "stands for the four names" in read.text("Names")
    assert tuple(read.names("Items")) == names.items
    assert tuple(read.names("Blocks")) == names.blocks
    assert read.names("Mobs") == ["cow"]


def test_nothing_is_said_of_braces_where_there_are_none() -> None:
    assert prompt(Names(items=("a", "b"))).text("Names") == "Items: a, b"
    assert prompt(Names()).text("Names") == "The world does not list its names."
