"""A page that is looked at changes as the run goes on, whatever happens to the run's process."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from serve_runs import add, grow

from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.run import Run


def read_until(patches: Any, words: str) -> str:
    while words not in (text := "".join(patches().values())):
        pass
    return str(text)


def test_an_event_of_another_process_comes_to_the_page(client: Any, runs: Path) -> None:
    with client.stream("r/hostile/events") as patches, Run.open(runs, "hostile") as run:
        patches()
        add(run, e.Warned(text="a storm is coming"))
        read_until(patches, "a storm is coming")
        grow(run, 1)
        page = read_until(patches, "Walk 3")
    assert "✓" in page


def test_only_sections_that_changed_are_sent(client: Any, runs: Path) -> None:
    with Run.open(runs, "hostile") as run, client.stream("r/hostile/events") as patches:
        assert "running" in patches()["status"]
        add(run, e.Warned(text="a storm is coming"))
        changed = patches()
        while "feed" not in changed:
            changed = patches()
    assert "tiles" not in changed and "curve" not in changed


def test_who_comes_back_gets_what_changed_since(client: Any, runs: Path) -> None:
    page = client.get("r/hostile/")
    seen = page.split('data-version="')[1].split('"')[0]
    with Run.open(runs, "hostile") as run:
        add(run, e.Warned(text="a storm is coming"))
        with client.stream(f"r/hostile/events?seen={seen}") as patches:
            assert "feed" in patches()
    with client.stream("r/hostile/events?seen=ffffffff-99") as patches:
        assert {"status", "tiles", "feed", "iterations"} <= set(patches())


def test_the_page_of_a_run_goes_on_after_a_line_was_torn(client: Any, runs: Path) -> None:
    segment = sorted((runs / "hostile").glob("journal-*"))[-1]
    with client.stream("r/hostile/events") as patches:
        patches()
        with segment.open("ab") as file:
            file.write(b'{"number": 1000, "time": 3.0, "type": "warned", "text": "half of')
            os.fsync(file.fileno())
        with Run.open(runs, "hostile") as run:
            add(run, e.Warned(text="after the crash"))
            page = read_until(patches, "after the crash")
    assert "half of" not in page


def test_a_damaged_journal_is_said_on_the_page(client: Any, runs: Path) -> None:
    segment = sorted((runs / "hostile").glob("journal-*"))[-1]
    with client.stream("r/hostile/events") as patches:
        patches()
        with segment.open("ab") as file:
            file.write(b"{nonsense}\n")
        assert "is damaged" in read_until(patches, "is damaged")
    assert client.ask("r/hostile/").status == 200


def test_a_journal_that_was_cut_is_read_again(client: Any, runs: Path) -> None:
    segment = sorted((runs / "hostile").glob("journal-*"))[-1]
    with client.stream("r/hostile/events") as patches:
        patches()
        lines = segment.read_bytes().splitlines(keepends=True)
        os.truncate(segment, len(b"".join(lines[:3])))
        read_until(patches, "No task is in progress")


def test_the_list_follows_runs_that_come_and_go(client: Any, runs: Path) -> None:
    with client.stream("events") as patches:
        patches()
        shutil.copytree(runs / "hostile", runs / "second")
        read_until(patches, 'href="r/second/"')
        with Run.open(runs, "second") as run:
            grow(run, 1)
            read_until(patches, ">3<")
        shutil.rmtree(runs / "second")
        while 'href="r/second/"' in patches()["runs"]:
            pass


def test_a_run_of_many_segments_shows_its_whole_curve(client: Any, runs: Path) -> None:
    with Run.open(runs, "hostile") as run:
        grow(run, 30, each_its_own_segment=True)
    with client.stream("r/hostile/events") as patches:
        while "curve" not in (changed := patches()) or changed["curve"].count("V") < 20:
            pass


def test_the_page_of_a_long_run_comes_first_and_its_sections_follow(
    client: Any, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fieldcraft.serve.run_page.LONG", 100)
    page = client.get("r/hostile/")
    assert "Reading the journal…" in page and "distinct items" not in page
    seen = page.split('data-version="')[1].split('"')[0]
    with client.stream(f"r/hostile/events?seen={seen}") as patches:
        assert "distinct items" in patches()["tiles"]
    assert "distinct items" in client.get("r/hostile/")
