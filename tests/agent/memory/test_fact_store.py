"""Finding facts, bounded; and what is left out because it no longer matters."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fieldcraft.agent.memory.facts import Fact
from fieldcraft.agent.memory.happenings import learn_happenings
from fieldcraft.agent.memory.learning import Change
from fieldcraft.agent.memory.messages import learn_messages
from fieldcraft.agent.memory.naming import Vocabulary
from fieldcraft.agent.memory.retrieval import Question, newest, relevant
from fieldcraft.agent.memory.store import Memory
from fieldcraft.envs import Happening, Names, Observation, Position

WORDS = Vocabulary(
    Names(
        items=("coal", "iron_pickaxe", "lamp", "stick", "stone"), blocks=("coal_ore", "rock"), mobs=("cow",)
    )
)
HAPPENED = (
    Happening(what="crafted", subject="lamp", used={"coal": 1, "stick": 2}, gave={"lamp": 1}),
    Happening(what="mined", subject="coal_ore", gave={"coal": 1}, tool="iron_pickaxe"),
    Happening(what="saw", subject="coal_ore", place=Position(x=9, y=0, z=0)),
    Happening(what="saw", subject="coal_ore", place=Position(x=1, y=0, z=0)),
    Happening(what="crafted", subject="iron_pickaxe", used={"stick": 2}, gave={"iron_pickaxe": 1}),
    Happening(what="mined", subject="rock", gave={"stone": 1}, tool="iron_pickaxe"),
    Happening(what="ate", subject="stick"),
)


@pytest.fixture
def memory() -> Memory:
    made = Memory()
    change = Change(made, iteration=1)
    learn_happenings(change, HAPPENED, WORDS)
    learn_messages(change, ["cannot mine rock: need 1 iron_pickaxe (have 0)"], WORDS)
    made.take(list(change.facts.values()), {}, 1)
    return made


def texts(facts: list[Fact]) -> list[str]:
    return [fact.text for fact in facts]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What does it take to craft a lamp?", "1 coal, 2 stick make 1 lamp"),
        ("What does a coal ore drop?", "coal_ore gives 1 coal when mined with iron_pickaxe"),
        ("Where are coal ores?", "coal_ore seen at (1, 0, 0)"),
        ("What can be eaten?", "stick can be eaten"),
        ("How are lamps made?", "1 coal, 2 stick make 1 lamp"),
    ],
)
def test_a_question_finds_its_fact_among_the_first(memory: Memory, question: str, answer: str) -> None:
    assert answer in texts(relevant(memory, Question(question, lines=3)))


def test_a_task_finds_how_to_get_what_it_takes_and_where(memory: Memory) -> None:
    now = Observation(position=Position(x=0, y=0, z=0), inventory={"stick": 5})
    found = texts(relevant(memory, Question("Craft 1 lamp", now=now, deeper=True)))
    assert found[0] == "1 coal, 2 stick make 1 lamp"
    assert "coal_ore gives 1 coal when mined with iron_pickaxe" in found
    assert "coal_ore seen at (1, 0, 0)" in found


def test_nothing_is_found_for_words_that_no_fact_holds(memory: Memory) -> None:
    assert relevant(memory, Question("Zebra quartz")) == []


def test_no_more_is_shown_than_there_is_room_for(memory: Memory) -> None:
    assert len(relevant(memory, Question("coal lamp rock stick", lines=2))) == 2
    assert sum(map(len, texts(relevant(memory, Question("coal lamp rock stick", room=120))))) <= 120


def test_the_recipe_of_a_tool_that_is_held_is_not_shown_unless_it_is_asked_for(memory: Memory) -> None:
    held = Observation(inventory={"iron_pickaxe": 1})
    recipe = "2 stick make 1 iron_pickaxe"
    assert recipe in texts(relevant(memory, Question("What are sticks for?")))
    assert recipe not in texts(relevant(memory, Question("What are sticks for?", now=held)))
    assert recipe not in texts(newest(memory, Question("", now=held)))
    assert recipe in texts(relevant(memory, Question("Craft an iron_pickaxe", now=held)))


def test_a_refusal_whose_needs_are_met_is_not_shown(memory: Memory) -> None:
    refusal = 'the world refused: "cannot mine rock: need 1 iron_pickaxe"'
    bare, held = Observation(), Observation(equipment={"hand": "iron_pickaxe"})
    assert refusal in texts(relevant(memory, Question("Mine a rock", now=bare)))
    assert refusal not in texts(relevant(memory, Question("Mine a rock", now=held)))


def test_a_message_that_is_shown_anyway_is_not_shown_twice(memory: Memory) -> None:
    said = ["cannot mine rock: need 3 iron_pickaxe (have 0)"]
    assert not [f for f in relevant(memory, Question("Mine a rock", said=said)) if f.kind == "refusal"]


def test_a_corrected_fact_is_not_found(memory: Memory) -> None:
    fact = memory.of("recipe", "lamp")[0]
    memory.take([fact.changed(wrong=True, wrong_since=2)], {}, 2)
    assert "1 coal, 2 stick make 1 lamp" not in texts(relevant(memory, Question("Craft a lamp")))


def test_the_first_facts_go_where_there_are_too_many() -> None:
    memory = Memory(most=10)
    for number in range(30):
        memory.take(
            [Fact(key=f"k{number}", kind="note", subject=f"s{number}", text=f"t{number}")], {}, number
        )
    assert [fact.key for fact in memory] == [f"k{number}" for number in range(20, 30)]
    assert relevant(memory, Question("s3")) == []


def test_what_is_found_does_not_depend_on_the_hashes_of_a_process() -> None:
    program = (
        "from fieldcraft.agent.memory.facts import Fact\n"
        "from fieldcraft.agent.memory.retrieval import Question, relevant\n"
        "from fieldcraft.agent.memory.store import Memory\n"
        "memory = Memory()\n"
        "facts = [Fact(key=f'k{n}', kind='note', subject=f'a_{n % 7}_{n % 5}', text=f'w{n % 3} v{n % 4}')"
        " for n in range(200)]\n"
        "memory.take(facts, {}, 1)\n"
        "print([f.key for f in relevant(memory, Question('a 3 2 w1 v2 a_1_1 w2', lines=40))])\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1
