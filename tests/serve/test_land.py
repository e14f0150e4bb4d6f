"""Pictures of the land are drawn by another process, whose end costs no more than the picture."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import PATIENCE

from fieldcraft.agent.journal.watching.growing import read_overview
from fieldcraft.serve.land import Land


@pytest.fixture
def land() -> Iterator[Land]:
    made = Land()
    yield made
    made.close()


def drawn(land: Land, folder: Path) -> bytes | None:
    """The picture once the process has answered."""
    snapshot = read_overview(folder).state.snapshot
    end = time.monotonic() + PATIENCE
    while not land.look(folder, snapshot, "gridworld-v1"):
        assert time.monotonic() < end
        time.sleep(0.05)
    picture = land.chart_of(folder)
    return picture.chart.png if picture else None


def test_the_land_is_drawn_from_the_latest_snapshot(land: Land, runs: Path) -> None:
    png = drawn(land, runs / "hostile")
    assert png is not None and png.startswith(b"\x89PNG")


@pytest.mark.parametrize("damage", [b"", b"FCGRID\x02\x00nonsense"])
def test_a_damaged_snapshot_has_no_picture(land: Land, runs: Path, damage: bytes) -> None:
    for snapshot in (runs / "hostile" / "snapshots").iterdir():
        snapshot.write_bytes(damage)
    assert drawn(land, runs / "hostile") is None


def test_after_the_process_ended_another_draws(land: Land, runs: Path) -> None:
    assert drawn(land, runs / "hostile")
    assert land._child is not None
    land._child.kill()
    land._child.wait()
    (runs / "hostile").rename(runs / "again")
    assert drawn(land, runs / "again")
