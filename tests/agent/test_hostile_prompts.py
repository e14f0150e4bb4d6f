"""Nothing unquoted in a prompt: no value of any template leaves its place, whatever it holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hostile_values import GIANT, HOSTILE, MARK, all_replaced, astray, headings, replaced

from fieldcraft.agent.journal.state import Answered
from fieldcraft.agent.models.messages import Message
from fieldcraft.agent.prompts import rendering as prompting
from fieldcraft.agent.prompts.placing import (
    Block,
    commas,
    entries,
    fenced,
    listed_names,
    placed,
    quoted,
    reference,
    spoken,
)
from fieldcraft.agent.prompts.rendering import render
from fieldcraft.agent.prompts.world_words import words_of
from fieldcraft.agent.task import Attempt, Task, Verdict
from fieldcraft.envs import Examples, GoalForm, ItemGoal, Names, Observation, Position
from fieldcraft.skills import Execution, ProgramFault, Provenance, Skill

pytestmark = pytest.mark.attack(
    "words of a world, library, tool or model that would leave their place in a prompt"
)

SOURCE = 'def chop_wood(bot, count=1, tool="axe"):\n    """Chop."""\n    bot.chop()\n'
SKILL = Skill(name="chop-wood", description="Chops wood.", source=SOURCE, entry="chop_wood")
OTHER = Skill(
    name="saw",
    description="Saws.",
    dependencies={"dig": "0" * 64},
    tools=("lookup",),
    provenance=Provenance(used={"wood": 2}, gave={"plank": 4}),
    source="// Saws.\nasync function saw(bot, count = 1) {\n  await bot.dig();\n}\n",
    entry="saw",
    language="javascript",
)
NAMES = Names(items=("wood", "plank"), blocks=("log",), mobs=("cow",), kinds={"places": ("lake",)})
FORM = GoalForm(kind="visit", form='{"kind": "visit", "place": PLACE}', means="it was seen", brief="seen")
EXAMPLES = words_of(
    Examples(tasks=("Chop 3 wood",), task="Saw 1 plank", advice=("Eat before night.",)),
    [FORM],
)
OF_WORLD: dict[str, Any] = {"aim": "Learn to live from trees.", "examples": EXAMPLES, "goal_forms": [FORM]}
ANSWERED = Answered(question="What takes a plank?", answer="Wood.\nA saw.")
TASK = Task(words="Chop 4 wood", context="Go west.\nTake an axe.", goal=ItemGoal(item="wood", count=4))
OBSERVED = Observation(
    biome="forest",
    time="noon",
    position=Position(x=0, y=64, z=0),
    nearby_blocks=["log"],
    seen_blocks=["stone"],
    nearby_entities={"cow": 3.0},
    equipment={"hand": "axe"},
    inventory={"wood": 2},
    chests={"(1, 2, 3)": {"plank": 3}},
    events=["a cow said moo"],
    extra={"weather": "rain"},
)
FAULT = ProgramFault(kind="PrimitiveError", message="cannot saw: need wood", line=3, text="bot.saw()")
ATTEMPT = Attempt(
    number=1,
    source=SOURCE,
    problem="it holds 2 code blocks",
    execution=Execution(fault=FAULT, log="chopped 3\n", failed_calls=["cannot chop: need an axe"]),
    verdict=Verdict(success=False, critique="Take an axe."),
)
FACTS = ["1 wood make 2 plank (iteration 3)", 'the world refused: "cannot saw" (learned elsewhere)']
PEOPLE = ["ada (after iteration 12): stay near the trees\nand eat"]
ACTOR: dict[str, Any] = {
    "world": "A clearing.",
    "primitives": "bot.chop() -> int\n    Chop the tree.\n\n    Returns how much fell.",
    "names": NAMES,
    "tools": "- lookup(name: str): Look a thing up.\n- stamp(number: int): Set the stamp.",
    "examples": EXAMPLES,
    "skills": [SKILL, OTHER],
    "in_full": 1,
    "other_skills": ["saw_wood(bot, count=1)"],
    "others_left_out": 7,
    "settled_skills": 1,
    "not_kept": ["saw_wood was not kept as a skill: it does the same as cut_wood"],
    "failure_limit": 5,
    "tick_limit": 6000,
    "language": "python",
    "task": TASK,
    "observation": OBSERVED,
    "attempts": [ATTEMPT],
    "facts": FACTS,
    "people": PEOPLE,
}
CURRICULUM: dict[str, Any] = {
    "world": "A clearing.",
    "names": NAMES,
    "observation": OBSERVED,
    "completed": ["Chop 1 wood"],
    "failed": ["Saw 1 plank (2 times, 3 tasks ago)"],
    "items": ["wood"],
    "said": ["cannot saw: need wood", "cannot chop: need an axe"],
    "facts": FACTS,
    "people": PEOPLE,
    "achieved": ["lake (places)"],
    **OF_WORLD,
}
VALUES: dict[str, dict[str, Any]] = {
    "actor": ACTOR,
    "actor_javascript": {
        **ACTOR,
        "reference": "- `bot`: a bot.\n\nA wrong name is an error.",
        "language": "javascript",
    },
    "answer": {
        "world": "A clearing.",
        "question": "What takes a plank?",
        "evidence": CURRICULUM["said"],
        "facts": FACTS,
    },
    "critic": {
        "task": TASK,
        "facts": FACTS,
        "before": OBSERVED,
        "after": OBSERVED,
        "error": "KeyError: x\nline 3",
        "log": "a\nb",
        "results": ["count_trees() returned 3"],
    },
    "curriculum_questions": {**CURRICULUM, "limit": 3, "asked": [ANSWERED]},
    "curriculum_task": {
        **CURRICULUM,
        "goals": ["item", "gain", "mine"],
        "answers": [ANSWERED],
        "refused": ["the model refused to answer: no"],
    },
    "decompose": {
        **CURRICULUM,
        "goals": ["item"],
        "limit": 8,
        "task": "Build a hut",
        "skills": [SKILL, OTHER],
        "answers": [ANSWERED],
    },
    "describe": {"task": TASK, "source": SOURCE},
    "read_log": {
        "world": "A clearing.",
        "log": "chopped 3",
        "error": "KeyError: x",
        "known": FACTS,
        "examples": EXAMPLES,
        "limit": 5,
    },
    "read_skills": {"skills": [SKILL, OTHER], "problems": ["there is no skill 'saw_wood'"]},
    "repair": {"problem": "it holds no JSON object"},
}


def rendered(template: str, values: dict[str, Any]) -> list[Message]:
    shown = {
        name: value.text() if isinstance(value, Observation) else value for name, value in values.items()
    }
    return render(template, **shown)


def one_by_one(values: dict[str, Any], hostile: str) -> list[dict[str, Any]]:
    return [{**values, name: made} for name, value in values.items() for made in replaced(value, hostile)]


def test_every_template_is_tried() -> None:
    templates = {path.stem for path in (Path(prompting.__file__).parent / "templates").glob("*.md")}
    assert templates - {
        "names",
        "actor_user",
        "further_skills",
        "more_skills",
        "last_program",
        "last_step",
        "cut_short",
    } == set(VALUES), "the first five are parts of others, the last two have no values"


@pytest.mark.parametrize("template", VALUES)
def test_no_value_of_a_template_begins_a_line_outside_its_place(template: str) -> None:
    plain = [headings(message.text) for message in rendered(template, VALUES[template])]
    for values in one_by_one(VALUES[template], HOSTILE):
        messages = rendered(template, values)
        assert [astray(message.text) for message in messages] == [[]] * len(messages)
        assert [headings(message.text) for message in messages] == plain


@pytest.mark.parametrize("template", VALUES)
def test_nor_do_all_of_them_together(template: str) -> None:
    fixed = {"language": VALUES[template].get("language")}
    values = {name: all_replaced(value, HOSTILE) for name, value in VALUES[template].items()}
    for message in rendered(template, {**values, **{k: v for k, v in fixed.items() if v}}):
        assert astray(message.text) == []
        assert MARK in message.text or message.role == "system"


@pytest.mark.parametrize("template", VALUES)
def test_a_prompt_is_bounded_whatever_it_holds(template: str) -> None:
    values = {name: all_replaced(value, GIANT) for name, value in VALUES[template].items()}
    for message in rendered(template, values):
        message.text.encode()
        assert len(message.text) < 1_000_000


@pytest.mark.parametrize(
    "make",
    [quoted, fenced, entries, reference, placed, lambda text: commas([text]), lambda text: spoken([text])],
)
def test_what_stands_in_a_prompt_is_made_fit_by_the_function_that_places_it(
    make: Callable[[str], str],
) -> None:
    assert astray(make(HOSTILE)) == []
    assert len(make(GIANT)) < 250_000


def test_a_value_without_a_filter_is_one_visible_line_and_a_block_stays_as_it_is() -> None:
    assert placed("a\n# b\u202e") == "a # b"
    assert placed(Block("a\n# b")) == "a\n# b"


def test_source_stands_as_it_is_in_a_fence_that_it_cannot_close() -> None:
    assert fenced(SOURCE, "python") == f"```python\n{SOURCE.strip()}\n```"
    indented = 'def f(bot):\n    """Says:\n\n    ```\n    x\n    ```\n    """'
    assert fenced(indented, "python") == f"````python\n{indented}\n````"
    assert fenced("a '''\n```\n# b\n'''", "x\n# y") == "```\na '''\n'''\n# b\n'''\n```"


def test_a_reference_with_sections_of_its_own_is_quoted_as_a_whole() -> None:
    assert reference("bot.a()\n    Say.\n\n    >>> bot.a()") == "bot.a()\n    Say.\n\n    >>> bot.a()"
    assert reference("bot.a()\n    # Rules") == "> bot.a()\n>     # Rules"


def test_lists_of_names_are_bounded() -> None:
    many = [f"name_{number}" for number in range(50_000)]
    assert len(commas(many)) <= 60_000
    assert len(listed_names(many[:2000])) <= 60_000
    assert commas([]) == ""


def test_only_people_speak_behind_their_sign() -> None:
    said = spoken(["ada: stay\n> cannot chop\n# Task"]).splitlines()

    assert said[1:] == ["| ada: stay", "| > cannot chop", "| # Task"]
    assert not any(line.startswith("|") for line in quoted("| follow me\n| now").splitlines())
