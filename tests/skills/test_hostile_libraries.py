"""Libraries whose skills call each other thousands deep, doubling or in circles, take linear time."""

from __future__ import annotations

import json
import sys
import time

import pytest

from fieldcraft.skills import Skill, SkillLibrary, SkillRefused
from fieldcraft.skills.formats.agent_skills import render
from fieldcraft.skills.formats.voyager import import_voyager
from fieldcraft.skills.search.index import views_of

pytestmark = pytest.mark.attack("a library whose calls go deep, double and run in circles")

DEEP = 2 * sys.getrecursionlimit()
SECONDS = 300.0
"""Far more than it takes on a machine that may be busy, and far less than anything quadratic would."""


@pytest.fixture(autouse=True)
def in_time():
    begin = time.monotonic()
    yield
    assert time.monotonic() - begin < SECONDS


def write(folder, skills: list[Skill]) -> SkillLibrary:
    """A library as it may come from the net: written without asking ours."""
    for skill in skills:
        files = render(skill, 1)
        for place in (folder / skill.name, folder / skill.name / "versions" / skill.digest):
            (place / "scripts").mkdir(parents=True)
            for path, text in files.items():
                (place / path).write_text(text)
    return SkillLibrary(folder, tools=())


def chain(make_skill, length: int, width: int = 1) -> list[Skill]:
    """Skills that each call the `width` before them."""
    skills: list[Skill] = []
    for number in range(length):
        called = {skill.entry: skill.digest for skill in skills[-width:]}
        body = "; ".join(f"{entry}(bot)" for entry in called) or "pass"
        skills.append(make_skill(f"step_{number}", body, dependencies=called))
    return skills


def test_a_deep_chain_of_calls_is_checked_and_bound(tmp_path, make_skill):
    library = write(tmp_path / "deep", chain(make_skill, DEEP))
    last = library.get(f"step_{DEEP - 1}")
    assert library.problems() == []
    assert len(library.bind([last.entry]).modules) == DEEP
    assert library.tools_of(last) == frozenset()
    assert library.dependents("step_0") == ["step-1"]


def test_a_program_of_an_earlier_version_that_is_too_long_to_be_read_is_named(tmp_path, make_skill):
    long = make_skill("walk", "pass\n" + "    # far\n" * 7_000)
    library = write(tmp_path / "long", [long])
    assert library.get("walk") == long
    (problem,) = library.problems()
    assert (problem.name, problem.cure) == ("walk", "split it into several skills")


def test_folders_with_names_that_cannot_be_shown_are_counted_in_one_line(tmp_path, make_skill):
    library = write(tmp_path / "odd", [make_skill("walk")])
    for number in range(3):
        (library.path / f"\x1b[{number}m").mkdir()
    (problem,) = library.problems()
    assert str(problem).startswith("folders skipped, because their names cannot be shown: 3;")


def test_calls_that_double_at_each_step_are_bound_once(tmp_path, make_skill):
    library = write(tmp_path / "doubling", chain(make_skill, 300, width=20))
    last = library.get("step_299")
    assert len(library.bind([last.entry]).modules) == 300
    assert library.tools_of(last) == frozenset()


def test_versions_that_nobody_has_are_told_in_time(tmp_path, make_skill):
    lacking = {f"lost_{number}": f"{number:064d}" for number in range(40)}
    skills = [make_skill(f"step_{number}", dependencies=lacking) for number in range(500)]
    library = write(tmp_path / "lacking", skills)
    assert len(library.problems()) == 500


def test_a_deep_chain_is_merged(tmp_path, make_skill):
    theirs = write(tmp_path / "theirs", chain(make_skill, 1100)[::-1])
    ours = SkillLibrary(tmp_path / "ours")
    report = ours.merge(theirs)
    assert (len(report.added), report.refused) == (1100, {})


def test_a_long_way_back_to_the_skill_itself_is_told_in_short(tmp_path, make_skill):
    skills = chain(make_skill, 300)
    library = write(tmp_path / "library", skills)
    again = make_skill("step_0", "step_299(bot)", dependencies={"step_299": skills[-1].digest})
    with pytest.raises(SkillRefused, match="would call itself") as refused:
        library.keep(again)
    assert len(str(refused.value)) < 500


def published(folder, sources: dict[str, str]):
    (folder / "skill").mkdir(parents=True)
    entries = {name: {"code": code, "description": f"{name} does."} for name, code in sources.items()}
    (folder / "skill" / "skills.json").write_text(json.dumps(entries))
    return folder


def ring(length: int, calls: int) -> dict[str, str]:
    """Functions that each call the next ones, the last the first."""
    return {
        f"step{number}": f"async function step{number}(bot) {{"
        + "".join(f" await step{(number + ahead) % length}(bot);" for ahead in range(1, calls + 1))
        + " }"
        for number in range(length)
    }


def test_a_large_circle_of_calls_costs_one_skill(tmp_path):
    report = import_voyager(published(tmp_path / "ring", ring(500, 1)), SkillLibrary(tmp_path / "library"))
    assert len(report.refused) == 1
    assert "circle of calls" in next(iter(report.refused.values()))
    assert len(report.added) == 499


def test_skills_that_all_call_each_other_are_not_copied_without_end(tmp_path):
    report = import_voyager(published(tmp_path / "all", ring(120, 119)), SkillLibrary(tmp_path / "library"))
    assert any("circle of calls" in reason for reason in report.refused.values())
    assert len(report.refused) + len(report.added) == 120


def test_ten_skills_of_one_folder_name_each_get_one(tmp_path):
    sources = {
        name: f"async function {name}(bot) {{}}"
        for name in ("goHome", "go_Home", "go_home", "GoHome", "gohome", "$goHome", "_goHome", "goHome_")
    }
    library = SkillLibrary(tmp_path / "library")
    report = import_voyager(published(tmp_path / "alike", sources), library)
    assert (len(library), report.refused) == (8, {})


@pytest.mark.parametrize(
    "description",
    ["function" + " " * 500_000 + "x", "/* " + "a" + " " * 500_000 + "b", "*/" * 200_000, "}" * 300_000],
)
def test_descriptions_that_are_hard_to_clean_are_cleaned(tmp_path, description):
    folder = published(tmp_path / "described", {"walk": "async function walk(bot) {}"})
    entry = {"walk": {"code": "async function walk(bot) {}", "description": description}}
    (folder / "skill" / "skills.json").write_text(json.dumps(entry))
    library = SkillLibrary(tmp_path / "library")
    import_voyager(folder, library)
    assert len(library.get("walk").description) <= 1024


def test_what_a_skill_is_found_by_is_bounded(make_skill):
    goal: dict[str, object] = {"last": "word"}
    for _ in range(5_000):
        goal = {"deeper": goal}
    skill = make_skill("walk", goal=goal, task="far " * 1_000_000)
    source = f'def walk(bot):\n    """{"long " * 11_000}"""\n'
    views = views_of(skill.model_copy(update={"source": source}))
    assert len(views.words) <= 8_000


def test_queries_of_any_length_are_answered(library, make_skill):
    library.keep(make_skill("mine_stone", description="Mines stone."))
    for query in (
        "stone " * 300_000,
        " ".join(f"w{n}" for n in range(100_000)),
        "\ud83d\udc7e stone \ud800\0",
    ):
        assert library.search(query)[0].skill.entry == "mine_stone"
