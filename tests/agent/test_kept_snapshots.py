"""The snapshots of segments' starts stay, within bounds, whatever the clock says."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fieldcraft.agent import RunSettings, new_session, resumed_session
from fieldcraft.agent.journal import snapshots as kept
from fieldcraft.agent.journal.compare import history
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.journal.snapshots import Snapshots
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.settings import BudgetLimits


def written(folder: Path, count: int) -> tuple[Snapshots, list[str]]:
    """Snapshots, each newer than the one before."""
    snapshots = Snapshots(folder)
    digests = [snapshots.save(bytes([number])) for number in range(count)]
    for age, digest in enumerate(reversed(digests)):
        os.utime(folder / "snapshots" / f"{digest}.bin", (1e9 - age, 1e9 - age))
    return snapshots, digests


def mark(folder: Path, snapshots: Snapshots, digests: list[str]) -> None:
    for number, digest in enumerate(digests):
        snapshots.keep_start(digest)
        os.utime(folder / "snapshots" / f"{digest}.start", (1e9 + number, 1e9 + number))


def test_the_snapshots_of_segments_starts_are_not_deleted(tmp_path: Path) -> None:
    snapshots, digests = written(tmp_path, 20)
    mark(tmp_path, snapshots, [digests[0], digests[3]])
    snapshots.thin(digests[-1])
    assert set(snapshots.names()) == {digests[0], digests[3], *digests[-kept.RECENT_SNAPSHOTS :]}
    assert set(snapshots.starts()) == {digests[0], digests[3]}


def test_beyond_their_bound_every_second_one_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "STARTS_KEPT", 4)
    monkeypatch.setattr(kept, "RECENT_SNAPSHOTS", 1)
    snapshots, digests = written(tmp_path, 6)
    mark(tmp_path, snapshots, digests[:5])
    snapshots.thin(digests[5])
    assert set(snapshots.starts()) == {digests[0], digests[2], digests[4]}
    assert set(snapshots.names()) == {digests[0], digests[2], digests[4], digests[5]}


def test_beyond_their_bytes_only_the_newest_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "STARTS_BYTES", 1)
    snapshots, digests = written(tmp_path, 5)
    mark(tmp_path, snapshots, digests)
    snapshots.thin(digests[0])
    assert snapshots.starts() == [digests[4]]


def test_a_mark_without_its_snapshot_goes(tmp_path: Path) -> None:
    snapshots, digests = written(tmp_path, 1)
    snapshots.keep_start("0" * 64)
    snapshots.keep_start("../elsewhere")
    snapshots.thin(digests[0])
    assert snapshots.starts() == []


def test_a_clock_that_jumps_back_changes_nothing_but_times(
    toy_settings: Callable[..., RunSettings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = tmp_path / "runs"
    with new_session(toy_settings(), runs=runs, name="whole") as session:
        session.explorer.explore()
    (tmp_path / "library").rename(tmp_path / "aside")
    with new_session(toy_settings(budget=BudgetLimits(iterations=2)), runs=runs, name="one") as session:
        session.explorer.explore()
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 40 * 86_400)
    overview = Overview()
    budget = BudgetLimits(iterations=5)
    with resumed_session("one", runs=runs, budget=budget, listeners=(overview.take,)) as session:
        session.explorer.explore()
    assert history(runs / "one") == history(runs / "whole")
    events = Journal(runs / "one").read()
    assert events[0].time > events[-1].time
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert all(figure >= 0 for figure in overview.rate(time.time() - 90 * 86_400))
