"""The library keeps programs, their versions and what they call, and refuses what cannot be one."""

from __future__ import annotations

from pathlib import Path

import pytest

from fieldcraft.skills import (
    BrokenSkill,
    Skill,
    SkillLibrary,
    SkillRefused,
    UnknownSkill,
    Verified,
)


def test_a_kept_skill_is_read_back_whole(library, make_skill):
    skill = make_skill(
        "mine_log", task="Mine 3 logs", goal={"items": {"oak_log": 3}}, tools=("calculator",), verified="full"
    )
    assert library.keep(skill).status == "new"
    assert SkillLibrary(library.path).get("mine-log") == skill
    assert library.get("mine_log") == skill
    assert [(found.name, len(library), "mine_log" in library) for found in library] == [("mine-log", 1, True)]


def test_the_folder_is_an_agent_skill(library, make_skill):
    import yaml

    skill = make_skill("mine_log", description='Mines: a log, "quoted" -- and more.\nTwo lines.')
    library.keep(skill)
    text = (library.path / "mine-log" / "SKILL.md").read_text()
    front = yaml.safe_load(text.split("---\n")[1])
    assert set(front) == {"name", "description", "metadata"}
    assert (front["name"], front["description"]) == (skill.name, skill.description)
    assert all(isinstance(value, str) for value in front["metadata"].values())
    assert front["metadata"]["digest"] == skill.digest
    assert (library.path / "mine-log" / "scripts" / "skill.py").read_text() == skill.source


def test_keeping_the_same_digest_again_changes_nothing(library, make_skill):
    library.keep(make_skill("mine_log"))
    before = {path: path.stat().st_mtime_ns for path in library.path.rglob("*.*") if path.suffix != ".lock"}
    assert library.keep(make_skill("mine_log")).status == "same"
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_keeping_the_same_digest_again_can_only_raise_its_standing(library, make_skill):
    library.keep(make_skill("mine_log", verified=Verified.PARTIAL))
    library.keep(make_skill("mine_log", verified=Verified.FULL))
    library.keep(make_skill("mine_log", verified=Verified.NO))
    assert SkillLibrary(library.path).get("mine_log").verified is Verified.FULL


def test_other_code_under_a_known_name_is_a_new_version(library, make_skill):
    first, second = (
        make_skill("mine_log", "bot.mine('oak_log', 1)"),
        make_skill("mine_log", "bot.mine('log', 2)"),
    )
    library.keep(first)
    assert library.keep(second).status == "new version"
    assert library.versions("mine-log") == [first.digest, second.digest]
    assert library.get("mine_log").source == second.source
    assert library.get("mine_log", first.digest[:10]).source == first.source
    assert "-    bot.mine('oak_log', 1)\n+    bot.mine('log', 2)" in library.diff(
        "mine_log", first.digest, second.digest
    )


def test_going_back_to_an_old_version_makes_it_current(library, make_skill):
    first, second = (
        make_skill("mine_log", "bot.mine('oak_log', 1)"),
        make_skill("mine_log", "bot.mine('log', 2)"),
    )
    for skill in (first, second, first):
        library.keep(skill)
    assert library.get("mine_log").digest == first.digest
    assert library.versions("mine_log") == [first.digest, second.digest]


def test_a_caller_keeps_the_version_it_was_bound_to(library, make_skill):
    first = make_skill("mine_log", "bot.mine('oak_log', 1)")
    library.keep(first)
    caller = make_skill("make_planks", "mine_log(bot)", dependencies={"mine_log": first.digest})
    library.keep(caller)
    second = make_skill("mine_log", "bot.mine('oak_log', 9)")
    library.keep(second)
    bound = SkillLibrary(library.path).bind(["make_planks", "mine_log"])
    assert bound.roots == {"make_planks": caller.digest, "mine_log": second.digest}
    assert bound.modules.keys() == {caller.digest, first.digest, second.digest}
    assert bound.modules[first.digest].source == first.source


def test_entries_are_the_current_skills_of_a_language(library, make_skill):
    python = make_skill("mine_log")
    javascript = Skill(
        name="mine-wood-log",
        description="Mines wood.",
        source="async function mineWoodLog(bot) { /* wood */ await mineBlock(bot, 'oak_log'); }",
        entry="mineWoodLog",
        language="javascript",
    )
    library.keep(python)
    library.keep(javascript)
    again = SkillLibrary(library.path)
    assert again.entries() == {"mine_log": python.digest}
    assert again.entries("javascript") == {"mineWoodLog": javascript.digest}
    assert again.get("mineWoodLog") == javascript


@pytest.mark.parametrize(
    "body",
    ["bot.mine('oak_log', 3)", "wood = 1\n    # a comment\n    bot.craft(wood)"],
)
def test_the_same_program_under_another_name_is_a_duplicate(library, make_skill, body):
    library.keep(make_skill("mine_log", body))
    twin = make_skill(
        "get_wood", f'"""Gets wood."""\n    {body.replace("wood", "timber").replace("# a", "# no")}'
    )
    kept = library.keep(twin)
    assert (kept.status, kept.duplicate_of) == ("duplicate", "mine-log")
    assert library.names() == ["mine-log"]


def test_nearly_the_same_program_for_the_same_goal_is_a_duplicate(library, make_skill):
    body = "\n    ".join(f"bot.mine('oak_log', {number})" for number in range(30))
    goal = {"items": {"oak_log": 3}}
    library.keep(make_skill("mine_log", body, goal=goal))
    similar = body + "\n    bot.say('done')"
    assert library.keep(make_skill("get_wood", similar, goal=goal)).duplicate_of == "mine-log"
    assert library.keep(make_skill("get_timber", similar, goal={"items": {"oak_log": 4}})).status == "new"


