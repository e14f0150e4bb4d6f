"""A long life of the offline programmer: it guards, eats, rests, and asks for nothing twice."""

import json
import re

import pytest

from fieldcraft.agent.journal.state import Answered
from fieldcraft.agent.prompts.rendering import parse_code
from fieldcraft.agent.task import Task
from fieldcraft.envs import ItemGoal, Position, ReachGoal
from fieldcraft.envs.goals.kinds import FORMS
from fieldcraft.skills import Skill, parse_program

SOUND = "Health: 20.0/20\nHunger: 18.0/20\nInventory (3/36): 2 kor, 1 vix_cap, 1 fenk"
HURT = "Health: 7.0/20\nHunger: 18.0/20\nInventory (3/36): 2 kor, 1 vix_cap, 1 fenk"
EVENTS = "\nEvents: tick 7: lost 3 health to quoll; tick 9: lost 1 health to quoll"
MINING = "To craft gorm: it comes from mining norl."


@pytest.fixture
def program(ask):
    def written(**values):
        source = parse_code(ask("actor", **values))
        parse_program(source, "python")
        return source

    return written


def task(context=MINING):
    return Task(words="Craft 1 gorm", goal=ItemGoal(item="gorm"), context=context)


def proposed(ask, **values):
    return json.loads(ask("curriculum_task", answers=[], **values))


def test_it_fights_what_hurt_it_before_work_that_takes_a_while(program):
    assert "_guard(" not in program(task=task(), observation=SOUND)
    source = program(task=task(), observation=SOUND + EVENTS)
    guard = '_guard(bot, "quoll")'
    assert source.index(guard) < source.index("_take(bot, bot.mine")


def test_it_knows_from_the_code_of_skills_what_hurts(program):
    lines = ['    """Lum."""', '    _guard(bot, "tib", "quoll")', '    bot.craft("lum")']
    source = "\n".join(["def obtain_lum(bot, count=1):", *lines, ""])
    known = [Skill(name="obtain-lum", description="Lum.", source=source, entry="obtain_lum")]
    assert '_guard(bot, "tib", "quoll")' in program(task=task(), observation=SOUND, skills=known)


def test_names_that_are_no_mobs_of_the_world_are_no_foes(program):
    hostile = SOUND + '\nEvents: tick 1: lost 3 health to evil")\n; tick 2: died of falling'
    assert "_guard(" not in program(task=task(), observation=hostile)


def test_hurt_it_rests_on_guard_and_puts_on_what_it_may_wear(program):
    source = program(task=task(), observation=HURT + EVENTS)
    assert "_rest(bot, 'quoll')" in source
    assert "_wear(bot, 'vix_cap')" in source
    worn = HURT + "\nEquipment: head: kor_cap"
    assert "_wear(" not in program(task=task(), observation=worn)


def test_starving_it_hunts_where_it_holds_no_food_but_not_what_hurts(program):
    starving = SOUND.replace("Hunger: 18.0", "Hunger: 5.0") + EVENTS
    assert "_eat(bot, meals=3) or _hunt(bot, 'tib')" in program(task=task(), observation=starving)
    hungry = SOUND.replace("Hunger: 18.0", "Hunger: 11.0")
    source = program(task=task(), observation=hungry)
    assert "_eat(bot, meals=1)" in source and "_hunt(bot, " not in source


def test_care_for_the_body_is_left_out_where_another_program_calls(program):
    source = program(task=task(), observation=HURT)
    assert re.search(r"^def obtain_gorm\(bot, count=1, care=True\):", source, flags=re.MULTILINE)
    known = [Skill(name="obtain-gorm", description="Gorm.", source=source, entry="obtain_gorm")]
    calling = program(task=task(), observation=SOUND, skills=known)
    assert "obtain_gorm(bot, count=count, care=False)" in calling


def test_it_walks_to_a_place_that_a_goal_names(program):
    goal = ReachGoal(position=Position(x=-16, y=64, z=48.5), within=16)
    source = program(task=Task(words="Walk there", goal=goal), observation=SOUND)
    assert "_walk_to(bot, (-16, 64, 48.5))" in source


def test_tasks_that_were_summed_up_count_as_done(ask):
    values = {"items": ["kor"], "observation": SOUND}
    done = [f"Craft 1 {name}" for name in ("brill", "fenk", "gorm", "hulp", "jeb", "kor", "lum", "marn")]
    told = [f"Craft, 8 tasks: {', '.join(words.partition(' ')[2] for words in done)}"]
    assert proposed(ask, completed=told, **values)["task"] == proposed(ask, completed=done, **values)["task"]


