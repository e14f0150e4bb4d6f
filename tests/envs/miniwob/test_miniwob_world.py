"""What the agent sees and does on a page, and how an episode ends and is scored."""

from __future__ import annotations

import io
from random import Random

import pytest
from PIL import Image

from fieldcraft.bench.worlds.miniwob import BENCHMARK
from fieldcraft.bench.worlds.miniwob_expert import KNOWN
from fieldcraft.envs import EpisodeEnded, PrimitiveError, ScoreGoal, check_environment, make
from fieldcraft.envs.miniwob.tasks import task_names


def test_it_keeps_the_contract():
    world = make("miniwob-v1")
    problems = check_environment(world, options={"tasks": "enter-text,choose-list"})
    world.close()
    assert not problems, [str(problem) for problem in problems]


@pytest.mark.parametrize("task", KNOWN)
def test_the_expert_follows_the_instruction_through_the_primitives(world, task):
    begun = world.reset(seed=1, options={"tasks": task})
    since = world.progress()
    assert not world.check(begun.goal, since).met
    assert BENCHMARK.expert is not None
    with pytest.raises(EpisodeEnded, match=r"terminated \(the page took the answer, reward 1\)"):
        BENCHMARK.expert(world, Random(0))

    assert world.observe().scores == {"success": 1.0, "reward": 1.0}
    assert world.check(begun.goal, since).met
    assert world.check(ScoreGoal(score="success", at_least=1), since).met
    assert world.progress().achieved == {"tasks": {task: world.tick}}


def test_the_instruction_is_the_task_and_the_page_is_in_words(world):
    seen = world.reset(seed=2, options={"tasks": "click-widget"})
    assert seen.task == 'Click on a "text" widget.'
    assert str(seen.goal) == 'follow the instruction: Click on a "text" widget.'
    assert "[11] input_text value=yS8 at (66, 114)" in seen.words
    assert 'text "9N" at (30, 94)' in seen.words
    assert seen.extra["fields"] == {"target": "text"}
    assert task_names()[0] == "ascending-numbers"
    assert len(task_names()) == 130


def test_the_same_seed_gives_the_same_page_in_another_browser(world):
    other = make("miniwob-v1")
    options = {"tasks": "click-checkboxes,email-inbox,click-shape,enter-date,multi-orderings"}
    seen = [one.reset(seed=seed, options=options) for seed in range(5) for one in (world, other)]
    other.close()
    assert seen[::2] == seen[1::2]
    assert len({one.task for one in seen}) == 5


def test_episodes_take_the_tasks_in_turn(world):
    options = {"tasks": ["click-test", "enter-text"]}
    world.reset(seed=1, options=options)
    assert world.task_now() == "enter-text"
    second = world.begin_episode(seed=1, number=2, options=options)
    assert world.task_now() == "click-test"
    assert second == world.reset(seed=2, options=options)


def test_a_wrong_answer_ends_the_episode_without_success(world):
    begun = world.reset(seed=3, options={"tasks": "click-test-2"})
    other = "TWO" if "ONE" in begun.task else "ONE"
    with pytest.raises(EpisodeEnded, match="reward -1"):
        world.call_primitive("click", (other,))
    for name in ("look", "elements", "html", "wait"):
        with pytest.raises(EpisodeEnded, match="terminated"):
            world.call_primitive(name)
    assert world.observe().scores == {"success": 0.0, "reward": -1.0}
    assert world.tick == 1
    assert not world.check(begun.goal, world.progress()).met


def test_a_part_of_the_reward_is_no_success(world):
    world.reset(seed=0, options={"tasks": "ascending-numbers"})
    last = world.call_primitive("elements")[-1]
    world.call_primitive("click", ("1",))
    with pytest.raises(EpisodeEnded):
        world.call_primitive("mouse", ("click", last["x"], last["y"]))
    scores = world.observe().scores
    assert 0 < scores["reward"] < 1
    assert scores["success"] == 0.0


