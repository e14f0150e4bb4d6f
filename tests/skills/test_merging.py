"""A merge or an import never replaces, loses or un-verifies what is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldcraft.skills import Skill, SkillLibrary, SkillRefused, Verified
from fieldcraft.skills.formats.voyager import export_voyager, import_voyager
from fieldcraft.skills.library.admission import Walked, check_admissible

ENTRIES = ("mine_log", "get_log", "walk", "dig")


def skill(entry: str, body: str, name: str = "", **more: object) -> Skill:
    return Skill.model_validate(
        {
            "name": name or entry.replace("_", "-"),
            "entry": entry,
            "description": f"{entry}.",
            "source": f"def {entry}(bot):\n    {body}\n",
            **more,
        }
    )


def state(library: Path) -> dict[str, tuple[str, str, bool, dict[str, tuple[str, bool]]]]:
    """By name: the current digest and its standing, and the standing of every version. By a fresh reader."""
    opened = SkillLibrary(library)
    assert opened.problems() == []
    return {
        each.name: (
            each.digest,
            str(each.verified),
            each.trusted,
            {
                digest: (str(version.verified), version.trusted)
                for digest in opened.versions(each.name)
                for version in [opened.get(each.name, digest)]
            },
        )
        for each in opened
    }


def files(library: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(library)): path.read_bytes()
        for path in sorted(library.rglob("*"))
        if path.is_file() and ".fieldcraft" not in path.parts
    }


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Ours has a verified `get-log`, theirs another one; as two processes wrote them."""
    for name, block in (("ours", "oak_log"), ("theirs", "birch_log")):
        library = SkillLibrary(tmp_path / name)
        verified = Verified.FULL if name == "ours" else Verified.NO
        library.keep(skill("get_log", f'bot.mine("{block}")', verified=verified))
    return tmp_path / "ours", tmp_path / "theirs"


@pytest.mark.attack("a merge or an import in the place of what is yours")
def test_ours_stays_current_in_a_process_that_has_read_nothing_yet(two: tuple[Path, Path]) -> None:
    ours, theirs = two
    before = state(ours)["get-log"]
    report = SkillLibrary(ours).merge(SkillLibrary(theirs))
    after = state(ours)["get-log"]
    assert (report.added, report.versions, report.better) == ([], ["get-log"], {"get-log": "ours"})
    assert after[:3] == before[:3]
    [new] = after[3].keys() - before[3].keys()
    assert after[3][new] == ("no", False)


def test_the_better_verified_one_is_named(two: tuple[Path, Path]) -> None:
    ours, theirs = two
    SkillLibrary(ours).mark("get-log", verified=Verified.NO)
    SkillLibrary(theirs).mark("get-log", verified=Verified.PARTIAL)
    assert SkillLibrary(ours).merge(SkillLibrary(theirs)).better == {"get-log": "theirs"}


def test_what_was_kept_by_another_process_meanwhile_stays_current(two: tuple[Path, Path]) -> None:
    ours, theirs = two
    held = SkillLibrary(ours)
    assert len(held) == 1
    SkillLibrary(ours).keep(skill("walk", "bot.explore()"))
    SkillLibrary(theirs).keep(skill("walk", "bot.goto('oak_log')"))
    before = state(ours)["walk"][:3]
    held.merge(SkillLibrary(theirs))
    assert state(ours)["walk"][:3] == before


@pytest.mark.attack("a merge or an import in the place of what is yours")
def test_a_skill_edited_by_hand_is_not_touched(two: tuple[Path, Path]) -> None:
    ours, theirs = two
    script = ours / "get-log/scripts/skill.py"
    script.write_text(script.read_text() + "# my own remark\n")
    before = files(ours)
    report = SkillLibrary(ours).merge(SkillLibrary(theirs))
    assert "changed by hand" in report.refused["get-log"]
    assert files(ours) == before


def test_a_skill_edited_by_hand_keeps_its_entry(two: tuple[Path, Path]) -> None:
    ours, theirs = two
    script = ours / "get-log/scripts/skill.py"
    script.write_text(script.read_text() + "# my own remark\n")
    SkillLibrary(theirs).remove("get-log")
    SkillLibrary(theirs).keep(skill("get_log", "bot.explore()", name="fetch-log"))
    report = SkillLibrary(ours).merge(SkillLibrary(theirs))
    assert "'get-log' already has the entry function" in report.refused["fetch-log"]
    assert SkillLibrary(ours).accept("get-log").entry == "get_log"


@pytest.mark.attack("a merge or an import in the place of what is yours")
def test_an_entry_of_ours_is_refused_to_theirs(two: tuple[Path, Path]) -> None:
    ours, theirs = two
    SkillLibrary(theirs).remove("get-log")
    SkillLibrary(theirs).keep(skill("get_log", "bot.explore()", name="a-log"))
    before = state(ours)
    report = SkillLibrary(ours).merge(SkillLibrary(theirs))
    assert "'get-log' already has the entry function" in report.refused["a-log"]
    assert state(ours) == before


