"""Libraries that Voyager published: in, with all versions and helpers, and out again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from voyager_library import publish

from fieldcraft.skills import LibraryError, SkillLibrary, Verified
from fieldcraft.skills.formats.voyager import ImportReport, export_voyager, import_voyager
from fieldcraft.skills.program.javascript import GIVEN, read_script

Imported = tuple[SkillLibrary, ImportReport]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return publish(tmp_path / "trial1")


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """The published library, taken in once for those tests that only read."""
    folder = tmp_path_factory.mktemp("imported")
    library = SkillLibrary(folder / "library")
    return library, import_voyager(publish(folder / "trial1"), library)


def small(folder: Path, code: dict[str, str], **described: str) -> Path:
    """A library of a few skills, in `code/` alone."""
    (folder / "code").mkdir(parents=True)
    (folder / "description").mkdir()
    for name, text in code.items():
        (folder / "code" / f"{name}.js").write_text(text, encoding="utf-8")
    for name, text in described.items():
        (folder / "description" / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def listed(folder: Path, text: str) -> Path:
    """A library of a `skills.json` alone."""
    folder.mkdir()
    (folder / "skills.json").write_text(text, encoding="utf-8")
    return folder


def test_every_skill_that_can_be_read_arrives_untrusted(imported):
    library, report = imported
    assert len(report.added) == len(library) == 22
    assert set(report.refused) == {"code/meltSnow.js", "skills.json: meltSnow"}
    assert all("SyntaxError at line" in reason for reason in report.refused.values())
    assert report.unresolved == {"skills.json: raiseFlag": ["weaveFlag"]}
    for skill in library:
        assert (skill.language, skill.trusted, skill.verified) == ("javascript", False, Verified.NO)
    assert library.problems() == []


def test_every_name_of_a_skill_has_a_home(imported):
    library, _ = imported
    for skill in library:
        known = set(read_script(skill.source).names.free) - GIVEN - skill.dependencies.keys()
        assert known == ({"weaveFlag"} if skill.entry == "raiseFlag" else set())
        assert library.unbound(skill) == []
        assert library.bind([skill.entry]).roots == {skill.entry: skill.digest}


def test_helpers_inside_other_skills_are_found(imported):
    library, report = imported
    assert report.helpers == {
        "countItem": "craftPlanks",
        "equipPickaxe": "mineCobblestone",
        "isFuel": "gatherFuel",
    }
    pickaxe = library.get("craftStonePickaxe")
    assert pickaxe.dependencies["equipPickaxe"] == library.get("mineCobblestone").digest
    bound = library.bind(["craftStonePickaxe"])
    assert {module.entry for module in bound.modules.values()} >= {
        "mineCobblestone",
        "craftPlanks",
        "mineWoodLog",
    }


def test_all_versions_are_kept_the_latest_current(imported):
    library, _ = imported
    digests = library.versions("mineWoodLog")
    first, second = (library.get("mineWoodLog", digest) for digest in digests)
    assert (first.description, second) == ("Mines one oak log.", library.get("mineWoodLog"))
    assert second.description.startswith("Looks for any log around")
    assert library.get("craftPlanks").dependencies == {"mineWoodLog": second.digest}


def test_descriptions_come_out_of_their_wrapping(imported):
    library, report = imported
    assert (
        library.get("craftCraftingTable").description == "Makes a crafting table.\nIt gets the planks first."
    )
    assert library.get("huntCow").description == "Finds a cow and kills it for beef and leather."
    assert library.get("saluerVillageois").description.endswith("à la 日本, même s'il neige ☃.")
    assert library.get("digShelter").description.startswith("A shelter is { deep, dark }")
    assert "no description" in report.notes["skills.json: digShelter"][0]


def test_code_is_kept_as_published_but_for_the_mark(imported):
    library, _ = imported
    assert "\r\n" in library.get("depositLoot").source
    assert library.get("huntCow").source.startswith("async function huntCow")


def test_skills_that_call_each_other_get_a_copy_of_what_closes_the_circle(imported):
    library, report = imported
    assert report.copied == {"skills.json: gatherFuel": ["feedFire"]}
    fire, fuel = library.get("feedFire"), library.get("gatherFuel")
    assert fire.dependencies == {"gatherFuel": fuel.digest, "isFuel": fuel.digest}
    assert fuel.dependencies == {}
    assert set(read_script(fuel.source).functions) == {"isFuel", "gatherFuel", "feedFire"}


def test_a_primitives_name_inside_a_skill_is_the_skills_own(imported):
    library, _ = imported
    assert library.get("carefulMining").dependencies == {}
    assert library.get("mineCobblestone").dependencies == {}
    assert library.get("shoot").entry == "shoot"


def test_a_second_import_changes_nothing(library, published):
    import_voyager(published, library)
    before = {skill.name: skill.digest for skill in library}
    again = import_voyager(published, library)
    assert (again.added, again.updated, again.versions, len(again.same)) == ([], [], 0, 22)
    assert {skill.name: skill.digest for skill in library} == before


def test_ours_stays_current(library, published, make_skill):
    ours = make_skill("huntCow").model_copy(
        update={"source": "async function huntCow(bot) {}", "language": "javascript"}
    )
    library.keep(ours)
    report = import_voyager(published, library)
    assert report.updated == ["hunt-cow"]
    assert library.get("huntCow").digest == ours.digest
    assert len(library.versions("huntCow")) == 2


def test_out_and_in_again_is_the_same_library(library, published, tmp_path, make_skill):
    import_voyager(published, library)
    library.keep(make_skill("walk_home"))
    report = export_voyager(library, tmp_path / "out")
    assert len(report.written) == 22
    assert list(report.left_out) == ["walk-home"]
    out = tmp_path / "out" / "skill"
    names = {path.stem for path in (out / "code").iterdir()}
    assert names == {path.stem for path in (out / "description").iterdir()}
    assert {"mineWoodLog", "mineWoodLogV2"} <= names
    entries = json.loads((out / "skills.json").read_text(encoding="utf-8"))
    assert entries["feedFire"]["code"] == (published / "skill/code/feedFire.js").read_text()
    assert entries["huntCow"]["description"].startswith("async function huntCow(bot) {\n    // Finds a cow")
    again = SkillLibrary(tmp_path / "again")
    import_voyager(tmp_path / "out", again)
    digests = {skill.entry: skill.digest for skill in library if skill.language == "javascript"}
    assert {skill.entry: skill.digest for skill in again} == digests
    with pytest.raises(LibraryError, match="is not empty"):
        export_voyager(library, tmp_path / "out")


def test_duplicate_names_are_told_and_both_kept(library, tmp_path):
    text = """{"digPit": {"code": "async function digPit(bot) { return 1; }", "description": "One."},
               "digPit": {"code": "async function digPit(bot) { return 2; }", "description": "Two."},
               "dig_pit": {"code": "async function dig_pit(bot) { return 3; }", "description": "Three."}}"""
    report = import_voyager(listed(tmp_path / "a", text), library)
    assert report.notes == {
        "skills.json: digPit (2)": ["the name comes again; each is kept as a version, the last is current"]
    }
    assert [library.get("digPit", digest).description for digest in library.versions("digPit")] == [
        "One.",
        "Two.",
    ]
    assert {skill.name: skill.entry for skill in library} == {"dig-pit": "digPit", "dig-pit-2": "dig_pit"}


def test_other_shapes_of_the_list_are_read(library, tmp_path):
    import_voyager(listed(tmp_path / "a", '{"hop": "async function hop(bot) {}"}'), library)
    report = import_voyager(
        listed(tmp_path / "b", '[{"name": "skip", "code": "async function skip(bot) {}"}, {"name": "stop"}]'),
        library,
    )
    assert {skill.entry: skill.description for skill in library} == {"hop": "Hop.", "skip": "Skip."}
    assert report.refused == {"skills.json: stop": "it holds no code"}


def test_a_broken_list_leaves_the_files(library, tmp_path):
    folder = small(tmp_path / "a", {"hop": "async function hop(bot) {}"}, hop="Hops.")
    (folder / "skills.json").write_text('{"hop": ', encoding="utf-8")
    (folder / "code" / "odd.js").write_bytes(b"\xff\xfe\x00")
    (folder / "code" / "empty.js").write_text("", encoding="utf-8")
    report = import_voyager(folder, library)
    assert report.added == ["hop"]
    assert set(report.refused) == {"skills.json", "code/odd.js", "code/empty.js"}


def test_what_would_run_on_loading_is_left_out(library, tmp_path):
    code = "export async function hop(bot) { await jump(bot); }\nmodule.exports = { hop };\nhop(bot);\n"
    report = import_voyager(
        small(tmp_path / "a", {"hop": code, "jump": "async function jump(bot) {}"}), library
    )
    assert library.get("hop").source == "async function hop(bot) { await jump(bot); }\n\n\n"
    assert report.notes["code/hop.js"][:2] == [
        "the word `export` was taken off",
        "line 2, outside every function, was left out: `module.exports = { hop };`",
    ]


def test_a_folder_without_a_library_says_what_was_looked_for(library, tmp_path, published):
    with pytest.raises(LibraryError, match=r"no skills.json and no code/"):
        import_voyager(tmp_path / "nowhere", library)
    with pytest.raises(LibraryError, match="name one of them: trial1"):
        import_voyager(published.parent, library)
