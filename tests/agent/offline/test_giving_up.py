"""When to stop trying, what to ask the world meanwhile, and how to get out of a corner."""

import re

import pytest

from fieldcraft.agent.prompts.rendering import AnswerUnusable, parse_code
from fieldcraft.agent.task import Attempt, Task, Verdict
from fieldcraft.envs import ItemGoal
from fieldcraft.skills import Execution

GORM = "cannot craft gorm: need 3 fenk (have 1); need a zan within 4 blocks"


def ended(log="", number=1, source="def tried(bot):\n    pass\n"):
    return Attempt(number=number, source=source, execution=Execution(log=log))


def test_a_search_in_vain_is_given_up(ask):
    answer = ask("actor", attempts=[ended("saw no tib on 16 walks\n")])
    assert answer == "GIVE UP: saw no tib on 16 walks"
    with pytest.raises(AnswerUnusable):
        parse_code(answer)


def test_a_task_that_could_only_ask_is_left_until_what_it_takes_is_within_reach(ask):
    asking = parse_code(ask("actor"))
    assert '_learn(bot, "gorm"' in asking
    within = ended("cannot craft gorm: need 3 kor (have 2)\n", source=asking)
    beyond = ended("cannot craft gorm: need 3 fenk (have 0)\n", source=asking)
    near = "Nearby blocks: norl\nInventory (1/36): 5 kor"
    assert "```python" in ask("actor", attempts=[within], observation=near)
    assert ask("actor", attempts=[beyond]).startswith("GIVE UP: what gorm takes is known now")


def test_what_was_done_without_an_error_and_in_vain_is_not_done_again(ask):
    context = "To craft gorm: it comes from mining norl."
    source = parse_code(
        ask("actor", task=Task(words="Craft 1 gorm", goal=ItemGoal(item="gorm"), context=context))
    )
    missed = Verdict(success=False, critique="The goal is not met: hold 0 of 1 gorm.")

    def answered(**changes):
        attempt = ended(source=source).model_copy(update=changes)
        return ask(
            "actor",
            attempts=[attempt],
            task=Task(words="Craft 1 gorm", goal=ItemGoal(item="gorm"), context=context),
        )

    assert answered(verdict=missed) == "GIVE UP: all that is known to yield it was done, and it did not come"
    assert "did not come" not in answered()
    fault = Execution(killed="tick limit", detail="6000 ticks")
    assert "did not come" not in answered(verdict=missed, execution=fault)


def test_what_a_program_would_say_is_not_what_it_said(ask):
    source = 'def tried(bot):\n    print("saw no tib on 16 walks")\n'
    assert "```python" in ask("actor", attempts=[ended(source=source)])


def test_the_same_failure_twice_is_given_up_unless_something_new_was_learned(ask, attempt):
    second = parse_code(ask("actor", attempts=[attempt(GORM)]))
    learned = attempt(GORM, "cannot craft fenk: need 1 vix (have 0)", number=2)
    learned.source = second
    assert "```python" in ask("actor", attempts=[attempt(GORM), learned])
    again = attempt(GORM.replace("have 1", "have 2"), number=2)
    again.source = second
    assert ask("actor", attempts=[attempt(GORM), again]).startswith("GIVE UP: nothing new")


def test_too_little_is_as_good_as_nothing_where_more_is_needed(ask, attempt):
    source = parse_code(ask("actor", attempts=[attempt(GORM)]))
    assert '("fenk", 3)' in re.search(r"_learn\(bot, \*_lacking\(bot, (.*)\), most", source)[1]


def test_a_block_whose_tool_is_unknown_is_asked_about_at_once(ask):
    source = parse_code(ask("actor", task=Task(words="Mine 1 norl")))
    assert "or better" in source
    assert "raise" in source


def test_a_block_that_left_something_else_is_not_mined_again_for_itself(ask):
    task = Task(words="Craft 1 norl", goal=ItemGoal(item="fenk"))
    first = parse_code(ask("actor", task=task, observation="Nearby blocks: fenk\nInventory (0/36): empty"))
    assert 'bot.mine, "fenk"' in first
    values = {
        "observation": "Nearby blocks: fenk\nInventory (1/36): 1 kor",
        "attempts": [ended(source=first)],
    }
    assert 'bot.mine, "fenk"' not in parse_code(ask("actor", task=task, **values))


def test_what_a_stopped_skill_lacked_is_brought_to_it(ask):
    failed = ["cannot craft zan: need 8 kor (have 2)", "cannot craft gorm: need a zan within 4 blocks"]
    stopped = Execution(killed="too many failed primitive calls", failed_calls=failed)
    calling = "def again(bot, count=1):\n    obtain_gorm(bot, count=count)\n"
    attempts = [Attempt(number=1, source=calling, execution=stopped)]
    source = parse_code(ask("actor", attempts=attempts))
    assert '("kor", 8)' in source


def test_a_full_container_gets_another_one_beside_it(ask, attempt):
    task = Task(words="Deposit items that are not needed into the dask at (31, 64, 27)")
    values = {"task": task, "observation": "Nearby blocks: dask\nInventory (2/36): 2 kor, 1 dask"}
    error = "cannot deposit kor: the dask at (31, 64, 27) is full; use another one"
    assert 'bot.find("dask") is None' in parse_code(ask("actor", **values))
    assert '_held(bot, "dask") < 1' in parse_code(ask("actor", attempts=[attempt(error)], **values))


def test_full_pockets_are_emptied_a_little_before_the_work(ask):
    values = {"observation": "Nearby blocks: norl\nInventory (35/36): 2 kor, 5 dask, 1 fenk"}
    source = parse_code(ask("actor", task=Task(words="Mine 1 norl"), **values))
    assert source.index("_make_room(bot, 'fenk', 'dask')") < source.index("bot.mine")
