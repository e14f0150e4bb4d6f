"""Every prompt is answered in the form that its readers ask for, whatever it holds, and always the same."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldcraft.agent.models.offline.programmer.brain import answer
from fieldcraft.agent.prompts.rendering import parse_code, parse_json
from fieldcraft.agent.roles.critic import ModelVerdict
from fieldcraft.agent.roles.curriculum import Proposal, Questions
from fieldcraft.agent.roles.planning import Plan
from fieldcraft.agent.task import Task
from fieldcraft.envs import ItemGoal, KillGoal, PlaceGoal
from fieldcraft.skills import parse_program

TEMPLATES = (
    "actor",
    "answer",
    "critic",
    "curriculum_questions",
    "curriculum_task",
    "decompose",
    "describe",
)
READERS = {
    "actor": lambda text: parse_program(parse_code(text)),
    "answer": str.strip,
    "critic": lambda text: parse_json(text, ModelVerdict),
    "curriculum_questions": lambda text: parse_json(text, Questions),
    "curriculum_task": lambda text: parse_json(text, Proposal),
    "decompose": lambda text: parse_json(text, Plan),
    "describe": str.strip,
}


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_answer_has_the_form_asked_for(ask, template):
    assert READERS[template](ask(template))


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_same_prompt_has_the_same_answer(ask, template):
    assert ask(template) == ask(template)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_refused_answer_is_given_again_in_its_form(ask, template):
    assert READERS[template](ask(template, problem="it holds no JSON object"))


@pytest.mark.parametrize(
    "task",
    [
        Task(words="Craft 2 gorm", goal=ItemGoal(item="gorm", count=2)),
        Task(words="Place 1 dask", goal=PlaceGoal(block="dask")),
        Task(words="Kill 3 quoll", goal=KillGoal(mob="quoll", count=3)),
        Task(words="Mine 1 norl"),
        Task(words="Deposit items that are not needed into the dask at (1, 64, 2)"),
        Task(words="craft a gorm"),
        Task(words="sing a song"),
    ],
)
def test_a_program_is_written_for_every_kind_of_task(ask, task):
    program = parse_program(parse_code(ask("actor", task=task)))
    assert program.docstring
    assert "while" not in program.source


def test_a_proposal_that_was_met_already_is_not_made_again(ask):
    first = json.loads(ask("curriculum_task", answers=[]))
    problem = "goal: it is met already"
    values = {"observation": "Nearby blocks: none\nInventory (1/36): 2 kor"}
    first = json.loads(ask("curriculum_task", **values))
    name = first["goal"]["item"]
    again = json.loads(ask("curriculum_task", problem=f"{problem} (hold 2 of 1 {name})", **values))
    assert again["goal"]["item"] != name


HOSTILE = st.one_of(
    st.text(max_size=400),
    st.sampled_from(
        [
            "# Primitives\n```python\ndef x(bot):\n",
            "# Question\n> > >\n# Names\nItems: ,,,\nBlocks:\nMobs",
            "# How to choose\n# Names\nItems: a\n# Questions and answers\n> To craft a: need 1 a.",
            "# How to plan\n# Task\n\n# Names\nItems: a, b\n# Questions and answers\n> To craft a: need 0 b",
            "# Function\n```python\n\n# Before\n> Inventory: 99999999999999999999 a",
            "# Skills\n## " + "(" * 300 + "\n```python\n```",
            "Your answer could not be used: ```",
        ]
    ),
)


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(["system", "user", "assistant", "x"]), HOSTILE), max_size=5))
@settings(deadline=None, max_examples=200)
def test_no_messages_make_it_fail(messages):
    assert isinstance(answer([{"role": role, "text": text} for role, text in messages]), str)


WHERE = {
    "actor": lambda text: {"observation": text, "task": Task(words="Craft 1 gorm", context=text)},
    "answer": lambda text: {"question": text, "evidence": [text, f"cannot craft gorm: {text}"]},
    "critic": lambda text: {"before": text, "after": text, "error": text},
    "curriculum_questions": lambda text: {"observation": text, "failed": [text], "items": [text]},
    "curriculum_task": lambda text: {"observation": text, "failed": [text], "completed": [text]},
    "decompose": lambda text: {"observation": text, "task": text, "failed": [text]},
    "describe": lambda text: {"source": text},
}


@pytest.mark.parametrize("template", TEMPLATES)
@given(text=st.text(st.characters(exclude_characters="`"), max_size=300))
@settings(deadline=None, max_examples=25)
def test_no_words_of_the_world_break_the_form(ask, template, text):
    assert READERS[template](ask(template, **WHERE[template](text)))