def test_what_was_done_is_asked_for_only_in_larger_numbers(ask):
    answers = [Answered(question="q", answer="To craft gorm: need 1 kor. To craft lum: need 2 kor.")]
    every = ["brill", "dask", "fenk", "gorm", "hulp", "jeb", "lum", "marn", "vix", "zan"]
    items = [*(f"{name} (done)" for name in every), "kor (7 done)"]
    found = json.loads(ask("curriculum_task", answers=answers, items=items, observation=SOUND))
    goal = found["goal"]
    assert goal["count"] > (7 if goal["item"] == "kor" else 1)


def test_farther_ground_is_tried_once_the_prompt_names_some(ask):
    every = ["brill", "dask", "fenk", "gorm", "hulp", "jeb", "lum", "marn", "vix", "zan"]
    items = [*(f"{name} (done)" for name in every), "kor (7 done)"]
    goal = ReachGoal(position=Position(x=80, y=64, z=16), within=16).model_dump(mode="json")
    stall = f"Nothing new came in the last 120 iterations. A goal for it is {json.dumps(goal)}"
    assert proposed(ask, items=items, observation=SOUND, stall=stall)["goal"] == goal


def test_a_material_that_was_a_task_is_no_task_again_while_as_much_is_held_as_ever(ask):
    answers = [Answered(question="q", answer="To craft gorm: need 1 kor. To craft lum: need 2 kor.")]
    values = {"answers": answers, "items": ["kor (2 done)"], "observation": SOUND}
    assert json.loads(ask("curriculum_task", completed=["Mine 2 norl"], **values))["goal"]["item"] != "kor"


def test_what_killed_it_before_is_guarded_against(program):
    facts = ["the agent died: killed by quoll (iteration 7)", "kor can be eaten (iteration 9)"]
    source = program(task=task(), observation=SOUND, facts=facts)
    assert '_guard(bot, "quoll")' in source


def test_what_containers_hold_is_fetched_before_it_is_got_anew(program):
    wanted = Task(words="Craft 1 gorm", context="To craft gorm: need 3 marn.")
    stored = (
        SOUND + "\nChests: (1, 64, 2): 2 marn, 1 dask (9 free slots); 5 more farther away, in all: 4 marn"
    )
    source = program(task=wanted, observation=stored)
    assert '_fetch(bot, 3, "marn")' in source
    assert "_fetch(" not in program(task=wanted, observation=SOUND)


def test_hungry_it_fetches_food_where_it_holds_none(program):
    hungry = SOUND.replace("Hunger: 18.0", "Hunger: 9.0") + "\nChests: (1, 64, 2): 2 marn (9 free slots)"
    source = program(task=task(), observation=hungry, facts=["marn can be eaten (iteration 9)"])
    assert source.index("_fetch(bot, 4, 'marn')") < source.index("_eat(bot, meals=2)")
    assert "_fetch(" not in program(task=task(), observation=hungry)


def test_food_is_kept_when_things_are_put_away(program):
    away = Task(words="Deposit items that are not needed into the dask at (3, 64, 1)")
    many = ", ".join(f"2 {name}" for name in ("brill", "fenk", "gorm", "hulp", "jeb", "kor", "lum", "zan"))
    many += ", " + ", ".join(f"1 thing_{number}" for number in range(20))
    values = {"task": away, "observation": f"Health: 20.0/20\nInventory (28/36): {many}"}
    assert "'zan'" not in program(**values)
    assert "'zan'" in program(**values, facts=["zan can be eaten (iteration 9)"])


def test_a_container_that_is_to_be_filled_at_once_is_made_and_filled(program):
    made = Task(
        words="Craft 1 dask",
        context="To craft dask: need 2 kor.\nPlace it, and put what is not needed into it as well.",
    )
    source = program(task=made, observation=SOUND)
    assert source.index('bot.craft("dask")') < source.index('_deposit(bot, "dask", items)')


def test_mining_is_left_to_the_world_to_judge_where_it_can(ask):
    every = ["brill", "dask", "fenk", "gorm", "hulp", "jeb", "lum", "marn", "vix", "zan", "kor"]
    values = {"items": [f"{name} (done)" for name in every], "observation": f"{SOUND}\nNearby blocks: norl"}
    forms = [form for form in FORMS if form.kind in ("item", "mine")]
    assert proposed(ask, goal_forms=forms, **values)["goal"] == {"kind": "mine", "block": "norl", "count": 1}
    assert proposed(ask, **values)["goal"] is None
