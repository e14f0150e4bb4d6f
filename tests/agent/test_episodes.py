"""Episodes: they end a program, are counted and budgeted, and a killed run goes through the same ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.agent import RunSettings, new_session, resumed_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.compare import history
from fieldcraft.agent.journal.course.episodes import together
from fieldcraft.agent.journal.overview import Overview
from fieldcraft.agent.journal.setbacks import goal_key
from fieldcraft.agent.journal.state import RunState
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.roles.proposals.done_tasks import DoneBefore, refuse_done
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.agent.transcript.reading import kept_calls
from fieldcraft.cli.views import figures
from fieldcraft.cli.views.lines import lines
from fieldcraft.envs import AchieveGoal, BrokenEnvironment, EpisodeEnd, EpisodeEnded, Observation, Progress
from fieldcraft.envs.apart import WorldApart
from fieldcraft.report import report_page
from fieldcraft.report.reading import read_story

CODE = "Plan.\n```python\n{}\n```"
WALK_ON = "def walk_on(bot):\n    while True:\n        bot.walk()\n"
ONE_DOOR = "def one_door(bot):\n    print('left', bot.walk())\n"
WAIT = "def wait_long(bot):\n    bot.wait(8)\n    print('never')\n"
END = {"kind": "achieve", "achievement": "end"}
FIRST = {"kind": "achieve", "achievement": "first_door"}


def settings(tmp_path: Path, world: str, tasks: list[Any], programs: list[str], **more: Any) -> RunSettings:
    script = {
        "curriculum": [json.dumps({"task": words, "goal": goal}) for words, goal in tasks],
        "actor": [CODE.format(source) for source in programs],
        "critic": ['{"reasoning": "r", "success": false, "critique": "c"}'] * 9,
        "answerer": ["A."] * 40,
        "describer": [f"Does {number}." for number in range(9)],
    }
    path = tmp_path / "script.json"
    path.write_text(json.dumps(script))
    fields: dict[str, Any] = {
        "environment": f"corridor:{world}",
        "model": f"scripted:{path}",
        "questions": 0,
        "seed": 3,
        "library": str(tmp_path / "library"),
        "budget": BudgetLimits(iterations=len(programs)),
    }
    return RunSettings(**{**fields, **more})


def explored(tmp_path: Path, wanted: RunSettings) -> tuple[RunState, list[e.Event]]:
    with new_session(wanted, runs=tmp_path / "runs", name="one") as session:
        state = session.explorer.explore()
    return state, Journal(tmp_path / "runs" / "one").read()


def of(events: list[e.Event], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


TASKS = [("Reach the end", END), ("Walk", FIRST), ("Wait", None)]
PROGRAMS = [WAIT, WALK_ON, ONE_DOOR, WAIT, ONE_DOOR]


@pytest.mark.parametrize("world", ["Corridor", "SlowCorridor"])
def test_the_end_of_an_episode_ends_the_program_and_is_no_failure(world: str, tmp_path: Path) -> None:
    program = WALK_ON if world == "Corridor" else "def walk_on(bot):\n    bot.walk(9)\n"
    state, events = explored(tmp_path, settings(tmp_path, world, [("Reach the end", END)], [program]))
    (finished,) = of(events, e.ExecutionFinished)
    (ended,) = of(events, e.EpisodeEnded)

    assert finished.execution.ok
    assert finished.execution.failed_calls == []
    assert str(ended.end) == "terminated (the end was reached)"
    assert ended.scores == {"score": 1.0}
    assert ended.found == 2
    assert [event.verdict.success for event in of(events, e.Judged)] == [True]
    assert list(state.kept) == ["walk-on"]


def test_goals_are_checked_before_the_world_begins_again_and_the_run_goes_on(tmp_path: Path) -> None:
    state, events = explored(tmp_path, settings(tmp_path, "Corridor", TASKS, PROGRAMS))
    kinds = (e.EpisodeEnded, e.EpisodeBegan, e.Judged, e.TaskFinished)
    course = [type(event).__name__ for event in events if isinstance(event, kinds)]

    assert course[:7] == [
        *("Judged", "EpisodeEnded", "EpisodeBegan"),
        *("Judged", "EpisodeEnded", "TaskFinished", "EpisodeBegan"),
    ]
    assert [str(event.end.outcome) for event in of(events, e.EpisodeEnded)] == [
        *("truncated", "terminated", "truncated"),
    ]
    assert "Reach the end" in state.completed
    assert state.episodes.number == 4
    assert state.episodes.best == {"score": 1.0}
    assert state.found() == {"first_door": 1, "end": pytest.approx(3, abs=3)}
    assert sorted(state.kept) == ["one-door", "walk-on"]


def test_the_next_attempt_sees_the_new_episode_and_how_the_last_one_ended(tmp_path: Path) -> None:
    explored(tmp_path, settings(tmp_path, "Corridor", TASKS[:1], PROGRAMS[:2]))
    asked = [call.text for call in kept_calls(tmp_path / "runs" / "one") if call.role == "actor"]

    assert "The episode ended in it: truncated (eight steps are over). The next program begins" in asked[1]
    assert "Door: 0 of" in asked[1]


@pytest.mark.parametrize("world", ["Corridor", "PlainCorridor"])
def test_a_run_cut_after_any_event_goes_through_the_same_episodes(world: str, tmp_path: Path) -> None:
    """After each event beside the end or the beginning of an episode, and after every tenth."""
    wanted = settings(tmp_path, world, TASKS[:2], PROGRAMS[:3], keep_skills=False)
    _, events = explored(tmp_path, wanted)
    unbroken = tmp_path / "runs" / "one"
    whole, lines = history(unbroken), (unbroken / "journal-000001.jsonl").read_bytes().splitlines(True)
    marks = [event.number for event in events if isinstance(event, e.EpisodeEnded | e.EpisodeBegan)]
    cuts = {count for mark in marks for count in (mark - 2, mark - 1, mark)} | set(range(1, len(lines), 10))
    for count in sorted(cuts & set(range(1, len(lines)))):
        folder = unbroken.parent / f"cut-{count}"
        shutil.copytree(unbroken, folder)
        (folder / "journal-000001.jsonl").write_bytes(b"".join(lines[:count]))
        with resumed_session(folder.name, runs=folder.parent) as session:
            session.explorer.explore()
        assert history(folder) == whole, f"killed after event {count} of {len(lines)}"
        shutil.rmtree(folder)


def test_a_damaged_snapshot_of_a_later_episode_is_rebuilt(tmp_path: Path) -> None:
    explored(tmp_path, settings(tmp_path, "Corridor", TASKS, PROGRAMS, keep_skills=False))
    folder = tmp_path / "runs" / "one"
    whole, journal = history(folder), folder / "journal-000001.jsonl"
    lines = journal.read_bytes().splitlines(True)
    journal.write_bytes(b"".join(lines[:-4]))
    for snapshot in (folder / "snapshots").glob("*.bin"):
        snapshot.write_bytes(b"[")
    with resumed_session("one", runs=folder.parent) as session:
        session.explorer.explore()

    assert history(folder) == whole


def test_a_budget_of_episodes_ends_the_run_and_more_go_on(tmp_path: Path) -> None:
    wanted = settings(tmp_path, "Corridor", TASKS, PROGRAMS, budget=BudgetLimits(episodes=1))
    state, events = explored(tmp_path, wanted)
    assert state.spent.episodes == 1
    assert of(events, e.RunPaused)[-1].reason == "budget of 1 episodes used up"
    assert not of(events, e.EpisodeBegan)

    with resumed_session("one", runs=tmp_path / "runs", budget=BudgetLimits(episodes=2)) as session:
        assert session.explorer.explore().spent.episodes == 2


def test_one_task_an_episode_comes_from_the_world(tmp_path: Path) -> None:
    wanted = settings(
        tmp_path,
        "TaskCorridor",
        [],
        [WALK_ON, WAIT, ONE_DOOR, ONE_DOOR],
        curriculum="episodes",
        attempts=2,
        budget=BudgetLimits(episodes=3),
    )
    state, events = explored(tmp_path, wanted)
    tasks = of(events, e.TaskProposed)

    assert [task.task.words for task in tasks] == ["Walk to the end"] * 3
    assert [event.success for event in of(events, e.TaskFinished)][:2] == [True, False]
    assert [event.end.outcome for event in of(events, e.EpisodeEnded)][:2] == ["terminated", "truncated"]
    assert state.spent.episodes == 3


def test_a_world_without_tasks_says_so(tmp_path: Path) -> None:
    with pytest.raises(BrokenEnvironment, match="gives no task .*leave out --curriculum episodes"):
        explored(tmp_path, settings(tmp_path, "Corridor", [], [WAIT], curriculum="episodes"))


def test_what_two_episodes_reached_is_put_together() -> None:
    one = Progress(
        items={"key": 3}, killed={"bat": 1}, achieved={"rooms": {"hall": 0}}, given={"rooms": ["hall"]}
    )
    two = Progress(items={"key": 1}, killed={"bat": 2}, achieved={"rooms": {"hall": 5}}, deaths=1)
    both = together(one, two)

    assert both.items == {"key": 3}
    assert both.killed == {"bat": 3}
    assert both.found() == {"key": 3, "hall (rooms)": 0}
    assert both.deaths == 1


def test_an_episode_ends_in_a_process_of_its_own_too() -> None:
    world = WorldApart("corridor:Corridor")
    try:
        world.reset(seed=3)
        with pytest.raises(EpisodeEnded) as ended:
            world.call_primitive("walk", (9,))
        assert ended.value.end == EpisodeEnd(outcome="terminated", why="the end was reached")
        assert world.begin_episode(seed=3, number=2).tick == 0
    finally:
        world.close()


def test_the_report_and_the_summary_say_how_the_episodes_ended(tmp_path: Path) -> None:
    wanted = settings(tmp_path, "Corridor", TASKS[:1], PROGRAMS[:2], keep_skills=False)
    explored(tmp_path, wanted)
    overview, said = Overview(), []
    for event in Journal(tmp_path / "runs" / "one").read():
        overview.take(event)
        said += [line.words for line in lines(event, overview)]

    assert figures.episodes(overview) == "2 ended (1 terminated, 1 truncated); best score 1"
    assert "episode 1 ended: truncated (eight steps are over)" in said
    assert "terminated (the end was reached)" in report_page(
        read_story(tmp_path / "runs" / "one"), stands="ended"
    )


def test_the_task_that_an_episode_gives_may_be_set_in_each() -> None:
    given = AchieveGoal(achievement="end")
    state = RunState(done={goal_key("", given): 1, goal_key("", AchieveGoal(achievement="first_door")): 1})
    state.observation = Observation(task="Reach the end", goal=given)
    refuse_done("Reach the end", given, state)
    refuse_done("Go through a door", AchieveGoal(achievement="first_door"), state, per_episode=True)
    with pytest.raises(DoneBefore):
        refuse_done("Go through a door", AchieveGoal(achievement="first_door"), state)


def test_the_curriculum_is_told_that_the_task_of_an_episode_may_be_set_in_each(tmp_path: Path) -> None:
    explored(tmp_path, settings(tmp_path, "TaskCorridor", TASKS[:1], PROGRAMS[:1]))
    asked = [call.text for call in kept_calls(tmp_path / "runs" / "one") if call.role == "curriculum"]
    assert "accepted again. The task that an episode gives may be set in every episode. When" in asked[0]
