"""The journal keeps what it acknowledged, and says clearly what it cannot read."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import lacking

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.run import Run, RunError, find_run
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.journal.store import Journal, JournalError
from fieldcraft.agent.settings import RunSettings, UnknownRole


def begun(folder: Path, *texts: str) -> Journal:
    journal = Journal(folder)
    journal.open(1)
    journal.append(e.RunStarted(run="r", settings=RunSettings()), sync=True)
    for text in texts:
        journal.append(e.Warned(text=text), sync=True)
    return journal


def test_a_torn_last_line_is_dropped_and_writing_goes_on_after_the_last_whole_one(tmp_path: Path) -> None:
    begun(tmp_path, "one", "two").close()
    path = tmp_path / "journal-000001.jsonl"
    path.write_bytes(path.read_bytes()[:-7])
    journal = Journal(tmp_path)
    assert [event.type for event in journal.read()] == ["run_started", "warned"]
    journal.open(3)
    journal.append(e.Warned(text="three"), sync=True)
    journal.close()
    assert [getattr(event, "text", "") for event in Journal(tmp_path).read()] == ["", "one", "three"]


def test_damage_inside_the_journal_is_named_by_file_and_line(tmp_path: Path) -> None:
    begun(tmp_path, "one", "two").close()
    path = tmp_path / "journal-000001.jsonl"
    path.write_text(path.read_text().replace('"one"', "one"))
    with pytest.raises(JournalError, match=r"journal-000001\.jsonl is damaged at line 2"):
        Journal(tmp_path).read()


@pytest.mark.parametrize(("version", "cure"), [(99, "upgrade with"), (0, "cannot migrate")])
def test_another_format_is_refused_with_the_cure(tmp_path: Path, version: int, cure: str) -> None:
    begun(tmp_path).close()
    path = tmp_path / "journal-000001.jsonl"
    event = json.loads(path.read_text())
    path.write_text(json.dumps({**event, "format": version}) + "\n")
    with pytest.raises(JournalError, match=f"format {version}.*{cure}"):
        Journal(tmp_path).read()


def test_an_older_format_is_migrated_when_there_is_a_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(tmp_path, "one").close()
    path = tmp_path / "journal-000001.jsonl"
    path.write_text(path.read_text().replace('"format":1', '"format":0').replace('"text"', '"words"'))

    def rename(event: dict[str, object]) -> dict[str, object]:
        return {{"words": "text"}.get(key, key): value for key, value in event.items()}

    monkeypatch.setattr("fieldcraft.agent.journal.store.MIGRATIONS", {0: rename})
    assert [getattr(event, "text", "") for event in Journal(tmp_path).read()] == ["", "one"]


def test_rotation_begins_a_segment_that_stands_alone(tmp_path: Path) -> None:
    journal = begun(tmp_path, "one")
    state = RunState(completed=["Mine 1 log"])
    journal.rotate_if_large(lambda: e.Checkpoint(run="r", settings=RunSettings(), state=state), limit=10)
    journal.append(e.Warned(text="two"), sync=True)
    journal.close()
    last = Journal(tmp_path).read(last_segment=True)
    assert [event.type for event in last] == ["checkpoint", "warned"]
    assert isinstance(last[0], e.Checkpoint) and last[0].state.completed == ["Mine 1 log"]
    assert [event.number for event in Journal(tmp_path).read()] == [1, 2, 3, 4]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB; needs root, which CI has."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        lacking("root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_stops_the_run_and_loses_nothing_acknowledged(small_disk: Path) -> None:
    journal = begun(small_disk)
    written = 0
    with pytest.raises(JournalError, match="No space left.*Free space"):
        while True:
            journal.append(e.Warned(text="x" * 3000), sync=True)
            written += 1
    with pytest.raises(JournalError, match="not open"):
        journal.append(e.Warned(text="after the fault"), sync=True)
    assert len(Journal(small_disk).read()) == 1 + written


def test_unknown_runs_and_roles_name_the_nearest(tmp_path: Path) -> None:
    Run.create(tmp_path, RunSettings(), name="monday").close()
    with pytest.raises(RunError, match="did you mean 'monday'"):
        find_run(tmp_path, "mondey")
    with pytest.raises(RunError, match="a run 'monday' exists; resume it"):
        Run.create(tmp_path, RunSettings(), name="monday")
    with pytest.raises((UnknownRole, ValueError), match="did you mean 'actor'"):
        RunSettings(role_models={"acter": "offline"})