def test_other_numbers_make_another_program(library, make_skill):
    goal = {"items": {"oak_log": 3}}
    library.keep(make_skill("mine_log", "bot.mine('oak_log', 3)", goal=goal))
    assert library.keep(make_skill("mine_logs", "bot.mine('oak_log', 5)", goal=goal)).status == "new"


@pytest.mark.parametrize(
    ("entry", "body", "more", "words"),
    [
        ("print", "", {}, "reserved"),
        ("bot", "", {}, "reserved"),
        ("craft", "", {}, "reserved"),
        ("plan", "dig(bot)", {"dependencies": {"dig": "0" * 64}}, "not in the library"),
        ("plan", "min_log(bot)", {"dependencies": {"min_log": "0" * 64}}, "nearest: mine_log"),
        ("plan", "plan(bot)", {"dependencies": {"plan": "0" * 64}}, "would call itself"),
        ("plan", "return (", {}, "SyntaxError at line"),
    ],
)
def test_what_cannot_be_a_skill_is_refused_in_words(tmp_path, make_skill, entry, body, more, words):
    library = SkillLibrary(tmp_path / "library", reserved={"craft"})
    library.keep(make_skill("mine_log"))
    with pytest.raises(SkillRefused, match=words):
        library.keep(make_skill(entry, body, **more))
    assert library.names() == ["mine-log"]


def test_a_cycle_through_another_skill_is_refused(library, make_skill):
    first = make_skill("mine_log")
    library.keep(first)
    caller = make_skill("make_planks", "mine_log(bot)", dependencies={"mine_log": first.digest})
    library.keep(caller)
    cyclic = make_skill("mine_log", "make_planks(bot)", dependencies={"make_planks": caller.digest})
    with pytest.raises(SkillRefused, match="mine_log -> make_planks -> mine_log"):
        library.keep(cyclic)


def test_a_taken_folder_name_is_refused(library, make_skill):
    library.keep(make_skill("mine_log"))
    with pytest.raises(SkillRefused, match="rename the function"):
        library.keep(make_skill("mineLog", "bot.mine('oak_log')"))


def test_an_unknown_name_is_told_with_the_nearest_ones(library, make_skill):
    library.keep(make_skill("mine_log"))
    with pytest.raises(UnknownSkill, match="nearest: mine-log"):
        library.get("mine_lgo")
    with pytest.raises(UnknownSkill, match="no version 'ffff'"):
        library.get("mine_log", "ffff")
    with pytest.raises(UnknownSkill):
        library.bind(["nothing_like_it"])


def test_what_others_call_is_not_removed_without_force(library, make_skill):
    base = make_skill("mine_log")
    library.keep(base)
    library.keep(make_skill("make_planks", "mine_log(bot)", dependencies={"mine_log": base.digest}))
    with pytest.raises(SkillRefused, match="make-planks"):
        library.remove("mine_log")
    library.remove("mine_log", force=True)
    assert [(problem.name, "mine_log" in problem.reason) for problem in library.problems()] == [
        ("make-planks", True)
    ]
    with pytest.raises(BrokenSkill, match="needs mine_log"):
        library.bind(["make_planks"])
    assert library.search("make planks") == []


def test_marks_are_kept(library, make_skill):
    library.keep(make_skill("mine_log"))
    library.mark("mine_log", verified=Verified.FULL, trusted=False)
    again = SkillLibrary(library.path).get("mine_log")
    assert (again.verified, again.trusted) == (Verified.FULL, False)
    assert again.digest == make_skill("mine_log").digest


def test_merging_brings_everything_untrusted_and_keeps_both_on_a_clash(tmp_path, library, make_skill):
    theirs = SkillLibrary(tmp_path / "theirs")
    old, new = (
        make_skill("mine_log", "bot.mine('oak_log', 1)"),
        make_skill("mine_log", "bot.mine('oak_log', 2)"),
    )
    caller = make_skill(
        "make_planks", "mine_log(bot)", dependencies={"mine_log": old.digest}, verified="full"
    )
    for skill in (old, caller, new, make_skill("walk"), make_skill("say_hello")):
        theirs.keep(skill)
    ours = make_skill("walk", "bot.explore('north', 5)")
    library.keep(ours)
    library.keep(make_skill("say_hello"))

    report = library.merge(theirs)

    assert (sorted(report.added), report.versions) == (["make-planks", "mine-log"], ["walk"])
    assert (report.same, report.refused) == (["say-hello"], {})
    assert library.get("walk").digest == ours.digest
    assert library.versions("walk") == [ours.digest, make_skill("walk").digest]
    assert library.get("mine_log").digest == new.digest
    imported = library.get("make_planks")
    assert (imported.trusted, imported.verified, imported.provenance.source) == (False, "no", "imported")
    assert imported.provenance.library == str(theirs.path)
    assert old.digest in library.bind(["make_planks"]).modules
    assert library.merge(theirs).same == ["make-planks", "mine-log", "say-hello", "walk"]


def test_a_missing_folder_is_an_empty_library_until_the_first_write(tmp_path: Path, make_skill):
    library = SkillLibrary(tmp_path / "deep" / "library")
    assert (list(library), library.problems(), library.search("anything")) == ([], [], [])
    assert not library.path.exists()
    library.keep(make_skill("mine_log"))
    assert library.path.is_dir()
