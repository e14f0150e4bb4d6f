"""A grid world whose snapshots are damaged is rebuilt by running the recorded programs again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.agent import RunSettings, new_session, resumed_session
from fieldcraft.agent.settings import BudgetLimits

LOOKS_ABOUT = "def look_about(bot, count=1):\n    bot.explore(distance=48)\n    print(count)\n"


def code(source: str) -> str:
    return f"```python\n{source}```"


@pytest.fixture
def settings(tmp_path: Path) -> RunSettings:
    answers = {
        "curriculum": [{"task": f"Look about, round {number}"} for number in range(9)],
        "critic": [{"success": True}] * 9,
        "actor": [code(LOOKS_ABOUT.replace("48", str(40 + number))) for number in range(9)],
        "describer": ["Looks about."] * 9,
    }
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    return RunSettings(
        model=f"scripted:{tmp_path / 'answers.json'}",
        seed=3,
        options={"size": 96},
        library=str(tmp_path / "library"),
        questions=0,
        attempts=1,
        budget=BudgetLimits(iterations=3),
    )


def damage(run: Path) -> None:
    for snapshot in (run / "snapshots").iterdir():
        snapshot.write_bytes(b"damaged")


@pytest.mark.slow
def test_what_was_seen_does_not_make_it_another_world(settings: RunSettings, tmp_path: Path) -> None:
    with new_session(settings, runs=tmp_path / "runs", name="one") as session:
        session.explorer.explore()
        before: Any = session.environment
        as_it_was = before.world_hash()
    damage(tmp_path / "runs" / "one")
    events: list[Any] = []
    with resumed_session("one", runs=tmp_path / "runs", listeners=(events.append,)) as session:
        session.explorer.explore()
        after: Any = session.environment
        assert after.world_hash() == as_it_was
    assert any("rebuilt by rerunning" in getattr(event, "text", "") for event in events)


def test_programs_that_are_run_again_have_the_goal_of_their_task(
    toy_settings: Callable[..., RunSettings], tmp_path: Path
) -> None:
    settings = toy_settings(environment="toy_world:HeedingWorld", budget=BudgetLimits(iterations=2))
    with new_session(settings, runs=tmp_path / "runs", name="one") as session:
        as_it_was = session.explorer.explore().observation
    damage(tmp_path / "runs" / "one")
    with resumed_session("one", runs=tmp_path / "runs") as session:
        session.explorer.explore()
        assert session.environment.observe() == as_it_was
