"""What a world shows is checked before it is believed: worlds are written by others."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from fieldcraft.envs import Observation, Position, Progress, seen_of
from fieldcraft.envs.environment import Environment


class Shown(Environment):
    """A world that shows what it was given."""

    def __init__(self, observation: Any, progress: Any) -> None:
        self._seen = observation, progress

    def reset(self, **_: Any) -> Observation:
        return self.observe()

    def observe(self) -> Observation:
        return self._seen[0]  # type: ignore[no-any-return]

    def progress(self) -> Progress:
        return self._seen[1]  # type: ignore[no-any-return]


def changed(**fields: Any) -> Observation:
    """An observation whose fields were set after it was made."""
    seen = Observation()
    for name, value in fields.items():
        object.__setattr__(seen, name, value)
    return seen


@pytest.mark.parametrize(
    "observation",
    [
        None,
        3,
        changed(health=math.nan),
        changed(inventory={"log": object()}),
        changed(position=(0.0, math.inf, 0.0)),
        changed(events=None),
    ],
)
def test_what_is_no_observation_is_refused(observation: Any) -> None:
    with pytest.raises(ValidationError):
        seen_of(Shown(observation, Progress()))


def test_text_of_the_world_is_made_valid_and_bounded() -> None:
    seen, progress = seen_of(
        Shown(
            {"events": ["half \ud83d", "x" * 2_000_000], "inventory": {"\ud800": 10**30}},
            changed_progress(items={"\ude00": 1}),
        )
    )
    assert seen.events[0] == "half \N{REPLACEMENT CHARACTER}"
    assert len(seen.events[1]) <= 1_000_000
    assert "[cut: " in seen.events[1]
    assert list(seen.inventory) == list(progress.items) == ["\N{REPLACEMENT CHARACTER}"]


def changed_progress(**fields: Any) -> Progress:
    progress = Progress()
    for name, value in fields.items():
        object.__setattr__(progress, name, value)
    return progress


def test_the_nearest_chests_are_shown_one_by_one_and_the_others_together() -> None:
    chests: dict[str, dict[str, int] | None] = {
        f"({x}, 64, 0)": {"stone": 1, f"thing_{x}": 2} for x in range(0, 400, 10)
    }
    seen = Observation(position=Position(x=200, y=64, z=0), chests={**chests, "(900, 64, 0)": None})
    (shown,) = [line for line in seen.text().splitlines() if line.startswith("Chests: ")]
    assert shown.count("; ") == 4
    assert "(190, 64, 0): 1 stone, 2 thing_190" in shown
    assert "37 more farther away, in all: 36 stone, " in shown
    assert shown.endswith(", and 7 other kinds")
    assert len(shown) < 1_000


def test_a_few_chests_are_shown_in_their_order() -> None:
    seen = Observation(chests={"there": {"stone": 2}, "here": None})
    assert "Chests: there: 2 stone; here: unknown contents" in seen.text()


def test_events_before_the_latest_stand_there_in_short_where_they_are_long() -> None:
    said = [f"tick {number}: said: {'words ' * 80}" for number in range(8)]

    shown = Observation(events=[*said, "tick 9: died of a zombie"]).text()

    assert shown.endswith("; tick 9: died of a zombie")
    assert all(f"tick {number}: said" in shown for number in range(8))
    assert len(shown) < 3_000


def test_one_long_event_stands_there_in_full() -> None:
    room = "You are in a kitchen. " * 200

    assert Observation(events=[room]).text() == f"Inventory: empty\nEvents: {room}"
