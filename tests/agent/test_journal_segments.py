"""Segments of a journal that ended are compressed, read as before, and go on where they are the last."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.marks import is_marked, mark_run
from fieldcraft.agent.journal.run import list_runs
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.journal.store import Journal, JournalError
from fieldcraft.agent.journal.stored import segments
from fieldcraft.agent.settings import RunSettings
from fieldcraft.common.files import Folder


def checkpoint() -> e.Checkpoint:
    return e.Checkpoint(run="one", settings=RunSettings(), state=RunState())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder with four segments, the first two of which are compressed."""
    folder = tmp_path / "one"
    folder.mkdir()
    journal = Journal(folder)
    journal.open(1)
    journal.append(e.RunStarted(run="one", settings=RunSettings()), sync=True)
    for text in ("a", "b", "c"):
        journal.append(e.Warned(text=text * 1000), sync=True)
        journal.rotate_if_large(checkpoint, limit=100)
    journal.append(e.Warned(text="d"), sync=True)
    journal.close()
    return folder


TYPES = ["run_started", "warned", *["checkpoint", "warned"] * 3]


def test_all_but_the_latest_two_are_compressed_and_all_are_read(folder: Path) -> None:
    assert [path.name for path in Journal(folder).segments()] == [
        "journal-000001.gz",
        "journal-000002.gz",
        "journal-000003.jsonl",
        "journal-000004.jsonl",
    ]
    assert [event.type for event in Journal(folder).events()] == TYPES
    assert gzip.decompress((folder / "journal-000002.gz").read_bytes()).startswith(b'{"number":3,')


def test_a_plain_segment_counts_where_compressing_was_cut_off(folder: Path) -> None:
    packed = folder / "journal-000002.gz"
    (folder / "journal-000002.jsonl").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.write_bytes(packed.read_bytes()[:50])
    assert [event.type for event in Journal(folder).events()] == TYPES


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda packed: packed[:60], "Compressed file ended"),
        (lambda packed: packed[:40] + b"\xff" * 9 + packed[49:], "cannot be unpacked"),
        (lambda packed: packed[:-8] + b"\0" * 8, "CRC check failed"),
        (lambda packed: gzip.compress(b"nonsense\n"), "1: "),
    ],
)
def test_a_damaged_one_is_named(folder: Path, damage: object, words: str) -> None:
    path = folder / "journal-000002.gz"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(JournalError, match=rf"journal-000002\.gz is damaged at line .*{words}"):
        Journal(folder).read()


def test_one_that_unpacks_to_more_than_any_run_writes_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "LARGEST", 6000)
    path = folder / "journal-000001.gz"
    first, line = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    numbered = [line.replace(b'"number":2,', f'"number":{number},'.encode()) for number in range(2, 9)]
    path.write_bytes(gzip.compress(b"".join([first, *numbered])))
    with pytest.raises(JournalError, match="more than 6,000 bytes when it is unpacked"):
        Journal(folder).read()


def test_the_journal_goes_on_in_a_compressed_segment_that_is_the_last(folder: Path) -> None:
    for number in (3, 4):
        (folder / f"journal-00000{number}.jsonl").unlink()
    journal = Journal(folder)
    journal.open(5)
    journal.append(e.Warned(text="e"), sync=True)
    journal.close()
    assert [path.name for path in journal.segments()] == ["journal-000001.gz", "journal-000002.jsonl"]
    assert [event.type for event in Journal(folder).events()] == [*TYPES[:4], "warned"]


def test_a_reader_finds_a_segment_that_was_compressed_since_it_looked(folder: Path) -> None:
    events = Journal(folder).events()
    assert next(events).type == "run_started"
    with Folder.open(folder) as place:
        segments.compress(place, "journal-000003.jsonl")
    assert [event.type for event in events] == TYPES[1:]


def test_the_mark_and_the_time_of_a_run_are_of_its_first_line_compressed_or_not(folder: Path) -> None:
    mark_run(folder)
    assert is_marked(folder)
    with Folder.open(folder) as place:
        segments.unpack(place, "journal-000001.gz")
    assert is_marked(folder)
    assert list_runs(folder.parent) == [folder]


def test_the_last_segment_is_found_without_the_others_whichever_form_it_has(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.last_segment() is None
    for name in ("journal-000002.gz", "journal-000010.gz", "journal-000009.jsonl", "other.jsonl"):
        (tmp_path / name).touch()
    assert journal.last_segment() == tmp_path / "journal-000010.gz" == journal.segments()[-1]
    (tmp_path / "journal-000010.jsonl").touch()
    assert journal.last_segment() == tmp_path / "journal-000010.jsonl" == journal.segments()[-1]
    assert Journal(tmp_path / "none").last_segment() is None


def test_a_copied_state_changes_by_itself() -> None:
    state = RunState(finished_tasks=[("Walk", True)], completed=["Walk"], kept={"walk": "0"})
    copied = state.copied()
    assert copied == state
    copied.finished_tasks.append(("Run", False))
    copied.completed.append("Run")
    copied.spent.iterations = 7
    copied.kept["run"] = "1"
    assert state == RunState(finished_tasks=[("Walk", True)], completed=["Walk"], kept={"walk": "0"})