@pytest.mark.attack("a merge or an import in the place of what is yours")
def test_a_folder_that_differs_in_case_only_is_refused(two: tuple[Path, Path]) -> None:
    ours, theirs = two
    shutil.move(ours / "get-log", ours / "Get-Log")
    before = files(ours)
    report = SkillLibrary(ours).merge(SkillLibrary(theirs))
    assert "'Get-Log', which differs in case only" in report.refused["get-log"]
    assert files(ours) == before


def test_a_merge_with_itself_changes_nothing(two: tuple[Path, Path]) -> None:
    before = files(two[0])
    report = SkillLibrary(two[0]).merge(SkillLibrary(two[0]))
    assert (report.same, files(two[0])) == (["get-log"], before)


def test_there_and_back_again_changes_nothing(two: tuple[Path, Path]) -> None:
    ours, theirs = two
    SkillLibrary(ours).merge(SkillLibrary(theirs))
    before = files(ours)
    SkillLibrary(theirs).merge(SkillLibrary(ours))
    report = SkillLibrary(ours).merge(SkillLibrary(theirs))
    assert (report.same, files(ours)) == (["get-log"], before)


def test_skills_that_call_old_versions_of_each_other_all_arrive(tmp_path: Path) -> None:
    theirs = SkillLibrary(tmp_path / "theirs")
    dig, walk = (theirs.keep(skill(entry, "bot.look()\n    print(1)")).skill for entry in ("dig", "walk"))
    theirs.keep(skill("dig", "walk(bot)\n    bot.mine('dirt')", dependencies={"walk": walk.digest}))
    theirs.keep(skill("walk", "dig(bot)\n    bot.explore()", dependencies={"dig": dig.digest}))
    ours = SkillLibrary(tmp_path / "ours")
    report = ours.merge(theirs)
    assert (sorted(report.added), report.refused) == (["dig", "walk"], {})
    assert {name: found[0] for name, found in state(ours.path).items()} == {
        name: found[0] for name, found in state(theirs.path).items()
    }


@pytest.mark.attack("a merge or an import in the place of what is yours")
def test_an_import_leaves_a_version_that_proved_itself_current(tmp_path: Path) -> None:
    theirs, ours = SkillLibrary(tmp_path / "theirs"), SkillLibrary(tmp_path / "ours")
    code = "async function mineLog(bot) {{\n  bot.chat('{}');\n}}\n"
    first = skill("mineLog", "", name="mine-log", language="javascript")
    theirs.keep(first.model_copy(update={"source": code.format("one")}))
    export_voyager(theirs, tmp_path / "first")
    import_voyager(tmp_path / "first", ours)
    proven = SkillLibrary(ours.path).mark("mine-log", verified=Verified.FULL, trusted=True)
    theirs.keep(first.model_copy(update={"source": code.format("two")}))
    export_voyager(theirs, tmp_path / "second")
    report = import_voyager(tmp_path / "second", SkillLibrary(ours.path))
    assert report.updated == ["mine-log"]
    assert SkillLibrary(ours.path).get("mine-log") == proven


def test_a_skill_with_an_odd_entry_among_its_versions_is_taken_in(two: tuple[Path, Path]) -> None:
    ours, theirs = two
    library = SkillLibrary(theirs)
    library.keep(skill("dig", "bot.mine('stone')"))
    (theirs / "dig/versions/notes.txt").write_text("mine")
    report = SkillLibrary(ours).merge(SkillLibrary(theirs))
    assert "dig" in report.added
    assert report.refused == {}
    assert [problem.name for problem in SkillLibrary(theirs).problems()] == ["dig"]


def test_a_circle_is_found_behind_calls_that_were_followed_before(two: tuple[Path, Path]) -> None:
    ours = SkillLibrary(two[0])
    old = ours.keep(skill("dig", "bot.mine('stone')")).skill
    walk = ours.keep(skill("walk", "dig(bot)", dependencies={"dig": old.digest})).skill
    run = ours.keep(skill("run", "walk(bot)", dependencies={"walk": walk.digest})).skill
    walked = Walked()
    check_admissible(skill("hop", "run(bot)", dependencies={"run": run.digest}), ours, walked)
    assert walked == Walked({old.digest, walk.digest, run.digest}, {"dig", "walk", "run"})
    with pytest.raises(SkillRefused, match="would call itself"):
        check_admissible(skill("dig", "run(bot)", dependencies={"run": run.digest}), ours, walked)


