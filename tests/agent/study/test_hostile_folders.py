"""A folder of studies that somebody else made: nothing outside of it is written or deleted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fieldcraft.study import StudyPlan, open_study
from fieldcraft.study.design import name_of
from fieldcraft.study.study import StudyError
from fieldcraft.study.trials import RESULT, read_result
from fieldcraft.study.workers import Worker

PLAN = StudyPlan(kind="items", methods=("full",), seeds=(1,), iterations=1)
TRIAL = next(iter(PLAN.trials()))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "home"
    place.mkdir()
    (place / "key").write_text("secret\n")
    (place / "plan.json").write_text("mine")
    return place


def untouched(home: Path) -> bool:
    return sorted(path.name for path in home.iterdir()) == ["key", "plan.json"] and (
        (home / "key").read_text() == "secret\n" and (home / "plan.json").read_text() == "mine"
    )


@pytest.mark.attack("the folders and files of a study are links")
@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("name", ["one", "runs", "libraries", "rules", "one/study.lock", "one/plan.json"])
def test_a_study_with_links_in_it_is_refused_by_name(
    name: str, fresh: bool, home: Path, tmp_path: Path
) -> None:
    link = tmp_path / "studies" / name
    link.parent.mkdir(parents=True)
    link.symlink_to(home if "/" not in name else home / "key")
    if (name, fresh) == ("one/plan.json", True):
        with open_study(PLAN, tmp_path / "studies", name="one", fresh=True):
            assert not link.is_symlink()
    else:
        with (
            pytest.raises(StudyError, match=link.name),
            open_study(PLAN, tmp_path / "studies", name="one", fresh=fresh),
        ):
            raise AssertionError("it was opened")
    assert untouched(home)


@pytest.mark.attack("the folder of a life that is to be deleted is a link, or holds one")
def test_a_fresh_study_deletes_no_further_than_its_own_folders(home: Path, tmp_path: Path) -> None:
    life = tmp_path / "studies/runs" / name_of(PLAN, TRIAL)
    life.mkdir(parents=True)
    (life / "snapshots").symlink_to(home)
    with open_study(PLAN, tmp_path / "studies", name="one", fresh=True):
        assert not life.exists()
    life.symlink_to(home)
    with (
        pytest.raises(StudyError, match="symbolic link"),
        open_study(PLAN, tmp_path / "studies", name="one", fresh=True),
    ):
        raise AssertionError("it was opened")
    assert untouched(home)


@pytest.mark.attack("the result of a life is a pipe, a link or deep")
def test_a_result_that_is_none_is_left_alone(home: Path, tmp_path: Path) -> None:
    life = tmp_path / "life"
    life.mkdir()
    for make in (
        lambda path: path.symlink_to(home / "key"),
        os.mkfifo,
        lambda path: path.write_text("[" * 100_000),
        lambda path: path.write_text('{"spent": {"iterations": NaN}}'),
    ):
        make(life / RESULT)
        assert read_result(life) is None
        (life / RESULT).unlink()
    assert untouched(home)


def test_the_log_of_the_workers_is_no_link(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "workers.log"
    log.symlink_to(home / "key")
    with pytest.raises(OSError, match=r"workers\.log is a symbolic link"):
        Worker(log)._running()
    assert untouched(home)
