"""Skills that are damaged, edited or written by hand, or that lack a tool."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fieldcraft.skills import (
    BrokenSkill,
    Skill,
    SkillLibrary,
    SkillRefused,
)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def break_frontmatter(folder: Path) -> None:
    edit(folder / "SKILL.md", "name: mine-log", "name: [mine-log")


def lose_fences(folder: Path) -> None:
    (folder / "SKILL.md").write_text("just words", encoding="utf-8")


def rename_inside(folder: Path) -> None:
    edit(folder / "SKILL.md", "name: mine-log", "name: other")


def empty_description(folder: Path) -> None:
    edit(folder / "SKILL.md", "description: mine_log in one call.", "description: ''")


def write_bytes(folder: Path) -> None:
    (folder / "scripts" / "skill.py").write_bytes(b"\xff\xfe")


def delete_script(folder: Path) -> None:
    (folder / "scripts" / "skill.py").unlink()


def delete_document(folder: Path) -> None:
    (folder / "SKILL.md").unlink()


def change_script(folder: Path) -> None:
    edit(folder / "scripts" / "skill.py", "bot.say", "bot.mine")


def change_description(folder: Path) -> None:
    edit(folder / "SKILL.md", "description: mine_log in one call.", "description: something else")


def bad_provenance(folder: Path) -> None:
    edit(folder / "SKILL.md", "provenance: '{", "provenance: '{{")


def empty_metadata(folder: Path) -> None:
    (folder / "SKILL.md").write_text("---\nname: mine-log\ndescription: x\n---\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (break_frontmatter, "no valid YAML"),
        (lose_fences, "no YAML frontmatter"),
        (rename_inside, "calls itself 'other'"),
        (empty_description, "bad description"),
        (write_bytes, "unreadable skill.py"),
        (delete_script, "no scripts/skill.py"),
        (delete_document, "no SKILL.md"),
        (change_script, "changed by hand"),
        (change_description, "changed by hand"),
        (bad_provenance, "cannot be read"),
        (empty_metadata, "written by hand"),
    ],
)
def test_a_broken_skill_is_named_and_skipped_and_the_rest_works(library, make_skill, damage, words):
    for entry in ("mine_log", "walk", "eat"):
        library.keep(make_skill(entry))
    damage(library.path / "mine-log")
    for reader in (library, SkillLibrary(library.path)):
        (problem,) = reader.problems()
        assert (problem.name, words in problem.reason) == ("mine-log", True), problem
        assert problem.cure
        assert reader.names() == ["eat", "walk"]
        with pytest.raises(BrokenSkill, match="mine-log"):
            reader.get("mine-log")
    assert {match.skill.name for match in library.search("mine a log")} == {"eat", "walk"}
    with pytest.raises(SkillRefused, match="broken"):
        library.keep(make_skill("mine_log", "bot.mine('log', 8)"))


def test_an_edit_between_two_searches_is_noticed(library, make_skill):
    library.keep(make_skill("mine_log"))
    library.keep(make_skill("walk"))
    assert library.search("mine a log")[0].skill.name == "mine-log"
    change_script(library.path / "mine-log")
    assert [match.skill.name for match in library.search("mine a log")] == ["walk"]


def test_an_accepted_edit_is_a_new_version_that_is_not_verified(library, make_skill):
    skill = make_skill("mine_log", verified="full")
    library.keep(skill)
    change_script(library.path / "mine-log")
    accepted = library.accept("mine-log")
    assert library.problems() == []
    assert library.get("mine_log") == accepted
    assert (accepted.verified, accepted.provenance.source) == ("no", "written")
    assert library.versions("mine-log") == [skill.digest, accepted.digest]


def test_a_skill_written_by_hand_can_be_accepted(library):
    folder = library.path / "wave"
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_text("---\nname: wave\ndescription: Waves.\n---\n", encoding="utf-8")
    (folder / "scripts" / "skill.py").write_text("def wave(bot):\n    bot.say('hi')\n", encoding="utf-8")
    assert library.names() == []
    assert library.accept("wave").entry == "wave"
    assert SkillLibrary(library.path).bind(["wave"]).roots.keys() == {"wave"}


def test_a_file_that_is_no_skill_is_left_alone(library, make_skill):
    library.keep(make_skill("mine_log"))
    (library.path / "README.md").write_text("hello", encoding="utf-8")
    assert (library.problems(), library.names()) == ([], ["mine-log"])


def test_metadata_survives_as_data(library, make_skill):
    goal = {"items": {"oak_log": 3}, "near": [1, 2.5, None, True]}
    library.keep(make_skill("mine_log", goal=goal))
    assert json.dumps(SkillLibrary(library.path).get("mine_log").provenance.goal) == json.dumps(goal)


@pytest.mark.parametrize("part", ["SKILL.md", "scripts/skill.py"])
def test_a_pipe_in_place_of_a_file_is_a_problem_and_hangs_nobody(
    library: SkillLibrary, make_skill: Callable[..., Skill], part: str
) -> None:
    library.keep(make_skill("mine_log"))
    library.keep(make_skill("mine_stone"))
    path = library.path / "mine-log" / part
    path.unlink()
    os.mkfifo(path)

    again = SkillLibrary(library.path)
    (problem,) = again.problems()
    assert problem.name == "mine-log"
    assert "it is no plain file" in problem.reason
    assert again.names() == ["mine-stone"]


def test_a_skill_whose_tool_is_absent_is_not_offered_nor_is_one_that_calls_it(
    library: SkillLibrary, make_skill: Callable[..., Skill]
) -> None:
    reckon = make_skill("reckon_logs", "tools.calculator(expression='1')", tools=("calculator",))
    library.keep(reckon)
    library.keep(make_skill("fell_logs", "reckon_logs(bot)", dependencies={"reckon_logs": reckon.digest}))
    library.keep(make_skill("burn_logs"))
    document = (library.path / "reckon-logs" / "SKILL.md").read_text()

    def found(tools: tuple[str, ...] | None) -> list[str]:
        return sorted(match.skill.name for match in library.search("logs", tools=tools))

    assert found(None) == found(("calculator", "search")) == ["burn-logs", "fell-logs", "reckon-logs"]
    assert found(()) == found(("search",)) == ["burn-logs"]
    assert "tools: calculator" in document
    assert "compatibility: Needs the tools calculator of Fieldcraft" in document
