"""What a long run is shown and refused: tasks that were done, stalls, patience, prompts that stay short."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kept_texts import kept_text

from fieldcraft.agent import RunSettings, resumed_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.compare import history
from fieldcraft.agent.journal.course.achieved import done_before
from fieldcraft.agent.journal.course.news import SQUARE, note_progress, without_news
from fieldcraft.agent.journal.reducer import apply
from fieldcraft.agent.journal.state import RunState, Setback
from fieldcraft.agent.roles.proposals.done_tasks import LATEST, SUMMED, summed_up
from fieldcraft.agent.roles.proposals.hopeless import REFUSED_SHOWN, in_vain
from fieldcraft.agent.roles.proposals.stalls import farther_grounds, noticed, out_of_patience
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.agent.task import Task
from fieldcraft.envs import (
    EnvironmentSpec,
    GainGoal,
    Goal,
    ItemGoal,
    KillGoal,
    MineGoal,
    Names,
    Observation,
    Position,
    Progress,
)

Settings = Callable[..., RunSettings]
Live = Callable[..., list[Any]]

WANDER = "```python\ndef wander(bot):\n    print('nothing here')\n```"
SPEC = EnvironmentSpec(id="toy-v1", description="A toy.", names=Names(items=("coal", "wood")))


@pytest.fixture
def live(scripted_run: Live) -> Live:
    """A run of the toy world; keywords change settings."""
    return partial(scripted_run, repairs=0)


def state_after(*done: Task, **fields: Any) -> RunState:
    state = RunState(**fields)
    for number, task in enumerate(done, start=1):
        apply(state, e.TaskProposed(number=2 * number, time=1.0, task_number=number, task=task))
        apply(
            state,
            e.TaskFinished(number=2 * number + 1, time=1.0, task_number=number, success=True, attempts=1),
        )
    return state


@pytest.mark.parametrize(
    ("words", "goal", "refused"),
    [
        ("Hold 3 wood", ItemGoal(item="wood", count=3), True),
        ("Hold 7 wood", ItemGoal(item="wood", count=7), True),
        ("Hold 8 wood", ItemGoal(item="wood", count=8), False),
        ("Chop 3 wood", ItemGoal(item="wood", count=8), True),
        ("Gain 7 wood", GainGoal(item="wood", count=7), True),
        ("Gain 9 wood", GainGoal(item="wood", count=9), False),
        ("chop 3 WOOD.", None, True),
        ("Chop 4 wood", None, False),
        ("Kill 1 cow", KillGoal(mob="cow"), True),
        ("Kill 2 cow", KillGoal(mob="cow", count=2), False),
        ("Kill 1 cow", ItemGoal(item="leather"), False),
        ("Mine 1 stone", MineGoal(block="stone"), False),
    ],
)
def test_a_task_is_done_before_unless_it_asks_for_more_than_was_done_or_held(
    words: str, goal: Goal | None, refused: bool
) -> None:
    chop = Task(words="Chop 3 wood", goal=ItemGoal(item="wood", count=3))
    state = state_after(chop, Task(words="Kill 1 cow", goal=KillGoal(mob="cow")), most_held={"wood": 7})
    assert bool(done_before(words, goal, state)) is refused


def test_a_smaller_limit_asks_for_more() -> None:
    state = state_after(Task(words="Win in at most 30 moves"))
    assert done_before("win in at most 30 moves", None, state)
    assert not done_before("Win in at most 25 moves", None, state)


def test_a_run_of_an_earlier_version_knows_its_done_tasks_by_their_words() -> None:
    assert done_before("Look around", None, RunState(completed=["Look around"]))


def test_a_done_task_is_refused_with_how_much_was_done_and_another_one_follows(live: Live) -> None:
    walks = [{"task": f"Walk {count} miles", "goal": None} for count in (2, 1, 2, 3)]
    events = live(walks, [WANDER, WANDER], critic="none", questions=0)
    tasks = [event.task.words for event in events if isinstance(event, e.TaskProposed)]
    assert tasks == ["Walk 2 miles", "Walk 3 miles"]
    problem = next(event.problem for event in events if isinstance(event, e.ProposalRefused))
    assert "'Walk 1 miles' was done before; set one for something new, or for more than 2." in problem


def test_a_model_that_insists_on_what_was_done_gets_an_item_by_chance(live: Live) -> None:
    events = live([{"task": "Wander", "goal": None}] * 9, [WANDER, WANDER], critic="none", questions=0)
    tasks = [event.task for event in events if isinstance(event, e.TaskProposed)]
    assert [task.words.split()[0] for task in tasks] == ["Wander", "Obtain"]
    assert isinstance(tasks[1].goal, ItemGoal)


def test_all_tasks_ever_done_are_summed_up_in_bounded_room_and_the_latest_in_full() -> None:
    done = [f"Craft {number % 3 + 1} thing_{number}" for number in range(3_000)]
    done += [f"Mine 1 block_{number}" for number in range(100)]
    lines = summed_up(done)
    assert sum(map(len, lines)) < SUMMED + 500 + LATEST * 40
    assert lines[-LATEST:] == done[-LATEST:]
    assert lines[0].startswith("Craft, 3000 tasks: ") and "thing_2999" in lines[0]
    assert lines[1].startswith("Mine, 72 tasks: ") and "1 block_0" in lines[1]


def test_the_sum_names_each_thing_once_with_the_most_that_was_asked_for() -> None:
    done = [*["Craft 1 stick", "Look around", "Craft 8 stick", "Craft 2 stick"] * 4, *["x"] * LATEST]
    assert summed_up(done)[:2] == ["Craft, 12 tasks: 8 stick", "Look, 4 tasks: around"]


def test_hostile_words_stay_in_their_line() -> None:
    lines = summed_up(["Craft 1\n# How to choose\n" + "x" * 9_000] + [f"Do {number}" for number in range(35)])
    assert all("\n" not in line for line in lines) and len(lines[1]) < 200


def stale(since: int, **fields: Any) -> RunState:
    state = RunState(newest="item wood", **fields)
    state.spent.iterations = since
    return state


def test_a_stall_is_noticed_once_for_each_span_without_news() -> None:
    settings = RunSettings(stall_after=10)
    assert noticed(stale(9), settings, SPEC) is None
    stall = noticed(stale(10), settings, SPEC)
    assert stall is not None and (stall.since, stall.newest, stall.tries) == (10, "item wood", "other goals")
    assert "coal" in stall.hint
    assert noticed(stale(19, stalls=1), settings, SPEC) is None
    assert noticed(stale(20, stalls=1), settings, SPEC) is not None
    assert noticed(stale(500), RunSettings(stall_after=0), SPEC) is None
    assert noticed(stale(500), RunSettings(curriculum="random"), SPEC) is None


def test_a_second_stall_names_ground_where_no_program_ended() -> None:
    state = stale(120, stalls=1, observation=Observation(position=Position(x=5, y=64, z=5)))
    state.trodden = {"0 0": 9, "1 0": 2}
    stall = noticed(state, RunSettings(), SPEC)
    assert stall is not None and stall.tries == "farther ground"
    goals = farther_grounds(state)
    assert {(goal.position.x // SQUARE, goal.position.z // SQUARE) for goal in goals}.isdisjoint(
        {(0, 0), (1, 0)}
    )
    assert json.dumps(goals[0].model_dump(mode="json")) in stall.hint
    state.setbacks = {f"reach {goals[0].position.block()}": Setback(failures=1)}
    assert goals[0] not in farther_grounds(state)


def test_a_stall_lets_hopeless_goals_be_tried_again_and_news_end_it() -> None:
    state = stale(60, setbacks={"item coal": Setback(failures=3)})
    apply(state, e.StallNoticed(number=1, time=1.0, iteration=60, since=60, tries="other goals", hint="Try."))
    assert (state.stalls, state.stall_hint, state.setbacks["item coal"].failures) == (1, "Try.", 0)
    state.progress = Progress(items={"coal": 5})
    note_progress(state, Progress())
    assert (state.stalls, state.stall_hint, state.newest, without_news(state)) == (0, "", "item coal", 0)


def test_a_skill_is_news_once() -> None:
    state = RunState()
    kept = {"iteration": 1, "name": "chop-wood", "entry": "chop_wood", "digest": "0" * 64, "verified": "full"}
    state.spent.iterations = 1
    apply(state, e.SkillKept.model_validate({"number": 1, "time": 1.0, **kept}))
    assert (state.newest, state.newest_at) == ("skill chop-wood", 1)
    state.spent.iterations = 9
    apply(state, e.SkillKept.model_validate({"number": 2, "time": 1.0, **kept}))
    assert state.newest_at == 1


def test_patience_is_counted_from_the_last_new_thing() -> None:
    assert not out_of_patience(stale(99), BudgetLimits(patience=100))
    assert "nothing new in 100, the last was item wood" in out_of_patience(
        stale(100), BudgetLimits(patience=100)
    )
    assert not out_of_patience(stale(9_999), BudgetLimits())


def test_the_curriculum_is_shown_a_stall(live: Live, tmp_path: Path) -> None:
    curriculum = [{"task": f"Wander {number} times", "goal": None} for number in range(1, 5)]
    events = live(curriculum, [WANDER] * 4, critic="none", keep_skills=False, questions=0, stall_after=2)
    stalls = [event for event in events if isinstance(event, e.StallNoticed)]
    assert [stall.iteration for stall in stalls] == [2]
    prompt = kept_text(tmp_path / "runs", "curriculum-00003-")
    assert "# Nothing new lately\n> Nothing new came in the last 2 iterations." in prompt


def test_patience_ends_a_run_which_goes_on_with_more(live: Live, tmp_path: Path) -> None:
    curriculum = [{"task": f"Wander {number} times", "goal": None} for number in range(1, 9)]
    changes: dict[str, Any] = {"critic": "none", "keep_skills": False, "questions": 0}
    events = live(curriculum, [WANDER] * 8, budget=BudgetLimits(iterations=8, patience=3), **changes)
    reason = next(event.reason for event in events if isinstance(event, e.RunPaused))
    assert reason == "patience of 3 iterations used up: nothing new in 3"
    with resumed_session("one", runs=tmp_path / "runs", budget=BudgetLimits(patience=5)) as session:
        session.explorer.explore()
        assert session.explorer.result.ended == "budget"
        assert session.explorer.state.spent.iterations == 5


PLAIN: dict[str, Any] = {"critic": "none", "keep_skills": False, "questions": 0, "keep_prompts": False}


def goes_on_wherever_cut(runs: Path, first: bytes, most: int) -> None:
    """Cut the run before the first event of a type, and after each of so many from there on."""
    whole = history(runs / "one")
    lines = (runs / "one" / "journal-000001.jsonl").read_bytes().splitlines(keepends=True)
    begun = next(number for number, line in enumerate(lines) if b'"type":"%s"' % first in line)
    assert len(lines) > begun + most
    for end in range(begun, begun + most + 1):
        folder = runs / f"cut-{end}"
        shutil.copytree(runs / "one", folder)
        (folder / "journal-000001.jsonl").write_bytes(b"".join(lines[:end]))
        with resumed_session(folder.name, runs=runs) as session:
            session.explorer.explore()
        assert history(folder) == whole


def test_a_run_cut_at_a_stall_goes_on_as_if_nothing_had_happened(live: Live, tmp_path: Path) -> None:
    curriculum = [{"task": f"Wander {number} times", "goal": None} for number in range(1, 5)]
    live(curriculum, [WANDER] * 4, stall_after=2, **PLAIN)
    goes_on_wherever_cut(tmp_path / "runs", b"stall_noticed", 2)


def test_a_run_whose_model_insists_goes_through_the_same_tasks_wherever_it_is_cut(
    live: Live, tmp_path: Path
) -> None:
    live([{"task": "Wander", "goal": None}] * 9, [WANDER] * 3, **PLAIN)
    goes_on_wherever_cut(tmp_path / "runs", b"proposal_refused", 10)


def test_all_that_is_refused_is_one_entry_before_the_latest_failures() -> None:
    state = RunState(failed=[f"Craft 1 new_{number}" for number in range(90)])
    for number in range(50):
        wordings = [f"craft old_{number}", f"get old_{number}"]
        state.setbacks[f"item old_{number}"] = Setback(failures=3, wordings=wordings)
    state.setbacks["item new_89"] = Setback(failures=3, wordings=["craft new_89"])
    refused, *others = in_vain(state, SPEC.names, RunSettings())
    assert refused.startswith("Refused for now: craft old_0; craft old_1; ")
    assert refused.endswith("; craft old_49; Craft 1 new_89")
    assert others == [f"Craft 1 new_{number}" for number in range(49, 89)]


def test_what_is_refused_is_shown_in_bounded_room_the_latest_last() -> None:
    state = RunState()
    for number in range(200):
        state.setbacks[f"words {number}"] = Setback(failures=3, wordings=[f"{number} " + "x" * 900])
    (refused,) = in_vain(state, SPEC.names, RunSettings())
    assert len(refused) < REFUSED_SHOWN + 50 and "199 x" in refused and "100 x" not in refused
