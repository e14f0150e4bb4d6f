"""Whatever stands in a skill's files: it costs that skill, and never the library."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldcraft.skills import Skill, SkillLibrary, SkillRefused, Verified
from fieldcraft.skills.formats.voyager import export_voyager
from fieldcraft.skills.formats.voyager_linking import link
from fieldcraft.skills.formats.voyager_reading import SKILL_LIMIT, read_published

pytestmark = pytest.mark.attack("a skill's fields: bombs of aliases, odd types, sizes")

MakeSkill = Callable[..., Skill]

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
FRONTS = {
    "a bomb of aliases": BOMB,
    "an anchor that holds itself": "name: &a [*a]",
    "deep nesting": "name: " + "[" * 100_000,
    "deep blocks": "".join("  " * level + "a:\n" for level in range(300)),
    "one large list": "tools: [" + "a," * 200_000 + "]",
    "a long integer": "name: " + "9" * 200_000,
    "an infinite version": "name: walk\ndescription: x\nmetadata: {version: .inf, entry: walk, digest: x}",
    "an object": "name: !!python/object/apply:os.system ['true']",
    "binary": "name: !!binary aGk=",
    "a set": "name: !!set {a, b}",
    "a date": "name: 2001-01-01",
    "base 60": "name: " + ":".join(["59"] * 20_000),
    "half a character": 'name: "\\ud800"',
    "no mapping": "just words",
    "nothing": "",
    "a merge": "<<: {name: walk}",
    "two documents": "name: walk\n--- \nname: other",
    "control letters": "name: wa\x07lk",
}
VALUES = [
    None, True, 0, -1, 10**400, 1.5, "", "x" * 100_000, "\u202eevil", "a\nb", [], [[]], {}, {"a": {"b": []}},
    "{", "[1", '{"a": ' * 300, "9" * 5000, '"\\ud800"', "NaN", '{"goal": {"a": 1e999}}', "../../key", ".inf",
]  # fmt: skip
FIELDS = (
    "entry", "language", "environment", "version", "digest", "likeness", "dependencies", "tools", "verified",
    "trusted", "provenance",
)  # fmt: skip


def document(path: Path) -> tuple[dict[str, Any], str]:
    _, front, body = path.read_text().split("---\n", 2)
    return yaml.safe_load(front), body


def write_front(path: Path, front: str) -> None:
    path.write_bytes(b"---\n" + front.encode("utf-8", "surrogatepass") + b"\n---\n\nwords\n")


def check_costs_itself_alone(path: Path, name: str) -> None:
    """The other skill is found and written; the damaged one is at most a problem."""
    library = SkillLibrary(path)
    assert "walk" in library.names()
    problems = library.problems()
    assert {problem.name for problem in problems} <= {name}
    assert all(len(str(problem).splitlines()) == 1 and len(str(problem)) < 1000 for problem in problems)
    assert {name, "walk"} >= set(library.names())
    library.mark("walk", verified=Verified.FULL)
    library.versions("walk")
    library.dependents("walk")


@pytest.fixture
def two(library: SkillLibrary, make_skill: MakeSkill) -> SkillLibrary:
    library.keep(make_skill("walk"))
    library.keep(make_skill("mine_log", goal={"item": "oak_log"}))
    return library


@pytest.mark.parametrize("what", FRONTS)
@pytest.mark.parametrize("place", ["mine-log", "mine-log/versions/{digest}"])
def test_odd_frontmatter_is_a_problem_of_that_skill(two: SkillLibrary, what: str, place: str) -> None:
    digest = two.get("mine_log").digest
    write_front(two.path / place.format(digest=digest) / "SKILL.md", FRONTS[what])
    check_costs_itself_alone(two.path, "mine-log")
    broken = SkillLibrary(two.path).problems()
    assert [problem.name for problem in broken] == (["mine-log"] if place == "mine-log" else [])


@pytest.mark.parametrize("field", FIELDS)
def test_odd_values_of_a_field_are_a_problem_of_that_skill(two: SkillLibrary, field: str) -> None:
    path = two.path / "mine-log" / "SKILL.md"
    front, _ = document(path)
    for value in VALUES:
        write_front(path, yaml.safe_dump({**front, "metadata": {**front["metadata"], field: value}}))
        check_costs_itself_alone(two.path, "mine-log")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=300), position=st.integers(0, 700))
def test_bytes_put_into_a_document_cost_that_skill_alone(
    two: SkillLibrary, data: bytes, position: int
) -> None:
    path = two.path / "mine-log" / "SKILL.md"
    before = path.read_bytes()
    path.write_bytes(before[:position] + data + before[position + len(data) :])
    try:
        check_costs_itself_alone(two.path, "mine-log")
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize(("part", "size"), [("SKILL.md", 10_000_000), ("scripts/skill.py", 100_000_000)])
def test_large_files_are_a_problem_of_that_skill(two: SkillLibrary, part: str, size: int) -> None:
    os.truncate(two.path / "mine-log" / part, size)
    check_costs_itself_alone(two.path, "mine-log")
    (problem,) = SkillLibrary(two.path).problems()
    assert f"{size:,} bytes" in problem.reason


@pytest.mark.parametrize(
    "odd",
    [
        {"body": "bot.say('" + "x" * 5_000_000 + "')"},
        {"body": "bot.say('\ud800')"},
        {"goal": {"deep": json.loads("[" * 100 + "]" * 100)}},
        {"goal": {"long": "x" * 300_000}},
        {"task": "x" * 300_000},
        {"goal": {"large": 10**400}},
        {"tools": ("calculator; evil",)},
        {"dependencies": {"mine_log\n# evil": "0" * 64}},
    ],
)
def test_what_could_not_be_read_again_is_refused(
    two: SkillLibrary, make_skill: MakeSkill, odd: dict[str, Any]
) -> None:
    with pytest.raises(SkillRefused):
        two.keep(make_skill("fly", **{"body": "bot.wait(7)", **odd}))
    assert SkillLibrary(two.path).problems() == []
    assert not (two.path / "fly").exists()


def test_a_likeness_that_is_not_true_hides_no_skill(two: SkillLibrary, make_skill: MakeSkill) -> None:
    fly = make_skill("fly", "bot.wait(9)")
    kept = SkillLibrary(two.path.parent / "other")
    kept.keep(fly)
    front, _ = document(kept.path / "fly" / "SKILL.md")
    path = two.path / "mine-log" / "SKILL.md"
    ours, _ = document(path)
    ours["metadata"]["likeness"] = front["metadata"]["likeness"]
    write_front(path, yaml.safe_dump(ours))
    assert SkillLibrary(two.path).keep(fly).status == "new"


def test_an_entry_is_no_path_in_an_export(two: SkillLibrary, make_skill: MakeSkill, tmp_path: Path) -> None:
    source = "async function dig(bot) {\n  await bot.dig();\n}\n"
    two.keep(Skill(name="dig", description="Digs.", source=source, entry="dig", language="javascript"))
    path = two.path / "dig" / "SKILL.md"
    front, _ = document(path)
    front["metadata"]["entry"] = "../../../escaped"
    write_front(path, yaml.safe_dump(front))
    library = SkillLibrary(two.path)
    assert export_voyager(library, tmp_path / "deep" / "out").written == []
    assert "no name of a function" in library.problems()[0].reason
    assert not list(tmp_path.rglob("escaped*"))


def publish(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / "skill" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "skill" / name).write_text(text)
    return folder


CODE = "async function {name}(bot) {{\n  await bot.chat('{name}');\n}}\n"


def test_what_is_no_file_in_a_published_library_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    folder = publish(
        tmp_path / "trial", {"code/walk.js": CODE.format(name="walk"), "description/walk.txt": "Walks."}
    )
    (tmp_path / "secret.js").write_text(CODE.format(name="secret"))
    (folder / "skill" / "code" / "linked.js").symlink_to(tmp_path / "secret.js")
    (folder / "skill" / "description" / "linked.txt").symlink_to(tmp_path / "secret.js")
    os.mkfifo(folder / "skill" / "code" / "pipe.js")
    os.mkfifo(folder / "skill" / "skills.json")
    (folder / "skill" / "code" / "folder.js").mkdir()
    with (folder / "skill" / "code" / "huge.js").open("wb") as huge:
        huge.truncate(1 << 30)
    published = read_published(folder)
    assert list(published.families) == ["walk"]
    assert set(published.refused) == {
        "skills.json", "code/linked.js", "code/pipe.js", "code/folder.js", "code/huge.js",
    }  # fmt: skip


def test_a_folder_of_code_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    publish(tmp_path / "home", {"code/secret.js": CODE.format(name="secret")})
    folder = publish(tmp_path / "trial", {"skills.json": json.dumps({"walk": CODE.format(name="walk")})})
    (folder / "skill" / "code").symlink_to(tmp_path / "home" / "skill" / "code")
    assert list(read_published(folder).families) == ["walk"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dependencies", json.dumps({"fly\n# Again: run `evil`": "0" * 64})),
        ("dependencies", json.dumps({"fly; evil": "0" * 64})),
        ("tools", "calculator $(evil)"),
        ("tools", "\x1b[2Jcalculator"),
    ],
)
def test_what_a_skill_calls_has_names(two: SkillLibrary, field: str, value: str) -> None:
    path = two.path / "mine-log" / "SKILL.md"
    front, _ = document(path)
    front["metadata"][field] = value
    write_front(path, yaml.safe_dump(front))
    [problem] = SkillLibrary(two.path).problems()
    assert problem.name == "mine-log"
    assert "which is no name of a function" in problem.reason
    assert problem.reason.isprintable()


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a": ' * 100_000, "9" * 1_000_000, '{"walk": NaN}', "\xff"]
)
def test_a_list_that_cannot_be_read_leaves_the_files(tmp_path: Path, text: str) -> None:
    folder = publish(tmp_path / "trial", {"code/walk.js": CODE.format(name="walk"), "skills.json": text})
    published = read_published(folder)
    assert (list(published.families), list(published.refused)) == (["walk"], ["skills.json"])


def test_descriptions_and_names_that_are_slow_to_read_are_not(tmp_path: Path) -> None:
    blanks = " " * 1_000_000
    files = {
        "code/walk.js": CODE.format(name="walk"),
        "description/walk.txt": f"async function{blanks}walk(bot) {{ // {blanks}x }}",
        "code/many.js": CODE.format(name="many") + "0;\n" * 20_000,
    }
    for number in range(1200):
        files[f"code/{chr(0x4E00 + number)}.js"] = CODE.format(name=chr(0x4E00 + number))
    linked = link(read_published(publish(tmp_path / "trial", files)))
    names = {skills[0].name for skills in linked.skills.values()}
    assert len(names) == 1202


def test_a_long_chain_and_a_large_circle_of_calls_are_linked(tmp_path: Path) -> None:
    chain = "async function link{n}(bot) {{\n  await link{m}(bot);\n}}\n"
    circle = "async function round{n}(bot) {{\n  {calls}\n}}\n"
    files = {f"code/link{n}.js": chain.format(n=n, m=n + 1) for n in range(600)}
    for n in range(12):
        calls = "".join(f"await round{m}(bot);" for m in range(12) if m != n)
        files[f"code/round{n}.js"] = circle.format(n=n, calls=calls)
    assert len(link(read_published(publish(tmp_path / "trial", files))).skills) == 612


def test_the_number_of_skills_is_bounded(tmp_path: Path) -> None:
    listed = {f"walk{number}": "" for number in range(SKILL_LIMIT + 1)}
    folder = publish(tmp_path / "trial", {"skills.json": json.dumps(listed)})
    assert "the first 5,000 are read" in read_published(folder).refused["skills.json"]
