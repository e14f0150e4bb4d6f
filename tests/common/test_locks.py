"""One process at a time, on a file that others may have put there."""

from __future__ import annotations

import os
import subprocess
import sys

import filelock
import pytest
from machine import PATIENCE

from fieldcraft.common.files import Folder, UnsafeFile
from fieldcraft.common.locks import FileLock, LockTimeout, is_held


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    with Folder.open(place) as opened:
        yield opened


def test_two_objects_exclude_each_other(folder):
    first, second = FileLock("lock"), FileLock("lock")
    with first.held(folder, timeout=0):
        with pytest.raises(LockTimeout, match="another process"):
            second.acquire(folder, timeout=0.1)
        assert is_held(folder, "lock")
    with second.held(folder, timeout=0):
        assert second.is_locked
        assert not first.is_locked


def test_it_nests_by_count(folder):
    lock = FileLock("lock")
    with lock.held(folder, timeout=0):
        with lock.held(folder, timeout=0):
            pass
        assert is_held(folder, "lock")
    assert not is_held(folder, "lock")
    lock.release()
    assert not lock.is_locked


def test_it_excludes_the_lock_of_earlier_versions_and_is_excluded_by_it(folder):
    ours, theirs = FileLock("lock"), filelock.FileLock(folder.path / "lock")
    with ours.held(folder, timeout=0), pytest.raises(filelock.Timeout):
        theirs.acquire(timeout=0)
    with theirs.acquire(timeout=0), pytest.raises(LockTimeout):
        ours.acquire(folder, timeout=0)


def test_another_process_keeps_it_until_it_ends(folder):
    holder = (
        "import sys\nfrom fieldcraft.common.files import Folder\n"
        "from fieldcraft.common.locks import FileLock\n"
        "FileLock('lock').acquire(Folder.open(sys.argv[1]), timeout=0)\nprint('held', flush=True)\ninput()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(LockTimeout):
            FileLock("lock").acquire(folder, timeout=0)
        process.kill()
    with FileLock("lock").held(folder, timeout=PATIENCE):
        pass


def test_the_content_of_the_file_stays(folder):
    (folder.path / "lock").write_text("theirs")
    with FileLock("lock").held(folder, timeout=0):
        assert (folder.path / "lock").read_text() == "theirs"


@pytest.mark.parametrize("make", ["link", "dangling", "pipe", "second-name"])
def test_what_is_no_plain_file_of_ours_is_refused(folder, tmp_path, make):
    key = tmp_path / "key"
    key.write_text("secret")
    lock = folder.path / "lock"
    match make:
        case "link":
            lock.symlink_to(key)
        case "dangling":
            lock.symlink_to(tmp_path / "new")
        case "pipe":
            os.mkfifo(lock)
        case _:
            os.link(key, lock)
    with pytest.raises(UnsafeFile, match="lock"):
        FileLock("lock").acquire(folder, timeout=0)
    assert key.read_text() == "secret"
    assert not (tmp_path / "new").exists()
