"""A journal is read while another process writes it, breaks off, and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from serve_runs import add, grow

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.run import Run
from fieldcraft.agent.journal.store import JournalError
from fieldcraft.agent.journal.watching.growing import PIECE, GrowingJournal, JournalCut
from fieldcraft.agent.settings import RunSettings


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(tmp_path / "cache"))
    with Run.create(tmp_path, RunSettings(), name="growing") as made:
        yield made


def read(journal: GrowingJournal) -> list[str]:
    """The types of all events that are there by now."""
    found: list[str] = []
    while events := journal.more():
        found += [event.type for event in events]
    return found


def test_events_come_once_and_in_order(run: Run) -> None:
    journal = GrowingJournal(run.folder)
    assert read(journal) == ["run_started"]
    grow(run, 1)
    assert read(journal) == [
        "task_proposed", "execution_started", "execution_finished", "judged", "task_finished",
    ]  # fmt: skip
    assert read(journal) == []
    assert journal.unread == 0


def test_later_segments_are_followed(run: Run) -> None:
    journal = GrowingJournal(run.folder)
    grow(run, 5, each_its_own_segment=True)
    assert read(journal).count("checkpoint") == 5


def test_only_the_last_segment_is_read_at_first(run: Run) -> None:
    grow(run, 5, each_its_own_segment=True)
    assert read(GrowingJournal(run.folder)) == ["checkpoint"]


def test_a_line_longer_than_a_piece_is_read(run: Run) -> None:
    journal = GrowingJournal(run.folder)
    add(run, e.Warned(text="x" * (3 * PIECE)))
    assert read(journal) == ["run_started", "warned"]


def test_half_a_line_waits_for_the_rest(run: Run) -> None:
    journal = GrowingJournal(run.folder)
    read(journal)
    line = b'{"number": 2, "time": 1.0, "type": "warned", "text": "whole"}\n'
    with run.journal.segments()[-1].open("ab") as file:
        file.write(line[:20])
        file.flush()
        assert read(journal) == []
        assert journal.unread == 20
        file.write(line[20:])
    assert read(journal) == ["warned"]


def test_a_journal_that_became_shorter_is_no_longer_the_same(run: Run) -> None:
    journal = GrowingJournal(run.folder)
    grow(run, 2)
    read(journal)
    with run.journal.segments()[-1].open("r+b") as file:
        file.truncate(10)
    with pytest.raises(JournalCut):
        journal.more()


@pytest.mark.parametrize("line", [b"{}\n", b"\n", b"\x00\n", b"[" * 2_000 + b"\n"])
def test_a_damaged_line_is_named_each_time(run: Run, line: bytes) -> None:
    journal = GrowingJournal(run.folder)
    read(journal)
    with run.journal.segments()[-1].open("ab") as file:
        file.write(line)
    for _ in range(2):
        with pytest.raises(JournalError, match="is damaged"):
            journal.more()


def test_a_segment_that_became_a_link_is_not_followed(run: Run, tmp_path: Path) -> None:
    segment = run.journal.segments()[-1]
    (tmp_path / "elsewhere").write_bytes(segment.read_bytes())
    segment.unlink()
    segment.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(JournalError, match="link"):
        GrowingJournal(run.folder).more()
