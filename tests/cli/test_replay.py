"""`replay`: which version in which world, several worlds, some skills, and failures by their cause."""

from __future__ import annotations

import pytest
from cli_workshop import Workshop, keep

from fieldcraft.skills import SkillLibrary

CAUGHT = '''
def saw_bravely(bot, count=1):
    """Saw planks, whatever happens."""
    try:
        bot.saw(70)
    except Exception as problem:
        print(problem)
'''


def test_each_result_names_the_version_the_world_and_the_seed(stocked: Workshop) -> None:
    library = SkillLibrary(stocked.folder / "library")
    digests = {skill.name: skill.digest for skill in library}
    results = stocked.run("replay", "--seed", "8", "--json").data
    assert {result["skill"]: result["digest"] for result in results} == digests
    assert {(result["world"], result["seed"]) for result in results} == {("clearing-v1", 8)}


def test_several_seeds_are_several_worlds(stocked: Workshop) -> None:
    results = stocked.run("replay", "--seeds", "7-9", "--json").data
    assert [result["seed"] for result in results] == [7] * 3 + [8] * 3 + [9] * 3
    out = stocked.run("replay", "--seeds", "1,4").out
    assert "3 skills in 2 worlds: 4 works, 2 fails" in out


@pytest.mark.parametrize("name", ["chop-wood", "chop_wood"])
def test_one_skill_can_be_tried_alone(stocked: Workshop, name: str) -> None:
    (result,) = stocked.run("replay", "--seed", "8", "--skill", name, "--json").data
    assert (result["skill"], result["outcome"]) == ("chop-wood", "works")
    assert result["cause"] == result["failed_call"] == ""


def test_an_unknown_skill_is_named_with_the_nearest(stocked: Workshop) -> None:
    ended = stocked.run("replay", "--skill", "chop-wod")
    assert ended.code == 2 and "chop-wood" in ended.err and len(ended.err.splitlines()) == 1


def test_the_failed_call_is_shown_also_where_the_program_caught_it(stocked: Workshop) -> None:
    library = SkillLibrary(stocked.folder / "library")
    keep(library, "saw_bravely", CAUGHT, "Saws planks.", item="plank")
    library.close()
    (result,) = stocked.run("replay", "--seed", "8", "--skill", "saw-bravely", "--json").data
    assert result["failed_call"].startswith("saw(70): ") and "have 0" in result["failed_call"]
    assert "failed call: saw(70): " in " ".join(
        stocked.run("replay", "--seed", "8", "--skill", "saw-bravely").out.split()
    )


def test_failures_are_grouped_by_their_cause(stocked: Workshop) -> None:
    library = SkillLibrary(stocked.folder / "library")
    source = "def saw_{0}(bot, count=1):\n    bot.saw({0})\n"
    for number in (60, 70):
        keep(library, f"saw_{number}", source.format(number), "Saws.", item="plank")
    library.close()
    ended = stocked.run("replay", "--seed", "8", "--json").data
    causes = {result["cause"] for result in ended if result["outcome"] == "fails"}
    assert len(causes) == 1 and "#" in causes.pop()
    assert "failures by cause" in stocked.run("replay", "--seed", "8").out


def test_a_skill_is_marked_only_if_it_works_in_every_world(stocked: Workshop) -> None:
    stocked.run("skills", "merge", "library", "--library", "fresh")
    stocked.run("replay", "--library", "fresh", "--seeds", "2", "--mark")
    assert "untrusted" not in stocked.run("skills", "show", "chop-wood", "--library", "fresh").out
    assert "untrusted" in stocked.run("skills", "show", "saw-too-many", "--library", "fresh").out


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--seed", "1", "--seeds", "2"), "give one of the two"),
        (("--seeds", "x"), "write how many (5), or which (1,4,9 or 11-15)"),
    ],
)
def test_wrong_seeds_are_refused_in_one_line(stocked: Workshop, flags: tuple[str, ...], words: str) -> None:
    ended = stocked.run("replay", *flags)
    assert ended.code == 2 and words in ended.err
