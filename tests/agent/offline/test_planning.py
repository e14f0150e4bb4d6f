"""Tasks follow from what was held, seen, tried and told."""

import json

import pytest

from fieldcraft.agent.journal.state import Answered

NOTHING_SEEN = "Nearby blocks: none\nInventory (1/36): 2 kor"


@pytest.fixture
def proposal(ask, answered):
    def proposed(known="", **values):
        values.setdefault("observation", NOTHING_SEEN)
        return json.loads(ask("curriculum_task", answers=answered(known), **values))

    return proposed


def test_what_is_possible_now_comes_before_what_is_not(proposal):
    known = "To craft gorm: need 1 kor.\nTo craft hulp: need 1 jeb."
    assert proposal(known)["goal"] == {"kind": "item", "item": "gorm", "count": 1}


def test_the_missing_need_of_a_failed_task_comes_next(proposal):
    known = "To craft gorm: need 1 lum, 2 kor."
    found = proposal(known, failed=["Craft 1 gorm"], completed=["Craft 1 kor"])
    assert found["task"] == "Craft 1 lum"


def test_a_failed_task_is_taken_up_again_once_its_needs_were_had(proposal):
    failed = ["Craft 1 gorm", "Craft 1 hulp", "Craft 1 jeb", "Craft 1 vix", "Craft 1 marn", "Craft 1 fenk"]
    found = proposal(
        "To craft gorm: need 1 lum.", failed=failed, items=["kor", "lum"], completed=["Craft 1 lum"]
    )
    assert found["task"] == "Craft 1 gorm"


@pytest.mark.parametrize(
    ("failed", "comes"),
    [
        ("Craft 1 gorm", False),
        ("Craft 1 gorm (1 times, 2 tasks ago)", False),
        ("Craft 1 gorm (1 times, 9 tasks ago)", True),
        ("Craft 1 gorm (5 times, 9 tasks ago)", False),
    ],
)
def test_a_failed_task_rests_the_longer_the_more_often_it_failed(proposal, failed, comes):
    done = ["Craft 1 kor", *(f"Kill {count} beast" for count in range(1, 9))]
    found = proposal("To craft gorm: need 1 kor.", failed=[failed], completed=done)
    assert (found["task"] == "Craft 1 gorm") is comes


def test_a_failed_task_rests_no_more_once_a_later_one_got_what_it_takes(proposal):
    known = "To craft gorm: need 1 kor.\nTo craft kor: it comes from mining norl."
    failed = ["Craft 1 gorm (5 times, 9 tasks ago)"]
    assert proposal(known, failed=failed, completed=["Mine 1 norl"])["task"] == "Craft 1 gorm"
    lately = ["Craft 1 gorm (5 times, 1 tasks ago)"]
    assert proposal(known, failed=lately, completed=["Mine 1 norl"])["task"] != "Craft 1 gorm"


def test_blocks_in_view_are_mined_before_names_are_tried_at_random(proposal):
    assert proposal(observation="Nearby blocks: norl\nInventory (1/36): 2 kor")["task"] == "Mine 1 norl"


def test_what_is_smelted_is_worded_as_smelting_and_checked_by_its_yield(proposal):
    known = "To craft gorm: no crafting recipe makes it; it comes from smelting kor."
    found = proposal(known, completed=["Craft 1 kor"])
    assert (found["task"], found["goal"]["item"]) == ("Smelt 1 kor", "gorm")


def test_other_worlds_lead_to_other_first_tasks(proposal):
    worlds = [f"Nearby blocks: none\nPosition: ({x}, 64, 0)" for x in range(12)]
    assert len({proposal(observation=world)["task"] for world in worlds}) > 3


def test_questions_go_from_a_failed_task_to_what_it_needs_in_turn(ask):
    asked = [
        Answered(
            question="What does it take to craft gorm and its parts?",
            answer="To craft gorm: need 1 lum, 1 vix.",
        )
    ]
    questions = json.loads(ask("curriculum_questions", failed=["Craft 1 gorm"], asked=asked))["questions"]
    assert questions == [
        "What does it take to craft gorm and its parts?",
        "What does it take to craft lum and its parts?",
        "What needs kor?",
    ]


def test_a_plan_puts_needs_before_what_needs_them_and_the_task_last(ask, answered):
    known = "To craft gorm: need 1 lum; need a zan within 4 blocks.\nTo craft lum: need 2 vix, 1 kor."
    steps = json.loads(ask("decompose", answers=answered(known)))["steps"]
    assert [step["task"] for step in steps] == ["Craft 2 vix", "Craft 1 lum", "Craft 1 zan", "craft a gorm"]
    assert steps[0]["goal"]["count"] == 2
    assert steps[-1]["goal"] == {"kind": "item", "item": "gorm", "count": 1}


def test_a_plan_after_a_failure_begins_with_the_tool_that_was_lacking(ask, answered):
    said = ["cannot mine pell: need jeb or better", "cannot mine norl: need lum or better"]
    known = "To craft lum: need 2 vix."
    steps = json.loads(ask("decompose", answers=answered(known), said=said, failed=["craft a gorm"]))["steps"]
    assert [step["task"] for step in steps] == ["Craft 2 vix", "Craft 1 lum", "craft a gorm"]

    steps = json.loads(ask("decompose", answers=answered(known), said=said))["steps"]
    assert [step["task"] for step in steps] == ["craft a gorm"]


