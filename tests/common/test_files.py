"""A folder reached by descriptor: nothing outside it is read, written or removed."""

from __future__ import annotations

import os

import pytest

from fieldcraft.common import files
from fieldcraft.common.files import Folder, UnsafeFile, read_file


@pytest.fixture(params=["by descriptor", "by path"])
def _both_ways(request, monkeypatch):
    """Also as it works where the system opens nothing relative to a descriptor (Windows)."""
    if request.param == "by path":
        monkeypatch.setattr(files, "_DESCRIPTORS", False)


both_ways = pytest.mark.usefixtures("_both_ways")


@pytest.fixture
def outside(tmp_path):
    place = tmp_path / "outside"
    place.mkdir()
    (place / "key").write_text("secret")
    return place


@pytest.fixture
def hostile(tmp_path, outside):
    """A folder with one entry of every kind that is no plain file or folder."""
    place = tmp_path / "hostile"
    place.mkdir()
    (place / "plain").write_text("text")
    (place / "link").symlink_to(outside / "key")
    (place / "folder-link").symlink_to(outside, target_is_directory=True)
    (place / "loop").symlink_to("loop")
    (place / "dangling").symlink_to(outside / "new")
    os.mkfifo(place / "pipe")
    os.link(outside / "key", place / "second-name")
    return place


def untouched(outside):
    return [path.name for path in outside.iterdir()] == ["key"] and (outside / "key").read_text() == "secret"


@both_ways
@pytest.mark.parametrize("name", ["link", "folder-link", "loop", "dangling", "pipe"])
def test_what_is_no_plain_file_is_refused_by_name(hostile, outside, name):
    with Folder.open(hostile) as folder:
        for act in (
            lambda: folder.read(name),
            lambda: folder.write(name, b"x"),
            lambda: folder.open_file(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
            lambda: folder.folder(name),
            lambda: folder.folder(name, create=True),
            lambda: folder.remove_tree(name),
        ):
            with pytest.raises(UnsafeFile, match=name):
                act()
    assert untouched(outside)
    assert os.path.lexists(hostile / name)


@both_ways
def test_a_file_with_a_second_name_is_replaced_and_not_written_through(hostile, outside):
    with Folder.open(hostile) as folder:
        with pytest.raises(UnsafeFile, match="hard link"):
            folder.open_file("second-name", os.O_WRONLY | os.O_APPEND, own=True)
        folder.write("second-name", b"ours")
        assert folder.read("second-name") == b"ours"
    assert untouched(outside)


@both_ways
def test_removing_a_tree_takes_links_away_and_not_what_they_point_at(tmp_path, hostile, outside):
    with Folder.open(tmp_path) as folder:
        folder.remove_tree("hostile")
    assert not hostile.exists()
    assert untouched(outside)


def test_a_folder_that_is_exchanged_for_a_link_is_still_the_one_that_was_opened(tmp_path, outside):
    inner = tmp_path / "library" / "work"
    inner.mkdir(parents=True)
    with Folder.open(tmp_path / "library") as library, library.folder("work") as work:
        inner.rename(tmp_path / "moved")
        inner.symlink_to(outside, target_is_directory=True)
        work.write("file", b"x")
        assert (tmp_path / "moved" / "file").read_bytes() == b"x"
    assert untouched(outside)


@both_ways
def test_names_lead_nowhere_else(tmp_path):
    with Folder.open(tmp_path) as folder:
        for name in ("..", ".", "", "a/b", "/etc", "a\0b"):
            with pytest.raises(ValueError, match="no name"):
                folder.read(name)


@both_ways
def test_large_files_are_refused(tmp_path):
    (tmp_path / "large").write_bytes(b"x" * 101)
    with Folder.open(tmp_path) as folder:
        assert len(folder.read("large", limit=101)) == 101
        with pytest.raises(UnsafeFile, match="at most 100"):
            folder.read("large", limit=100)
    with pytest.raises(UnsafeFile, match="more than 100"):
        read_file(tmp_path / "large", limit=100)


@both_ways
def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("before")

    def full_disk(_descriptor):
        raise OSError(28, "No space left on device")

    with Folder.open(tmp_path) as folder:
        monkeypatch.setattr(os, "fsync", full_disk)
        with pytest.raises(OSError, match="No space"):
            folder.write("file", b"after")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "before"


def test_files_that_a_person_names_may_be_links_but_not_pipes(hostile):
    assert read_file(hostile / "link") == b"secret"
    with pytest.raises(UnsafeFile, match="pipe"):
        read_file(hostile / "pipe")


@pytest.mark.parametrize("name", ["a\0b", "\ud83d"])
def test_a_path_that_no_file_can_have_is_refused_as_all_others_are(tmp_path, name):
    for use in (Folder.open, lambda path: Folder.open(path, create=True), read_file):
        with pytest.raises(OSError, match="no file can have this name"):
            use(tmp_path / name)


@both_ways
def test_entries_are_told_apart_listed_moved_and_touched(hostile, tmp_path):
    with Folder.open(hostile) as folder, folder.folder("made", create=True) as made:
        assert folder.names("file") == ["plain", "second-name"]
        assert folder.names("folder") == ["made"]
        assert [folder.kind(name) for name in ("plain", "made", "link", "pipe", "none")] == [
            "file",
            "folder",
            "link",
            "other",
            None,
        ]
        folder.touch("plain", times=(10**9, 2 * 10**9))
        folder.rename("plain", "new", into=made)
        assert (made.read("new"), made.status("new").st_mtime_ns) == (b"text", 2 * 10**9)
        assert made.inode == (hostile / "made").stat().st_ino


def test_by_path_a_link_that_takes_the_place_of_a_file_while_it_is_opened_is_noticed(
    hostile, outside, monkeypatch
):
    monkeypatch.setattr(files, "_DESCRIPTORS", False)
    really_open = os.open

    def exchange(path, *arguments, **named):
        (hostile / "plain").unlink()
        (hostile / "plain").symlink_to(outside / "key")
        return really_open(path, *arguments, **named)

    with Folder.open(hostile) as folder:
        monkeypatch.setattr(os, "open", exchange)
        with pytest.raises(UnsafeFile, match="symbolic link"):
            folder.read("plain")
