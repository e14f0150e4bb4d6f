"""What a person or another program wrote into a skill's folder outlives our own writing."""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldcraft.common.yaml import read_yaml
from fieldcraft.skills import Skill, SkillLibrary, SkillRefused, Verified
from fieldcraft.skills.formats.keeping import kept_document, new_document

GET_LOG = Skill(
    name="get-log",
    entry="get_log",
    description="Get a log.",
    source='def get_log(bot):\n    """Get a log."""\n    bot.mine("oak_log")\n',
)
NEWER = GET_LOG.model_copy(update={"source": GET_LOG.source.replace("oak", "birch")})
THEIRS = """\
# Written in the winter of 2026.
license: Apache-2.0   # see LICENSE
allowed-tools: [Read, "Bash(git:*)"]

x-since: 2026-01-31
"""
THEIR_METADATA = """\
  # of another program
  author: Ann
  com.example/rating:
    stars: 5
"""
NOTES = "\n## Notes\n\nWorks best at night.  \n--- not a fence\n"


def annotate(folder: Path) -> None:
    """Write into SKILL.md as a person does."""
    document = folder / "SKILL.md"
    head, metadata, rest = document.read_text().partition("metadata:\n")
    own, fence, body = rest.partition("---\n")
    document.write_text(f"{head}{THEIRS}{metadata}{THEIR_METADATA}{own}{fence}{body}{NOTES}")


