"""Plans, their trials, and the names that distinguish trials."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.agent import RunSettings
from fieldcraft.agent.loop.opening import BadWorldOptions
from fieldcraft.envs.gridworld.loading import load_rules
from fieldcraft.study import StudyError, StudyPlan, StudyWorld, open_study
from fieldcraft.study.design import Store, name_of, scrambled_names, settings_of

SCRAMBLED = StudyWorld(name="scrambled-3", scramble=3)


def test_one_life_for_each_seed_world_and_method_seed_by_seed() -> None:
    plan = StudyPlan(kind="items", seeds=(4, 9), methods=("full", "react"), worlds=(StudyWorld(), SCRAMBLED))
    lives = [(trial.seed, trial.world.name, trial.method) for trial in plan.trials()]
    assert lives[:4] == [
        (4, "default", "full"),
        (4, "default", "react"),
        (4, "scrambled-3", "full"),
        (4, "scrambled-3", "react"),
    ]
    assert len(lives) == 8 and lives[4][0] == 9


def test_studies_of_the_same_lives_share_them() -> None:
    items, tree = (StudyPlan(kind=kind, seeds=(4,)) for kind in ("items", "techtree"))
    names = [[name_of(plan, trial) for trial in plan.trials()] for plan in (items, tree)]
    assert names[0] == names[1] and items.digest() != tree.digest()


@pytest.mark.parametrize(
    "change",
    [
        {"iterations": 7},
        {"settings": RunSettings(model="openai:x")},
        {"settings": RunSettings(attempts=2)},
        {"worlds": (StudyWorld(options={"size": 96}),)},
        {"worlds": (StudyWorld(scramble=3),)},
    ],
)
def test_whatever_changes_a_life_changes_its_name(change: dict[str, Any]) -> None:
    plan, other = StudyPlan(kind="items"), StudyPlan(kind="items", **change)
    assert name_of(plan, plan.trials()[0]) != name_of(other, other.trials()[0])


def test_so_does_the_text_of_a_recipe_file(tmp_path: Path) -> None:
    rules = tmp_path / "rules.json"
    names = []
    for text in ("{}", "{ }"):
        rules.write_text(text)
        plan = StudyPlan(kind="items", worlds=(StudyWorld(options={"rules": str(rules)}),))
        names.append(name_of(plan, plan.trials()[0]))
    assert names[0] != names[1]


def test_a_new_world_is_lived_with_the_library_of_the_seed_and_without(tmp_path: Path) -> None:
    plan = StudyPlan(
        kind="newworld", seeds=(4,), methods=("full",), goals=("compass",), new_options={"size": 96}
    )
    teacher, without, with_it = plan.trials()
    assert (without.seed, without.iterations, without.goal, without.teacher) == (1004, 50, "compass", None)
    assert with_it.teacher == teacher
    store = Store(tmp_path)
    shared, own = store.settings(plan, with_it), store.settings(plan, without)
    assert shared.library == store.settings(plan, teacher).library != own.library
    assert (shared.retrieved, own.retrieved, shared.keep_skills) == (10, 0, False)
    assert (shared.curriculum, shared.tasks[0].task) == ("solve", "Obtain 1 compass")
    assert shared.options == {"size": 96} and store.settings(plan, teacher).options == {}


def test_a_method_with_an_aim_of_its_own_gets_the_goal_for_it() -> None:
    plan = StudyPlan(kind="newworld", seeds=(4,), methods=("autogpt",), goals=("compass",))
    settings = settings_of(plan, plan.trials()[1])
    assert (settings.curriculum, settings.critic) == ("subgoals", "none")
    assert [task.task for task in settings.tasks] == ["Obtain 1 compass"]


def test_goals_are_called_what_the_scrambled_world_calls_them(tmp_path: Path) -> None:
    plan = StudyPlan(kind="newworld", seeds=(4,), methods=("full",), goals=("compass",), worlds=(SCRAMBLED,))
    trial = plan.trials()[-1]
    rules, _ = load_rules(Store(tmp_path).settings(plan, trial).options["rules"])
    assert trial.asked == "compass" and trial.goal == scrambled_names({}, 3)["compass"]
    assert trial.goal in rules.items and "compass" not in rules.items


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"kind": "newworld", "goals": ("compas",)},
            "the world has no item 'compas'; did you mean 'compass'",
        ),
        ({"settings": RunSettings(options={"sise": 96})}, "unknown option 'sise'; did you mean 'size'"),
        ({"worlds": (StudyWorld(options={"rules": "none.json"}),)}, "cannot read the rules file none.json"),
        ({"kind": "newworld", "new_options": {"size": 3}}, "option size: 3 is out of range"),
    ],
)
def test_what_is_wrong_with_a_world_is_told_before_any_life(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    plan = StudyPlan(**{"kind": "items", **change})
    with pytest.raises(BadWorldOptions) as caught, open_study(plan, tmp_path):
        pass
    assert words in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_study_that_was_planned_otherwise_is_not_gone_on_with(tmp_path: Path) -> None:
    with open_study(StudyPlan(kind="items", seeds=(4,)), tmp_path, name="mine"):
        pass
    other = StudyPlan(kind="items", seeds=(5,), iterations=9)
    with (
        pytest.raises(StudyError, match="planned with other seeds, iterations"),
        open_study(other, tmp_path, name="mine"),
    ):
        pass


def test_a_study_is_open_in_one_process_at_a_time(tmp_path: Path) -> None:
    plan = StudyPlan(kind="items", seeds=(4,))
    again = open_study(plan, tmp_path)
    with open_study(plan, tmp_path), pytest.raises(StudyError, match="is open in another process"), again:
        pass


def test_a_damaged_plan_is_told(tmp_path: Path) -> None:
    plan = StudyPlan(kind="items", seeds=(4,))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "plan.json").write_text(json.dumps({"kind": "items", "colour": 3}))
    with pytest.raises(StudyError, match=r"plan\.json is damaged"), open_study(plan, tmp_path, name="mine"):
        pass