@pytest.mark.parametrize(
    ("after", "error", "success"),
    [
        ("Inventory (2/36): 2 kor, 1 vix", None, True),
        ("Inventory (1/36): 2 kor", None, False),
        ("Inventory (2/36): 2 kor, 1 vix", "PrimitiveError: cannot mine norl: need jeb or better", False),
    ],
)
def test_mining_is_judged_by_what_was_gained(ask, after, error, success):
    verdict = json.loads(ask("critic", before="Inventory (1/36): 2 kor", after=after, error=error))
    assert verdict["success"] is success
    assert bool(verdict["critique"]) is not success


def test_a_critique_names_what_the_error_lacked(ask):
    error = "PrimitiveError: cannot mine norl: need jeb or better (holding kor)"
    assert "jeb" in json.loads(ask("critic", error=error))["critique"]


def test_a_description_says_it_by_names_and_in_plain_words(ask):
    text = ask("describe")
    assert "gorm" in text
    assert "In plain words" in text
    assert "obtain_gorm" not in text


def test_what_was_had_on_the_way_and_is_needed_gets_a_skill_of_its_own(proposal):
    found = proposal("To craft gorm: need 1 lum, 2 kor.", failed=["Craft 1 gorm"])
    assert (found["task"], found["goal"]["count"]) == ("Craft 1 kor", 3)


def test_questions_left_over_ask_what_the_held_things_are_for(ask):
    asked = json.loads(ask("curriculum_questions", items=["kor", "lum"]))["questions"]
    assert sorted(asked) == ["What needs kor?", "What needs lum?"]


def test_what_was_hard_to_come_by_is_asked_about_first_and_products_last(ask):
    said = ["cannot craft lum: need 1 kor", "cannot mine norl: need lum or better"]
    said += ["cannot craft jeb: no crafting recipe makes it; it comes from mining norl"]
    asked = json.loads(ask("curriculum_questions", items=["lum", "kor", "jeb"], said=said))["questions"]
    assert asked == ["What needs jeb?", "What needs kor?", "What needs lum?"]


def test_names_are_tried_sooner_while_a_rare_material_has_no_known_use(proposal):
    known = "To craft lum: need 1 kor.\nTo craft vix: need 1 lum.\nTo craft marn: need 1 vix."
    known += "\nTo mine pell: need marn or better.\nTo craft jeb: it comes from mining pell."
    done = [f"Craft 1 {name}" for name in ("kor", "lum", "vix", "marn")]
    held = {"items": ["jeb", "kor", "lum", "marn", "vix"], "completed": done}
    seen = "Nearby blocks: norl\nInventory (1/36): 1 jeb"
    assert "trying tells" in proposal(known, observation=seen, **held)["reasoning"]
    spoken = f"{known}\nTo craft gorm: need 3 jeb, 2 zan."
    assert "trying tells" not in proposal(spoken, observation=seen, **held)["reasoning"]
    assert proposal(known, observation=seen.replace("jeb", "lum"), **held)["task"] == "Mine 1 norl"


def test_of_what_can_be_made_the_thing_that_lies_deepest_comes_first(proposal):
    known = "To craft gorm: need 1 kor.\nTo craft hulp: need 1 lum.\nTo craft lum: need 1 vix."
    known += "\nTo craft vix: need 1 marn.\nTo craft marn: need 1 jeb.\nTo craft jeb: need 1 fenk."
    done = [f"Craft 1 {name}" for name in ("kor", "lum", "vix", "marn", "jeb", "fenk")]
    found = proposal(known, items=["fenk", "jeb", "kor", "lum", "marn", "vix"], completed=done)
    assert found["task"] == "Craft 1 hulp"


def test_what_several_tasks_failed_for_is_not_asked_of_another(proposal):
    known = "To craft gorm: need 1 lum.\nTo craft hulp: need 1 lum.\nTo craft jeb: need 1 lum."
    known += "\nTo craft vix: need 6 marn."
    done = [f"Craft 1 {name}" for name in ("kor", "lum", "marn")]
    held = {"items": ["kor", "lum", "marn"], "completed": done}
    failed = ["Craft 1 gorm (2 times, 9 tasks ago)", "Craft 1 hulp (2 times, 9 tasks ago)"]
    assert proposal(known, **held)["task"] != "Craft 1 vix"
    assert proposal(known, failed=failed, **held)["task"] == "Craft 1 vix"


def test_a_block_in_view_is_worth_more_once_its_tool_was_held(proposal):
    known = "To mine pell: need lum or better."
    seen = "Nearby blocks: norl, pell\nInventory (1/36): 1 lum"
    done = ["Craft 1 lum", "Craft 1 kor"]
    found = proposal(known, observation=seen, items=["kor", "lum"], completed=done)
    assert found["task"] == "Mine 1 pell"


def test_what_is_new_in_a_prompt_counts_like_what_is_old(ask):
    said = ["cannot craft gorm: need 2 kor (have 0)", "cannot craft hulp: need 1 lum (have 0)"]
    values = {"items": ["kor", "lum"], "completed": ["Craft 1 gorm", "Mine 1 norl"], "said": said}
    whole = ask("curriculum_task", **values)
    for old in (0, 1):
        assert ask("curriculum_task", **values, old_items=old, old_completed=old, old_said=old) == whole


def test_questions_come_with_the_task_where_the_prompt_asks_for_them(ask):
    failed = {"failed": ["Craft 1 gorm"], "said": ["cannot craft gorm: need 2 hulp (have 0)"]}
    assert "questions" not in json.loads(ask("curriculum_task", **failed))
    asked = json.loads(ask("curriculum_task", **failed, limit=2))["questions"]
    assert [entry["question"] for entry in asked] == [
        "What does it take to craft gorm and its parts?",
        "What needs kor?",
    ]
