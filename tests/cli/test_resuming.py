"""Going on with a run from another folder, and what is said before its first event."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli_workshop import Workshop

from fieldcraft import Situation, explore

RESUME = ("explore", "--plain", "--runs", "../runs", "--resume", "first", "--iterations", "2")


@pytest.fixture
def elsewhere(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A run with one skill, seen from a folder beside its library."""
    assert workshop.explore("--iterations", "1").code == 0
    folder = workshop.folder / "elsewhere"
    folder.mkdir()
    for name in ("fieldcraft.toml", "answers.json"):
        shutil.copy(workshop.folder / name, folder)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(workshop.folder)
    return workshop


def test_a_run_finds_its_library_from_another_folder(elsewhere: Workshop) -> None:
    ended = elsewhere.run(*RESUME)
    assert ended.code == 0
    assert (
        f"the run's library library is not in this folder; going on with {elsewhere.folder}/library"
        in ended.out
    )
    assert not Path("library").exists()


def test_another_library_of_that_name_is_left_alone(elsewhere: Workshop) -> None:
    Path("library/.fieldcraft").mkdir(parents=True)
    assert f"going on with {elsewhere.folder}/library" in elsewhere.run(*RESUME).out
    assert [path.name for path in Path("library").iterdir()] == [".fieldcraft"]


def test_a_lost_library_is_named_with_the_flag_that_says_where_it_is(elsewhere: Workshop) -> None:
    (elsewhere.folder / "library").rename(elsewhere.folder / "moved")
    ended = elsewhere.run(*RESUME)
    assert ended.code == 0
    assert "there is no library library here, though this run has kept 1 skill" in ended.out
    assert "--library FOLDER" in ended.out


def test_a_moved_library_can_be_named(elsewhere: Workshop) -> None:
    (elsewhere.folder / "library").rename(elsewhere.folder / "moved")
    ended = elsewhere.run(*RESUME, "--library", "../moved")
    assert ended.code == 0, ended.err
    assert "there is no library" not in ended.out
    assert not Path("library").exists()


def test_a_run_whose_place_is_not_recorded_finds_the_library_beside_its_folder(elsewhere: Workshop) -> None:
    for segment in (elsewhere.folder / "runs/first").glob("journal-*.jsonl"):
        text = segment.read_text()
        segment.write_text(text.replace(f',"library_at":"{elsewhere.folder}/library"', "", 1))
        assert "library_at" not in segment.read_text()
    assert f"going on with {elsewhere.folder}/library" in elsewhere.run(*RESUME, "--trust-run").out
    assert not Path("library").exists()


def test_a_run_from_its_own_folder_says_nothing_of_its_library(workshop: Workshop) -> None:
    workshop.explore("--iterations", "1")
    assert "!" not in workshop.run("explore", "--plain", "--resume", "first", "--iterations", "2").out


def test_a_warning_from_the_start_is_shown_among_the_lines(workshop: Workshop) -> None:
    (workshop.folder / "broken.py").write_text("def silent(text: str) -> str:\n    return text\n")
    ended = workshop.explore("--iterations", "1", "--tools", "broken:silent")
    assert "! tool broken:silent is not available" in ended.out
    alone = workshop.run("explore", "--json", "--iterations", "1", "--tools", "broken:silent")
    assert alone.err.count("tool broken:silent is not available") == 1


class Nothing:
    """Sets no task."""

    def propose(self, now: Situation) -> None:
        """None."""


def test_a_run_with_objects_says_how_it_is_resumed_from_python(workshop: Workshop) -> None:
    explore(curriculum=Nothing(), environment="gridworld-v1", iterations=0, name="given")
    assert (
        "explore(resume='given', iterations=80, curriculum=...)" in workshop.run("runs", "show", "given").out
    )
    ended = workshop.run("explore", "--resume", "given")
    assert ended.code == 2
    assert "which no file keeps (curriculum: " in ended.err