def test_the_time_ends_the_episode_where_it_is_limited(world):
    world.reset(seed=0, options={"tasks": "enter-text", "seconds": 1})
    with pytest.raises(EpisodeEnded, match=r"truncated \(the time is over\)"):
        world.call_primitive("wait", (2.0,))
    assert world.observe().scores == {"success": 0.0, "reward": -1.0}


def test_what_changed_is_said(world):
    world.reset(seed=2, options={"tasks": "click-checkboxes-large"})
    assert "value=True" in world.call_primitive("click", ("k9",))
    assert world.call_primitive("mouse", ("move", 5, 5)) == "nothing changed on the page"


def test_text_is_added_or_replaced(world):
    world.reset(seed=0, options={"tasks": "enter-text"})
    for arguments, shown in ((("ab",), "ab"), (("cd",), "abcd"), (("x y", True), "x y")):
        world.call_primitive("type_text", ("tt", *arguments))
        assert world.call_primitive("elements", ("tt",))[0]["value"] == shown
    world.call_primitive("press", ("C-a",))
    world.call_primitive("press", ("Backspace",))
    assert world.call_primitive("elements", ("tt",))[0].get("value", "") == ""


def test_the_source_has_the_refs_and_no_scripts(world):
    world.reset(seed=0, options={"tasks": "click-shape"})
    source = world.call_primitive("html")
    assert 'data-wob_ref="' in source
    assert "<script" not in source
    assert "reward-display" not in source


def test_every_task_begins_and_can_be_looked_at(world):
    for task in task_names()[::9]:
        seen = world.reset(seed=5, options={"tasks": task})
        assert seen.task, task
        assert world.call_primitive("look")["instruction"] == seen.task


def test_the_picture_is_the_page(world):
    world.reset(seed=1)
    before = world.observe()
    with Image.open(io.BytesIO(world.render())) as picture:
        assert picture.size == (480, 630)
        assert len(picture.convert("RGB").getcolors(100_000)) > 2
    assert world.observe() == before


@pytest.mark.parametrize(
    ("task", "call", "told"),
    [
        ("click-test-2", ("click", ["THREE"]), "no element with the text 'THREE'"),
        ("click-test-2", ("click", ["ONNE"]), "did you mean 'ONE'"),
        ("click-test-2", ("click", [99]), "no element with ref 99: look"),
        (
            "odd-or-even",
            ("click", ["Odd"]),
            r"3 elements are called 'Odd'; give the ref of one: \[7\] button",
        ),
        ("click-test-2", ("select", ["ONE", "x"]), "it has no options; click"),
        ("choose-list", ("select", ["options", "Nobody"]), "cannot select 'Nobody': the options are"),
        ("click-test-2", ("press", ["Entr"]), "no key 'Entr'; did you mean 'Enter'"),
        ("click-test-2", ("press", ["A-F4"]), "no key 'A-F4'"),
        ("click-test-2", ("mouse", ["click", 160, 0]), "outside of the page"),
        ("click-test-2", ("drag", [[0, 0], [0, 500]]), "outside of the page"),
        ("click-test-2", ("type_text", ["ONE", "x" * 1001]), "at most 1000"),
        ("click-test-2", ("wait", [60]), "less than or equal to 5"),
    ],
)
def test_what_cannot_be_done_is_refused_and_costs_no_action(world, task, call, told):
    world.reset(seed=2, options={"tasks": task})
    with pytest.raises(PrimitiveError, match=told):
        world.call_primitive(*call)
    assert world.tick == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tasks": "click-tset"}, "no task 'click-tset'; did you mean 'click-test'"),
        ({"tasks": 7}, "give a task, a list of them, or 'all'"),
        ({"tasks": []}, "give a task, a list of them, or 'all'"),
        ({"task": "click-test"}, "unknown option 'task'; did you mean 'tasks'"),
        ({"seconds": 0}, "seconds: give 1 to"),
        ({"seconds": True}, "seconds: give 1 to"),
    ],
)
def test_a_wrong_option_is_refused_and_changes_nothing(world, options, message):
    before = world.reset(seed=4)
    with pytest.raises(ValueError, match=message):
        world.reset(seed=0, options=options)
    assert world.observe() == before