def changed(before: str, after: str) -> list[str]:
    """The keys of the lines that differ."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return sorted({line[2:].partition(":")[0].strip() for line in lines if line[0] in "+-"})


def is_kept(document: Path) -> bool:
    text = document.read_text()
    return THEIRS in text and THEIR_METADATA in text and text.endswith(NOTES)


@pytest.fixture
def annotated(tmp_path: Path) -> Path:
    library = SkillLibrary(tmp_path / "library")
    library.keep(GET_LOG)
    annotate(library.path / "get-log")
    return library.path


def test_marking_changes_our_keys_only(annotated: Path) -> None:
    document = annotated / "get-log/SKILL.md"
    before = document.read_text()
    SkillLibrary(annotated).mark("get-log", verified=Verified.FULL, trusted=False)
    assert changed(before, document.read_text()) == ["trusted", "verified"]
    marked = SkillLibrary(annotated).get("get-log")
    assert (marked.verified, marked.trusted, marked.digest) == (Verified.FULL, False, GET_LOG.digest)


def test_accepting_an_edit_keeps_what_was_written(annotated: Path) -> None:
    script = annotated / "get-log/scripts/skill.py"
    script.write_text(NEWER.source)
    before = (annotated / "get-log/SKILL.md").read_text()
    accepted = SkillLibrary(annotated).accept("get-log")
    for document in (
        annotated / "get-log/SKILL.md",
        annotated / f"get-log/versions/{accepted.digest}/SKILL.md",
    ):
        assert is_kept(document)
        was, now = (
            yaml.safe_load(text.split("---\n")[1])["metadata"] for text in (before, document.read_text())
        )
        differing = {key for key in was if was[key] != now[key]}
        assert differing == {"digest", "likeness", "provenance", "version"}
    assert SkillLibrary(annotated).problems() == []


def test_an_accepted_description_is_the_one_in_our_text_too(annotated: Path) -> None:
    document = annotated / "get-log/SKILL.md"
    document.write_text(document.read_text().replace("description: Get a log.", "description: Fetch a log."))
    SkillLibrary(annotated).accept("get-log")
    assert "\n# get-log\n\nFetch a log.\n" in document.read_text()
    assert is_kept(document)


def test_text_that_was_written_in_place_of_ours_stays(annotated: Path) -> None:
    document = annotated / "get-log/SKILL.md"
    head = document.read_text().partition("\n# get-log")[0]
    document.write_text(f"{head}\nAll my own words.\n")
    library = SkillLibrary(annotated)
    library.mark("get-log", verified=Verified.PARTIAL)
    library.keep(NEWER)
    assert document.read_text().endswith("---\n\nAll my own words.\n")


def test_a_new_version_and_the_way_back_keep_what_was_written(annotated: Path) -> None:
    library = SkillLibrary(annotated)
    library.keep(NEWER)
    assert is_kept(annotated / "get-log/SKILL.md")
    document = annotated / "get-log/SKILL.md"
    document.write_text(document.read_text().replace("author: Ann", "author: Bob"))
    SkillLibrary(annotated).keep(GET_LOG)
    assert SkillLibrary(annotated).get("get-log").digest == GET_LOG.digest
    assert "author: Bob" in document.read_text()


def test_a_merge_leaves_what_was_written_alone(annotated: Path, tmp_path: Path) -> None:
    theirs = SkillLibrary(tmp_path / "theirs")
    theirs.keep(NEWER)
    before = (annotated / "get-log/SKILL.md").read_bytes()
    SkillLibrary(annotated).merge(theirs)
    assert (annotated / "get-log/SKILL.md").read_bytes() == before


KILLED = """
import os, signal, sys
from fieldcraft.common.files import Folder
from fieldcraft.skills import SkillLibrary
from fieldcraft.skills.library import writing
left = int(sys.argv[2])
for place, name in ((Folder, "write"), (writing, "create_tree")):
    def counted(*arguments, _do=getattr(place, name), **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return _do(*arguments, **named)
    setattr(place, name, counted)
SkillLibrary(sys.argv[1]).accept("get-log")
"""


@pytest.mark.slow
def test_what_was_written_outlives_a_kill_at_any_write_of_accept(tmp_path: Path) -> None:
    for writes in range(5):
        library = SkillLibrary(tmp_path / str(writes))
        library.keep(GET_LOG)
        annotate(library.path / "get-log")
        (library.path / "get-log/scripts/skill.py").write_text(NEWER.source)
        command = [sys.executable, "-c", KILLED, str(library.path), str(writes)]
        ended = subprocess.run(command, env=os.environ, check=False).returncode
        assert ended == (-9 if writes < 4 else 0)
        again = SkillLibrary(library.path)
        with again.writing():
            if again.problems():
                again.accept("get-log")
        assert is_kept(library.path / "get-log/SKILL.md")
        assert again.get("get-log").digest == NEWER.digest


def test_a_skill_written_by_hand_is_accepted_as_it_was_written(tmp_path: Path) -> None:
    folder = tmp_path / "library/walk-far"
    (folder / "scripts").mkdir(parents=True)
    (folder / "references").mkdir()
    (folder / "references/map.md").write_text("north\n")
    (folder / "scripts/skill.py").write_text("def walk_far(bot):\n    bot.explore()\n")
    (folder / "scripts/skill.js").write_text("// of another agent\n")
    (folder / "scripts/helper.py").write_text("print(1)\n")
    written = "license: MIT\nname: walk-far\n# why\ndescription: Walk far.\ncompatibility: Needs legs\n"
    (folder / "SKILL.md").write_text(f"---\n{written}---\n# Walking\n\nJust walk.\n")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    SkillLibrary(tmp_path / "library").accept("walk-far")
    text = (folder / "SKILL.md").read_text()
    assert text.startswith(f"---\n{written}metadata:\n")
    assert text.endswith("---\n# Walking\n\nJust walk.\n")
    del before[folder / "SKILL.md"]
    assert all(path.read_bytes() == content for path, content in before.items())
    assert SkillLibrary(tmp_path / "library").get("walk_far").entry == "walk_far"


@pytest.mark.parametrize("word", ["0E0", "1e5", "12", "0x1f", "1_000", ".5", "yes", "null", "2026-01-31"])
def test_our_text_that_looks_like_a_number_is_read_back_as_text(word: str) -> None:
    text = new_document({"name": word, "metadata": {"environment": word}}, "")
    assert read_yaml(text.removeprefix("---\n").removesuffix("---\n")) == {
        "name": word,
        "metadata": {"environment": word},
    }


@pytest.mark.parametrize(
    "written",
    [
        "{name: a, description: A., license: MIT, metadata: {author: Ann, entry: old}}\n",
        "name: &n a\ndescription: A.\nlicense: MIT\nmetadata: {author: Ann, also: *n, entry: old}\n",
        "name: &n a\ndescription: *n\nlicense: MIT\nmetadata:\n    author: Ann\n    entry: old\n",
        '"name": a\n? description\n: A.\nlicense: |\n  MIT\n# end\nmetadata:\n  entry: old\n  author: Ann\n',
        "metadata:\nlicense: MIT\nname: a\ndescription: >\n   A.\n\n   # no comment\n",
        "name: a\nlicense: MIT\non: push\n1: one\nmetadata:\n  author: Ann\n",
        "name: a\nx: &x {license: MIT}\n<<: *x\nmetadata:\n  author: Ann\n  <<: {b: c}\n",
        "name: a\r\nlicense: MIT\r\nmetadata:\r\n  author: Ann\r\n",
    ],
)
def test_however_it_is_laid_out_the_data_stay(written: str) -> None:
    front = {"name": "b", "description": "B:\n---\n#.", "metadata": {"entry": "new", "verified": "no"}}
    had = yaml.safe_load(written)
    text = kept_document(f"---\n{written}---\nWords.\n", front, "\nOurs.\n")
    _, head, body = text.split("---\n", 1)[0], *text.removeprefix("---\n").split("\n---\n", 1)
    now = yaml.safe_load(head)
    assert body == "Words.\n"
    assert (now["name"], now["description"]) == ("b", front["description"])
    assert now["license"] == had["license"]
    assert now["metadata"] == {**(had["metadata"] or {}), **front["metadata"]} if "metadata" in had else True


def test_frontmatter_that_cannot_be_read_is_not_overwritten(annotated: Path) -> None:
    document = annotated / "get-log/SKILL.md"
    document.write_text(
        document.read_text().replace("license: ", "deep: " + "[" * 80 + "]" * 80 + "\nlicense: ")
    )
    before = document.read_bytes()
    with pytest.raises(SkillRefused):
        SkillLibrary(annotated).keep(NEWER)
    assert document.read_bytes() == before


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-999, 999)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc-", min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = st.text("abcdefgh.-/", min_size=1, max_size=12).filter(lambda key: key[0].isalpha())


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.dictionaries(KEYS, PLAIN, max_size=5), st.dictionaries(KEYS, PLAIN, max_size=5), st.booleans())
def test_anything_that_others_wrote_is_kept_when_our_values_change(
    theirs: dict[str, Any], metadata: dict[str, Any], flow: bool
) -> None:
    old = {"name": "a", "description": "A.", "metadata": {"entry": "a", "verified": "no"}}
    new = {"name": "a", "description": "A: b", "metadata": {"entry": "a", "verified": "full"}}
    data = {**theirs, **old, "metadata": {**metadata, **old["metadata"]}}  # type: ignore[dict-item]
    head = yaml.safe_dump(data, default_flow_style=flow or None, allow_unicode=True)
    text = kept_document(f"---\n{head}---\n\nOurs.\n", new, "\nNew.\n", ["\nOurs.\n"])
    again = read_yaml(text.removeprefix("---\n").partition("\n---\n")[0])
    had = read_yaml(head)
    assert again == {**had, **new, "metadata": {**had["metadata"], **new["metadata"]}}  # type: ignore[dict-item]
    assert text.endswith("---\n\nNew.\n")


def test_what_nobody_else_wrote_in_is_written_as_ever(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        library = SkillLibrary(folder)
        library.keep(GET_LOG)
        library.mark("get-log", verified=Verified.FULL)
        fresh = SkillLibrary(Path(folder, "other"))
        fresh.keep(GET_LOG.model_copy(update={"verified": Verified.FULL}))
        document = Path("get-log/SKILL.md")
        assert (library.path / document).read_bytes() == (fresh.path / document).read_bytes()


def test_a_new_document_has_our_text() -> None:
    assert (
        new_document({"name": "a", "metadata": {}}, "\n# a\n") == "---\nname: a\nmetadata: {}\n---\n\n# a\n"
    )


def test_removing_a_skill_with_files_of_others_needs_force(annotated: Path) -> None:
    (annotated / "get-log/references").mkdir()
    (annotated / "get-log/references/map.md").write_text("north\n")
    library = SkillLibrary(annotated)
    with pytest.raises(SkillRefused, match=r"other files too \(references/map.md\); move them away, or use"):
        library.remove("get-log")
    assert (annotated / "get-log/references/map.md").exists()
    library.remove("get-log", force=True)
    assert not (annotated / "get-log").exists()


def test_removing_a_skill_without_files_of_others_needs_none(annotated: Path) -> None:
    SkillLibrary(annotated).remove("get-log")
    assert not (annotated / "get-log").exists()


def test_accepting_a_sound_skill_leaves_it_verified(annotated: Path) -> None:
    SkillLibrary(annotated).mark("get-log", verified=Verified.FULL)
    document = annotated / "get-log/SKILL.md"
    document.write_text(document.read_text().replace("environment: ''", "environment: meadow-v1"))
    accepted = SkillLibrary(annotated).accept("get-log")
    assert (accepted.verified, accepted.environment) == (Verified.FULL, "meadow-v1")
    assert SkillLibrary(annotated).get("get-log") == accepted
    assert is_kept(document)


def test_going_back_to_a_kept_version_by_hand_keeps_its_standing(annotated: Path) -> None:
    library = SkillLibrary(annotated)
    library.mark("get-log", verified=Verified.FULL)
    library.keep(NEWER)
    (annotated / "get-log/scripts/skill.py").write_text(GET_LOG.source)
    accepted = SkillLibrary(annotated).accept("get-log")
    assert (accepted.digest, accepted.verified) == (GET_LOG.digest, Verified.FULL)
    assert SkillLibrary(annotated).get("get-log") == accepted
    assert is_kept(annotated / "get-log/SKILL.md")


def test_a_version_that_was_taken_away_is_not_lost_with_the_next_one(annotated: Path) -> None:
    shutil.rmtree(annotated / "get-log/versions")
    library = SkillLibrary(annotated)
    library.mark("get-log", verified=Verified.PARTIAL)
    shutil.rmtree(annotated / "get-log/versions")
    SkillLibrary(annotated).keep(NEWER)
    again = SkillLibrary(annotated)
    assert again.versions("get-log") == [GET_LOG.digest, NEWER.digest]
    assert again.get("get-log", GET_LOG.digest).verified is Verified.PARTIAL


def test_who_may_read_a_document_stays(annotated: Path) -> None:
    document = annotated / "get-log/SKILL.md"
    document.chmod(0o600)
    library = SkillLibrary(annotated)
    library.mark("get-log", verified=Verified.FULL)
    library.keep(NEWER)
    kept = annotated / f"get-log/versions/{NEWER.digest}/SKILL.md"
    assert [path.stat().st_mode & 0o777 for path in (document, kept)] == [0o600, 0o600]


def test_files_with_names_that_cannot_be_shown_are_asked_for_too(annotated: Path) -> None:
    (annotated / "get-log/scripts/\x07").write_text("ring")
    with pytest.raises(SkillRefused, match=r"scripts/\(entries with names that cannot be shown: 1\)"):
        SkillLibrary(annotated).remove("get-log")


def test_line_ends_stay(annotated: Path) -> None:
    document = annotated / "get-log/SKILL.md"
    document.write_bytes(document.read_bytes().replace(b"\n", b"\r\n"))
    SkillLibrary(annotated).mark("get-log", verified=Verified.FULL)
    assert document.read_bytes().count(b"\r\n") == document.read_bytes().count(b"\n") > 20
    assert SkillLibrary(annotated).get("get-log").verified is Verified.FULL
