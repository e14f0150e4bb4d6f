"""Places that cannot be written: the error says so, and what was acknowledged stays."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_workshop import Workshop
from machine import lacking, needs

as_root = needs("root", there=os.geteuid() == 0)


@pytest.fixture
def mounted(workshop: Workshop) -> Iterator[Path]:
    """A file system of 64 KB at `runs`."""
    folder = workshop.folder / "runs"
    folder.mkdir()
    mount(folder, "size=64k")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def mount(folder: Path, options: str) -> None:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lacking("root")


@as_root
def test_a_full_disk_stops_the_run_and_space_lets_it_go_on(workshop: Workshop, mounted: Path) -> None:
    ended = workshop.explore("--iterations", "12")
    assert ended.code == 1
    assert "cannot be written (No space left on device); nothing acknowledged is lost" in ended.err
    assert "Then resume with: fieldcraft explore --resume first" in ended.err
    acknowledged = len(workshop.journal())
    assert acknowledged > 5
    subprocess.run(["mount", "-o", "remount,size=8m", str(mounted)], check=True)
    assert workshop.run("explore", "--plain", "--resume", "first").code == 0
    numbers = [event["number"] for event in workshop.journal()]
    assert numbers == list(range(1, len(numbers) + 1))


@as_root
def test_a_read_only_folder_of_runs_is_an_error_that_names_the_flag(
    workshop: Workshop, mounted: Path
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    ended = workshop.explore()
    assert ended.code == 1
    assert "runs/first cannot be made (Read-only file system); choose another --runs" in ended.err


@as_root
def test_a_run_on_a_read_only_folder_can_be_looked_at(workshop: Workshop, mounted: Path) -> None:
    workshop.explore("--iterations", "1")
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    assert "Chop 4 wood" in workshop.run("runs", "show", "first").out
    ended = workshop.run("explore", "--resume", "first")
    assert ended.code == 1
    assert "ead-only" in ended.err


def test_a_folder_that_is_a_file_is_an_error(workshop: Workshop) -> None:
    Path("runs").write_text("")
    ended = workshop.explore()
    assert ended.code == 2
    assert "--runs runs is a file; name a folder" in ended.err


def test_a_library_that_cannot_be_written_is_an_error_and_can_still_be_used(stocked: Workshop) -> None:
    Path("place").write_text("")
    ended = stocked.explore("--library", "place/library")
    assert ended.code == 1
    assert "place" in ended.err
    assert not Path("runs").exists()
    assert stocked.explore("--no-keep", "--iterations", "1").code == 0


def test_a_picture_that_cannot_be_written_costs_only_the_picture(workshop: Workshop) -> None:
    ended = workshop.explore("--iterations", "1", "--picture", "/dev/full")
    assert ended.code == 1
    assert "--picture /dev/full cannot be written (No space left on device)" in ended.err
    assert "What next:" in ended.out
