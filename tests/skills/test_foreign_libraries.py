"""Libraries of other users, folders that are exchanged under a writer, and caches that are not ours."""

from __future__ import annotations

import grp
import logging
import os
import pwd
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock
from hostile_trees import Canary
from machine import PATIENCE, needs

from fieldcraft.cli.main import main
from fieldcraft.skills import LibraryLocked, LibraryNotWritable, Skill, SkillLibrary
from fieldcraft.skills.library.errors import ForeignLibrary

pytestmark = pytest.mark.attack("a library or a cache of another user, or exchanged under its writer")

MakeSkill = Callable[..., Skill]

_SEARCH = """
import sys
from fieldcraft.skills import SkillLibrary
library = SkillLibrary(sys.argv[1], embeddings=sys.argv[2])
print([match.skill.name for match in library.search("log")])
library.close()
"""

as_root = needs("root", there=hasattr(os, "geteuid") and os.geteuid() == 0)
NOBODY = 65534


@pytest.fixture
def foreign(library: SkillLibrary, make_skill: MakeSkill) -> Path:
    """A library that belongs to another user and group."""
    library.keep(make_skill("mine_log"))
    for path in (library.path, *library.path.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    return library.path


@as_root
def test_a_library_of_another_user_is_read_and_searched_but_not_written(
    foreign: Path, make_skill: MakeSkill, letters: str
) -> None:
    before = {path: path.stat().st_mtime_ns for path in foreign.rglob("*")}
    library = SkillLibrary(foreign, embeddings=letters)
    assert [match.skill.name for match in library.search("mine a log")] == ["mine-log"]
    with pytest.raises(ForeignLibrary, match="library_owners") as caught:
        library.keep(make_skill("walk"))
    assert pwd.getpwuid(NOBODY).pw_name in str(caught.value)
    assert {path: path.stat().st_mtime_ns for path in foreign.rglob("*")} == before
    library.close()


@as_root
@pytest.mark.parametrize(
    "owner", ["{user}", str(NOBODY), "@{group}", f"@{NOBODY}"], ids=["user", "uid", "group", "gid"]
)
def test_the_settings_name_whose_libraries_may_be_written(
    foreign: Path, make_skill: MakeSkill, owner: str
) -> None:
    name = owner.format(user=pwd.getpwuid(NOBODY).pw_name, group=grp.getgrgid(NOBODY).gr_name)
    assert SkillLibrary(foreign, owners=[name]).keep(make_skill("walk")).status == "new"


@as_root
def test_another_owner_that_is_named_does_not_count(foreign: Path, make_skill: MakeSkill) -> None:
    with pytest.raises(ForeignLibrary):
        SkillLibrary(foreign, owners=["daemon", "@daemon", "", "root"]).keep(make_skill("walk"))


@as_root
def test_bookkeeping_of_another_user_in_ones_own_library_is_refused(
    foreign: Path, make_skill: MakeSkill
) -> None:
    os.chown(foreign, os.geteuid(), os.getegid())
    with pytest.raises(ForeignLibrary, match=r"\.fieldcraft"):
        SkillLibrary(foreign).keep(make_skill("walk"))


@as_root
def test_the_command_line_takes_owners_from_flags_and_from_the_file(
    foreign: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(foreign.parent)
    removal = ["skills", "remove", "mine-log", "--library", str(foreign)]
    assert main(removal) == 1
    (said,) = capsys.readouterr().err.strip().splitlines()
    assert "--library-owner" in said
    assert main(["skills", "list", "--library", str(foreign)]) == 0
    Path("fieldcraft.toml").write_text('library_owners = ["daemon"]\n')
    assert main(removal) == 1
    assert main([*removal, "--library-owner", str(NOBODY)]) == 0


def test_a_writer_keeps_to_the_folder_that_it_opened(library: SkillLibrary, make_skill: MakeSkill) -> None:
    library.keep(make_skill("mine_log"))
    moved = library.path.with_name("moved")
    with library.writing():
        library.path.rename(moved)
        library.path.mkdir()
        (library.path / "notes.txt").write_text("of somebody else")
        library.keep(make_skill("walk"))
        library.remove("mine-log")
        assert library.names() == ["walk"]
    assert SkillLibrary(moved).names() == ["walk"]
    assert [entry.name for entry in library.path.iterdir()] == ["notes.txt"]
    assert library.names() == []


def test_a_folder_that_was_removed_under_a_writer_is_said(
    library: SkillLibrary, make_skill: MakeSkill
) -> None:
    library.keep(make_skill("mine_log"))
    with pytest.raises(LibraryNotWritable, match="removed meanwhile"), library.writing():
        shutil.rmtree(library.path)
        library.keep(make_skill("walk"))


def test_the_lock_excludes_the_file_lock_of_earlier_versions(
    library: SkillLibrary, make_skill: MakeSkill
) -> None:
    library.keep(make_skill("mine_log"))
    lock = library.path / ".fieldcraft" / "lock"
    with FileLock(lock), pytest.raises(LibraryLocked), library.writing(timeout=0.1):
        pass
    program = "import sys; from filelock import FileLock\nFileLock(sys.argv[1]).acquire(timeout=0.1)"
    with library.writing():
        done = subprocess.run(
            [sys.executable, "-c", program, lock], capture_output=True, text=True, check=False
        )
    assert "Timeout" in done.stderr


def test_a_file_system_without_links_is_enough(
    library: SkillLibrary, make_skill: MakeSkill, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    monkeypatch.setattr(os, "symlink", refused)
    library.keep(make_skill("mine_log"))
    library.keep(make_skill("mine_log", "bot.wait(2)"))
    library.keep(make_skill("walk"))
    library.remove("walk")
    assert (SkillLibrary(library.path).names(), library.problems()) == (["mine-log"], [])


@pytest.mark.parametrize(
    "place", ["", "skills", "skills/{model}", "skills/{model}/{key}", "skills/{model}/{key}/index.0"]
)
@pytest.mark.parametrize("kind", ["link", "owner"])
def test_a_cache_that_is_a_link_or_of_another_user_is_not_used(
    library: SkillLibrary,
    make_skill: MakeSkill,
    letters: str,
    cache: Path,
    place: str,
    kind: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    library._embeddings = letters
    library.keep(make_skill("mine_log"))
    library.search("log")
    library.close()
    model = next((cache / "skills").iterdir()).name
    key = next(path.name for path in (cache / "skills" / model).iterdir() if path.is_dir())
    path = cache / place.format(model=model, key=key)
    canary = Canary(tmp_path / "home")
    if kind == "owner":
        if os.geteuid() != 0:
            return
        os.chown(path, NOBODY, NOBODY)
    elif place:
        shutil.rmtree(path)
        path.symlink_to(canary.folder)
    else:
        return
    with caplog.at_level(logging.WARNING):
        assert [match.skill.name for match in library.search("log")] == ["mine-log"]
    assert "memory" in caplog.text
    library.close()
    canary.check()


@pytest.mark.parametrize("name", ["vectors.sqlite", "vectors.sqlite-wal", "lock", "words.sqlite", "chroma"])
def test_a_file_of_the_cache_that_is_a_link_is_neither_used_nor_removed_through(
    library: SkillLibrary, make_skill: MakeSkill, letters: str, cache: Path, name: str, tmp_path: Path
) -> None:
    library._embeddings = letters
    library.keep(make_skill("mine_log"))
    library.search("log")
    library.close()
    path = next(iter(cache.rglob(name)), None) or next(cache.rglob("vectors.sqlite")).with_name(name)
    canary = Canary(tmp_path / "home")
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.symlink_to(canary.folder / ("thesis" if name == "chroma" else "key"))
    assert [match.skill.name for match in library.search("log")] == ["mine-log"]
    library.close()
    assert path.is_symlink()
    canary.check()


ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"


@pytest.mark.parametrize(
    ("name", "statements"),
    [
        (
            "vectors.sqlite",
            f"DROP TABLE vectors; CREATE VIEW vectors AS {ENDLESS} SELECT x key, x vector FROM c",
        ),
        ("vectors.sqlite", "DROP TABLE vectors; CREATE TABLE vectors (other)"),
        ("vectors.sqlite", "UPDATE vectors SET vector = 7"),
        (
            "words.sqlite",
            f"DROP TABLE skills; CREATE VIEW skills AS {ENDLESS} SELECT x digest, x words, x rowid FROM c",
        ),
        (
            "chroma.sqlite3",
            f"ALTER TABLE collections RENAME TO old; CREATE VIEW collections AS {ENDLESS} "
            "SELECT old.* FROM old, c WHERE old.rowid = -x",
        ),
    ],
    ids=["endless vectors", "another table", "a vector that is none", "endless words", "endless collections"],
)
def test_a_database_of_the_cache_that_somebody_made_is_not_waited_for(
    library: SkillLibrary, make_skill: MakeSkill, letters: str, cache: Path, name: str, statements: str
) -> None:
    library._embeddings = letters
    library.keep(make_skill("mine_log"))
    library.search("log")
    library.close()
    with closing(sqlite3.connect(next(cache.rglob(name)))) as database:
        database.executescript(statements)
    command = [sys.executable, "-c", _SEARCH, str(library.path), letters]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, cwd=Path(__file__).parent
    )
    assert done.stdout.strip() == "['mine-log']", done.stderr


def test_a_cache_of_vectors_that_is_damaged_inside_costs_no_search(
    library: SkillLibrary, make_skill: MakeSkill, letters: str, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    library._embeddings = letters
    library.keep(make_skill("mine_log"))
    library.search("log")
    library.close()
    path = next(cache.rglob("vectors.sqlite"))
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(len(content) - 4096))
    assert [match.skill.name for match in library.search("log")] == ["mine-log"]
    assert f"the cache {path} is damaged" in caplog.text
    library.close()