KILLED = """
import os, signal, sys
from fieldcraft.common.files import Folder
from fieldcraft.skills import SkillLibrary
from fieldcraft.skills.library import writing
ours, theirs, left = SkillLibrary(sys.argv[1]), SkillLibrary(sys.argv[2]), int(sys.argv[3])
for place, name in ((Folder, "write"), (writing, "create_tree")):
    def counted(*arguments, _do=getattr(place, name), **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return _do(*arguments, **named)
    setattr(place, name, counted)
ours.merge(theirs)
"""


@pytest.mark.slow
def test_a_merge_that_was_killed_and_made_again_ends_as_one_that_was_not(
    two: tuple[Path, Path], tmp_path: Path
) -> None:
    ours, theirs = two
    library = SkillLibrary(theirs)
    old = library.keep(skill("dig", "bot.mine('stone')")).skill
    library.keep(skill("walk", "dig(bot)\n    bot.explore()", dependencies={"dig": old.digest}))
    library.keep(skill("dig", "bot.mine('dirt')"))
    whole = tmp_path / "whole"
    shutil.copytree(ours, whole)
    SkillLibrary(whole).merge(library)
    for writes in range(4):
        broken = tmp_path / f"broken-{writes}"
        shutil.copytree(ours, broken)
        arguments = [sys.executable, "-c", KILLED, str(broken), str(theirs), str(writes)]
        ended = subprocess.run(arguments, env=os.environ, check=False).returncode
        assert ended == (-9 if writes < 3 else 0)
        SkillLibrary(broken).merge(SkillLibrary(theirs))
        assert state(broken) == state(whole)


@st.composite
def libraries(draw: st.DrawFn) -> list[list[tuple[str, int, int, bool]]]:
    """What two people kept one after the other: entry, body, how it is verified, whether it calls another."""
    step = st.tuples(st.sampled_from(ENTRIES), st.integers(0, 3), st.integers(0, 2), st.booleans())
    return [draw(st.lists(step, max_size=6)) for _ in range(2)]


def fill(path: Path, steps: list[tuple[str, int, int, bool]]) -> None:
    library = SkillLibrary(path)
    before: Skill | None = None
    for entry, body, verified, calls in steps:
        called = before if calls and before is not None and before.entry < entry else None
        line = f"{called.entry}(bot)\n    " if called else ""
        new = skill(
            entry,
            f"{line}{'bot.explore()' if body % 2 else 'bot.look()'}\n    print({body!r}, {entry!r})",
            verified=list(Verified)[verified],
            dependencies={called.entry: called.digest} if called else {},
        )
        before = library.keep(new).skill


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(libraries())
def test_nothing_of_ours_is_replaced_lost_or_unverified(
    kept: list[list[tuple[str, int, int, bool]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder, "ours"), Path(folder, "theirs")
        for path, steps in zip((ours, theirs), kept, strict=True):
            path.mkdir()
            fill(path, steps)
        for into, other in ((ours, theirs), (theirs, ours), (ours, theirs)):
            before, known = state(into), files(into)
            SkillLibrary(into).merge(SkillLibrary(other))
            after = state(into)
            for name, (digest, verified, trusted, versions) in before.items():
                assert after[name][:3] == (digest, verified, trusted)
                assert after[name][3].items() >= versions.items()
            assert files(into).items() >= known.items()
            for name, (_, _, _, versions) in after.items():
                new = versions.keys() - (before[name][3].keys() if name in before else set())
                assert all(versions[digest] == ("no", False) for digest in new)
            assert set(state(other)) <= after.keys()


def fill_published(path: Path, steps: list[tuple[str, int, int, bool]]) -> None:
    """As `fill`, in JavaScript."""
    library = SkillLibrary(path)
    before: Skill | None = None
    for entry, body, verified, calls in steps:
        called = before if calls and before is not None and before.entry < entry else None
        line = f"  await {called.entry}(bot);\n" if called else ""
        new = skill(entry, "", language="javascript", verified=list(Verified)[verified]).model_copy(
            update={
                "source": f"async function {entry}(bot) {{\n{line}  bot.chat('{entry} {body}');\n}}\n",
                "dependencies": {called.entry: called.digest} if called else {},
            }
        )
        before = library.keep(new).skill


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(libraries(), libraries())
def test_nothing_of_ours_is_replaced_lost_or_unverified_by_imports(
    kept: list[list[tuple[str, int, int, bool]]], more: list[list[tuple[str, int, int, bool]]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder, "ours"), Path(folder, "theirs")
        ours.mkdir()
        fill_published(ours, kept[0])
        for number, steps in enumerate((kept[1], more[0])):
            fill_published(theirs, steps or [("dig", 9, 0, False)])
            export_voyager(SkillLibrary(theirs), Path(folder, f"published-{number}"))
            before, known = state(ours), files(ours)
            import_voyager(Path(folder, f"published-{number}"), SkillLibrary(ours))
            after = state(ours)
            assert files(ours).items() >= known.items()
            assert all(after[name][:3] == found[:3] for name, found in before.items())
            assert set(state(theirs)) <= after.keys()
