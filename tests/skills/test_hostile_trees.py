"""Whatever stands in a library's folder: nothing outside of it is touched, and one skill costs itself."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest
from hostile_trees import KINDS, Canary, clear, plant
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fieldcraft.cli.main import main
from fieldcraft.skills import Skill, SkillLibrary, Verified
from fieldcraft.skills.formats.voyager import export_voyager, import_voyager
from fieldcraft.skills.library.errors import LibraryError, UnsafeLibrary

pytestmark = [
    pytest.mark.attack("a library of links, pipes, devices, races and odd names"),
    pytest.mark.skipif(os.name == "nt", reason="needs links, pipes and sockets"),
]

LEFT = (
    "mine-log.current",
    "mine-log.aside",
    ".SKILL.md.0123abcd.part",
    ".0123456789abcdef.gone",
    "notes.txt",
    "Foo.aside",
)
PLACES = (
    ".fieldcraft",
    *(f".fieldcraft/{name}" for name in ("work", "writer", "lock", ".gitignore", "writer/x")),
    *(f".fieldcraft/work/{name}" for name in LEFT),
    ".fieldcraft/work/mine-log.aside/versions",
    "mine-log",
    "mine-log/SKILL.md",
    "mine-log/scripts",
    "mine-log/scripts/skill.py",
    "mine-log/scripts/skill.js",
    "mine-log/versions",
    "mine-log/versions/{digest}",
    "mine-log/versions/{digest}/SKILL.md",
    "mine-log/versions/{digest}/scripts",
    "mine-log/versions/../odd",
    "new-skill",
    "NEW-SKILL",
    "other",
    "README.md",
)


def skill(entry: str, body: str = "bot.wait(1)") -> Skill:
    source = f"def {entry}(bot):\n    {body}\n"
    return Skill(name=entry.replace("_", "-"), description=f"{entry}.", source=source, entry=entry)


OLD, NEW, SOUND = skill("mine_log"), skill("mine_log", "bot.wait(2)"), skill("walk", "bot.wait(3)")


@cache
def template() -> tempfile.TemporaryDirectory[str]:
    """A folder that is a library of two skills, one with two versions."""
    folder = tempfile.TemporaryDirectory()
    library = SkillLibrary(folder.name)
    with library.writing():
        for each in (OLD, NEW, SOUND):
            library.keep(each)
    return folder


@contextmanager
def stage() -> Iterator[tuple[Path, Canary]]:
    """A copy of the template, and a canary beside it."""
    folder = Path(tempfile.mkdtemp())
    try:
        canary = Canary(folder / "home")
        shutil.copytree(template().name, folder / "library")
        yield folder, canary
    finally:
        clear(folder)


def actions(path: Path, folder: Path) -> list[Callable[[], object]]:
    """Everything that is done with a library, by a reader or by a writer of its own."""

    def writer() -> SkillLibrary:
        return SkillLibrary(path)

    return [
        lambda: (writer().names(), writer().problems(), len(writer())),
        lambda: [
            (each.name, writer().versions(each.name), writer().dependents(each.name)) for each in writer()
        ],
        lambda: writer().bind(["mine_log"]),
        lambda: writer().get("mine-log", OLD.digest),
        lambda: writer().keep(skill("new_skill", "bot.wait(4)")),
        lambda: writer().keep(skill("mine_log", "bot.wait(5)")),
        lambda: writer().mark("mine_log", verified=Verified.FULL),
        lambda: writer().accept("mine-log"),
        lambda: writer().merge(SkillLibrary(folder / "library")),
        lambda: SkillLibrary(folder / "mine").merge(writer()),
        lambda: export_voyager(writer(), folder / "exported"),
        lambda: import_voyager(path, SkillLibrary(folder / "mine")),
        lambda: writer().remove("mine-log", force=True),
        lambda: writer().remove("other", force=True),
        lambda: writer().keep(OLD),
    ]


def attempt(action: Callable[[], object]) -> None:
    """Do it; the only errors are those of a library, of one line."""
    try:
        action()
    except LibraryError as error:
        assert len(str(error).splitlines()) == 1


PLANTED = st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(KINDS)), min_size=1, max_size=4)
CALM = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@CALM
@given(PLANTED)
def test_nothing_outside_is_touched_and_errors_are_of_one_kind(planted: list[tuple[str, str]]) -> None:
    with stage() as (folder, canary):
        path = folder / "library"
        for place, kind in planted:
            plant(path, place.format(digest=NEW.digest), kind, canary.folder)
        for action in actions(path, folder):
            attempt(action)
            canary.check()


@pytest.mark.parametrize(
    "kind", ["link to a folder", "link to a file", "dangling link", "pipe", "deep folder"]
)
@pytest.mark.parametrize("place", [place for place in PLACES if not place.startswith(".")])
def test_what_stands_in_place_of_one_skill_costs_that_skill_alone(place: str, kind: str) -> None:
    with stage() as (folder, canary):
        plant(folder / "library", place.format(digest=NEW.digest), kind, canary.folder)
        library = SkillLibrary(folder / "library")
        assert "walk" in library.names()
        assert "walk" not in [problem.name for problem in library.problems()]
        library.mark("walk", verified=Verified.FULL)
        canary.check()


@pytest.mark.parametrize("kind", ["link to a folder", "link to a file", "pipe"])
@pytest.mark.parametrize("place", [place for place in PLACES[:9] if place != ".fieldcraft/writer/x"])
def test_bookkeeping_that_is_not_real_is_refused_by_name_before_anything_is_written(
    place: str, kind: str
) -> None:
    with stage() as (folder, canary):
        path = folder / "library"
        plant(path, place, kind, canary.folder)
        before = sorted(path.rglob("*"))
        with pytest.raises(UnsafeLibrary, match=Path(place).name.replace(".", r"\.")):
            SkillLibrary(path).keep(skill("new_skill"))
        assert sorted(path.rglob("*")) == before
        assert SkillLibrary(path).names() == ["mine-log", "walk"]
        canary.check()


def test_what_is_not_ours_in_the_work_folder_is_left(caplog: pytest.LogCaptureFixture) -> None:
    with stage() as (folder, canary):
        work = folder / "library" / ".fieldcraft" / "work"
        (work / "thesis").symlink_to(canary.folder)
        (work / "notes.txt").write_text("mine")
        (work / "old-skill.aside" / "scripts").mkdir(parents=True)
        (work / "old-skill.aside" / "home").symlink_to(canary.folder)
        SkillLibrary(folder / "library").keep(skill("new_skill"))
        assert sorted(entry.name for entry in work.iterdir()) == ["notes.txt", "thesis"]
        assert "notes.txt, thesis" in caplog.text
        canary.check()


def test_a_change_that_cannot_be_completed_costs_its_skill_alone() -> None:
    with stage() as (folder, _):
        path = folder / "library"
        (path / ".fieldcraft" / "work" / "mine-log.current").write_text(OLD.digest)
        (path / "mine-log" / "versions" / OLD.digest / "SKILL.md").write_text("damaged")
        library = SkillLibrary(path)
        library.keep(skill("new_skill"))
        assert [problem.name for problem in library.problems()] == ["mine-log"]
        library.remove("mine-log")
        assert library.problems() == []


@pytest.mark.parametrize("name", ["mine-log", "mine-log/versions", "mine-log/scripts", ".fieldcraft/work"])
def test_folders_that_become_links_and_back_while_the_library_is_used(name: str) -> None:
    with stage() as (folder, canary):
        path = folder / "library"
        done = threading.Event()

        def exchange() -> None:
            while not done.is_set():
                with suppress(OSError):
                    (path / name).rename(folder / "aside")
                    (path / name).symlink_to(canary.folder)
                    (path / name).unlink()
                with suppress(OSError):
                    (folder / "aside").rename(path / name)

        exchanging = threading.Thread(target=exchange)
        exchanging.start()
        try:
            for _ in range(8):
                for action in actions(path, folder):
                    attempt(action)
        finally:
            done.set()
            exchanging.join()
        canary.check()


@pytest.mark.parametrize(
    ("place", "kind", "command"),
    [
        (".fieldcraft/work", "link to a folder", "explore --plain --iterations 1 --library library"),
        (".fieldcraft/writer", "link to a file", "skills remove walk"),
        (".fieldcraft/lock", "hard link", "skills accept mine-log"),
        (".fieldcraft", "link to a folder", "replay --mark --plain"),
        ("mine-log", "link to a folder", "skills check"),
        ("mine-log/SKILL.md", "link to a file", "skills check"),
        ("mine-log/versions/{digest}", "link to a folder", "skills check"),
        ("../exported/skill", "link to a folder", "skills export ../exported"),
    ],
)
def test_commands_say_it_in_one_line_and_end_with_another_code_than_0(
    place: str, kind: str, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with stage() as (folder, canary):
        plant(folder / "library", place.format(digest=NEW.digest), kind, canary.folder)
        monkeypatch.chdir(folder)
        (folder / "exported").mkdir(exist_ok=True)
        (folder / "fieldcraft.toml").write_text('model = "offline"\nseed = 7\n')
        code = main(command.replace("../exported", "exported").split())
        said = capsys.readouterr()
        assert code not in (0, None), said
        assert "check" in command or len(said.err.strip().splitlines()) == 1
        canary.check()
    monkeypatch.chdir("/")


def test_a_link_in_place_of_a_skill_can_be_removed() -> None:
    with stage() as (folder, canary):
        plant(folder / "library", "mine-log", "link to a folder", canary.folder)
        library = SkillLibrary(folder / "library")
        library.remove("mine-log", force=True)
        assert library.problems() == []
        assert not (folder / "library" / "mine-log").is_symlink()
        canary.check()
