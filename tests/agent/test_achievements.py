"""What a world lets an agent achieve counts as new as items do."""

from __future__ import annotations

from pathlib import Path

from foreign_worlds import Database, Story
from test_own_goals import HOW_MANY, run
from test_world_words import GO, WALK, script

from fieldcraft import explore
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.result import figures
from fieldcraft.agent.roles.proposals.by_chance import never_reached
from fieldcraft.agent.roles.proposals.stalls import noticed
from fieldcraft.agent.settings import RunSettings
from fieldcraft.agent.transcript.reading import kept_calls
from fieldcraft.envs import AchieveGoal, Progress


def test_first_times_of_every_kind_are_found_and_what_was_given_is_not() -> None:
    progress = Progress(
        items={"key": 3, "lamp": 0},
        achieved={"achievements": {"open_door": 5}, "rooms": {"hall": 0, "attic": 7}},
        given={"items": ["lamp"], "rooms": ["hall"]},
    )
    assert progress.found() == {"key": 3, "open_door": 5, "attic (rooms)": 7}
    assert Progress(items={"key": 3}).found() == {"key": 3}


def test_an_achievement_is_news_of_a_run(tmp_path: Path) -> None:
    overview, new = Overview(), []
    for event in run(tmp_path, [HOW_MANY]):
        overview.take(event)
        new += overview.new_items

    assert new == ["how_many_people"]
    assert list(overview.state.found()) == ["how_many_people"]
    assert figures(overview.state) == "1 iteration, 1 thing, 1 skill"


def test_what_was_achieved_is_shown_to_the_curriculum(tmp_path: Path) -> None:
    model = script(
        tmp_path,
        curriculum=[
            {"task": "Go up", "goal": {"kind": "achieve", "achievement": "attic"}},
            {"task": "Look", "goal": None},
        ],
        actor=[GO.format(WALK)] * 3,
        critic=[{"reasoning": "r", "success": False, "critique": "c"}] * 3,
        describer=["Goes up."] * 3,
    )
    explore(
        Story(),
        model=model,
        iterations=2,
        attempts=1,
        runs=tmp_path / "runs",
        name="a",
        library=str(tmp_path / "lib"),
        progress=False,
    )
    asked = [call.text for call in kept_calls(tmp_path / "runs" / "a") if call.template == "curriculum_task"]

    assert "# Achieved\nhall (rooms)\n" in asked[0]
    assert "# Achieved\nhall (rooms), attic (rooms)\n" in asked[1]


def test_the_random_curriculum_and_a_stall_name_achievements_never_reached() -> None:
    reached = Progress(achieved={"achievements": {"how_many_people": 1}})
    state = RunState(progress=reached)
    state.spent.iterations = 60

    assert never_reached(state, Database().spec, 1) == AchieveGoal(achievement="oldest_person")
    stall = noticed(state, RunSettings(), Database.spec)
    assert stall is not None
    assert "Of 1 achievements never reached these were tried least: oldest_person." in stall.hint
