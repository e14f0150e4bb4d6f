"""Goals of a world's own kinds, achievements and scores: set by a model, checked, kept, replayed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from foreign_worlds import Database, Story
from pydantic import TypeAdapter
from test_world_words import ANSWER, GO, script

from fieldcraft import explore, replay
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.journal.setbacks import goal_key
from fieldcraft.agent.journal.store import Journal
from fieldcraft.agent.models.structured import schema_of
from fieldcraft.agent.prompts.answers import AnswerUnusable
from fieldcraft.agent.roles.curriculum import Proposal
from fieldcraft.agent.roles.planning import shape_with_steps
from fieldcraft.agent.roles.proposals.goals import check_goal, known_goal, shape_with_goals
from fieldcraft.envs import (
    AchieveGoal,
    BadGoalType,
    Goal,
    Observation,
    OwnGoal,
    Progress,
    ScoreGoal,
    WorldGoal,
    make,
)
from fieldcraft.envs.apart import WorldApart
from fieldcraft.skills import SkillLibrary

HOW_MANY = {"kind": "answer", "question": "how_many_people"}
GOALS: TypeAdapter[Goal | None] = TypeAdapter(Goal | None)


def run(tmp_path: Path, goals: list[Any], **more: Any) -> list[e.Event]:
    model = script(
        tmp_path,
        curriculum=[{"task": f"Answer {number}", "goal": goal} for number, goal in enumerate(goals)],
        actor=[GO.format(ANSWER)] * 9,
        critic=[{"reasoning": "r", "success": False, "critique": "c"}] * 9,
        describer=["Answers."] * 9,
    )
    explore(
        Database(),
        model=model,
        runs=tmp_path / "runs",
        name="a",
        library=str(tmp_path / "lib"),
        progress=False,
        attempts=1,
        **{"iterations": 1, **more},
    )
    return Journal(tmp_path / "runs" / "a").read()


def test_a_goal_of_the_world_s_own_is_checked_and_journaled_in_its_words(tmp_path: Path) -> None:
    events = run(tmp_path, [HOW_MANY])
    (proposed,) = [event for event in events if isinstance(event, e.TaskProposed)]
    (judged,) = [event for event in events if isinstance(event, e.Judged)]

    assert str(proposed.task.goal) == "answer how_many_people"
    assert isinstance(proposed.task.goal, OwnGoal)
    assert proposed.task.goal.arguments == {"question": "how_many_people"}
    assert judged.verdict.success
    assert judged.verdict.reasoning == "the answer is right"


@pytest.mark.parametrize(
    ("goal", "problem"),
    [
        ({"kind": "answer"}, "goal: answer: question Field required"),
        ({"kind": "answer", "question": "x", "why": 1}, "goal: answer: why Extra inputs"),
        (
            {"kind": "anwser", "question": "x"},
            "cannot check the kind 'anwser'; it can check achieve, score, answer",
        ),
        ({"kind": "item", "item": "x"}, "cannot check the kind 'item'; it can check achieve, score, answer"),
        (
            {"kind": "achieve", "achievement": "how_many_peopl"},
            "no achievement 'how_many_peopl'.*how_many_people",
        ),
    ],
)
def test_a_goal_that_the_world_cannot_check_goes_back_with_the_reason(
    goal: dict[str, Any], problem: str
) -> None:
    with pytest.raises(AnswerUnusable, match=problem):
        known_goal(GOALS.validate_python(goal), Database())


def test_a_skill_keeps_such_a_goal_and_a_replay_checks_it(tmp_path: Path) -> None:
    run(tmp_path, [HOW_MANY])
    (skill,) = SkillLibrary(tmp_path / "lib")
    assert skill.provenance is not None
    assert GOALS.validate_python(skill.provenance.goal) == OwnGoal(
        kind="answer", arguments={"question": "how_many_people"}, shown="answer how_many_people"
    )

    (replayed,) = replay(tmp_path / "lib", Database())
    assert replayed.outcome == "works"


def test_achievements_and_scores_are_goals_and_met_ones_go_back(tmp_path: Path) -> None:
    world = Database()
    world.reset(seed=0)
    since = world.progress()
    achieve, score = AchieveGoal(achievement="how_many_people"), ScoreGoal(at_least=0.5)
    assert not world.check(achieve, since).met
    assert not world.check(score, since).met

    world.answer("how_many_people", 3)

    assert world.check(achieve, since).met
    assert world.check(score, since).met
    assert not world.check(achieve, world.progress()).met
    for goal in (achieve, score):
        with pytest.raises(AnswerUnusable, match="met already"):
            check_goal(goal, world.spec, world.observe(), world.progress())


def test_what_is_counted_can_be_achieved_again() -> None:
    world = Story()
    world.reset(seed=0)
    before = Progress(achieved={"rooms": {"hall": 0}}, times={"rooms": {"hall": 1}})
    world.progress = lambda: Progress(  # type: ignore[method-assign]
        achieved={"rooms": {"hall": 0}}, times={"rooms": {"hall": 2}}
    )
    goal = AchieveGoal(achievement="hall", of="rooms")

    assert world.check(goal, before).met
    check_goal(goal, world.spec, Observation(), before)


def test_the_schema_of_an_answer_has_the_goals_of_the_world_and_no_others() -> None:
    shape = shape_with_goals(Proposal, Database())
    plan = shape_with_steps(Database())
    assert shape is not None
    assert plan is not None
    for schema in (
        schema_of(shape)["properties"]["goal"],
        schema_of(plan)["properties"]["steps"]["items"]["properties"]["goal"],
    ):
        kinds = [choice["properties"]["kind"]["enum"] for choice in schema["anyOf"] if "properties" in choice]
        assert kinds == [["room"], ["achieve"], ["score"], ["answer"]]


def test_the_grid_world_is_asked_with_the_goals_it_always_had() -> None:
    shape = shape_with_goals(Proposal, make("gridworld-v1"))
    assert shape is not None
    choices = schema_of(shape)["properties"]["goal"]["anyOf"]
    kinds = [choice["properties"]["kind"]["enum"][0] for choice in choices if "properties" in choice]
    assert kinds == ["item", "gain", "mine", "place", "kill", "room", "reach"]


def test_a_goal_is_read_back_without_the_world_that_checks_it() -> None:
    goal = known_goal(GOALS.validate_python(HOW_MANY), Database())
    again = GOALS.validate_json(GOALS.dump_json(goal))

    assert again == goal
    assert str(again) == "answer how_many_people"
    assert goal_key("w", again) == goal_key("other", goal)
    assert str(GOALS.validate_python({"kind": "x", "deep": [[1]], "text": "a\n# b"})).count("\n") == 0


def test_a_world_in_a_process_of_its_own_reads_and_checks_its_goals() -> None:
    world = WorldApart("foreign_worlds:Database")
    try:
        world.reset(seed=0)
        goal = known_goal(GOALS.validate_python(HOW_MANY), world)
        since = world.progress()
        assert goal is not None
        assert not world.check(goal, since).met
        world.call_primitive("answer", ("how_many_people", 3))
        assert world.check(goal, since).met
        with pytest.raises(AnswerUnusable, match="question Field required"):
            known_goal(OwnGoal(kind="answer"), world)
    finally:
        world.close()


def test_a_class_that_cannot_be_a_goal_says_why() -> None:
    class Nameless(WorldGoal):
        """Nothing."""

    class Item(WorldGoal):
        """Taken."""

        kind: Literal["item"] = "item"

    class Shown(WorldGoal):
        """Reserved."""

        kind: Literal["own"] = "own"
        shown: str

    for goal_type, why in ((Nameless, "needs a field"), (Item, "is built in"), (Shown, "cannot be called")):
        with pytest.raises(BadGoalType, match=why):
            goal_type.form()
