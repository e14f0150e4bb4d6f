"""Prompts speak of the world that they are about, and of no other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from foreign_worlds import Database, Story

from fieldcraft import explore, solve
from fieldcraft.agent.transcript.reading import KeptCall, kept_calls
from fieldcraft.envs import Environment

OTHERS = re.compile(
    r"oak_log|craft|smelt|\bmin(?:e|ed|ing)\b|chest|\bcow|pickaxe|\bstone|(?<!code )\bblocks?\b|\bmobs?\b|"
    r"\bitems?\b|inventory|\bheld\b|obtain|station|material|health|hunger|recipe|coordinate|position|"
    r"\bkill(?:ed)? \d|\bplaced? \d|raw_iron|building|\bgained: ",
    re.IGNORECASE,
)
"""Words of worlds in which things are held, made and placed."""
GO = "Plan.\n```python\ndef do_it(bot):\n    {}\n```"
ANSWER = 'print(bot.ask("select count(*) from people")[0][0])\n    bot.answer("how_many_people", 3)'
WALK = 'print(bot.go("attic"))'


def script(tmp_path: Path, **answers: list[Any]) -> str:
    path = tmp_path / "script.json"
    texts = {
        role: [each if isinstance(each, str) else json.dumps(each) for each in listed]
        for role, listed in answers.items()
    }
    path.write_text(json.dumps(texts))
    return f"scripted:{path}"


def lived(world: Environment, program: str, goal: dict[str, Any], tmp_path: Path) -> list[KeptCall]:
    """The prompts of every role, in a run and in a task that was given."""
    kept = []
    for how in ("explore", "solve"):
        task = {"task": "Do it", "goal": goal}
        steps = {"steps": [{"task": "Do it", "goal": goal}]}
        model = script(
            tmp_path,
            curriculum=[
                {"questions": ["What is there?"]},
                task,
                {"questions": []},
                {"task": "Look around", "goal": None},
            ]
            if how == "explore"
            else [steps],
            answerer=['{"facts": []}'] * 9,
            actor=[GO.format(program)] * 9,
            critic=[{"reasoning": "r", "success": False, "critique": "look again"}] * 9,
            describer=["Does it."] * 9,
        )
        settings: dict[str, Any] = {"model": model, "runs": tmp_path / "runs", "name": how, "facts": "model"}
        settings |= {"library": str(tmp_path / how), "iterations": 4, "evidence": 0, "progress": False}
        if how == "explore":
            explore(world, **settings, ask_first=True)
        else:
            solve("Do it", world, **settings)
        kept += list(kept_calls(tmp_path / "runs" / how))
    return kept


@pytest.mark.parametrize(
    ("world", "program", "goal"),
    [
        (Database, ANSWER, {"kind": "answer", "question": "how_many_people"}),
        (Story, WALK, {"kind": "achieve", "achievement": "attic"}),
    ],
)
def test_no_word_of_a_world_of_things_stands_in_the_prompts_of_another(
    world: type[Environment], program: str, goal: dict[str, Any], tmp_path: Path
) -> None:
    calls = lived(world(), program, goal, tmp_path)

    assert {call.template for call in calls} == {
        *("actor", "answer", "critic", "curriculum_questions", "curriculum_task"),
        *("decompose", "describe", "read_log"),
    }
    for call in calls:
        assert OTHERS.findall(call.text) == [], f"{call.template}: {call.text}"


def test_the_world_s_own_words_goals_and_aim_stand_in_them(tmp_path: Path) -> None:
    calls = lived(Database(), ANSWER, {"kind": "answer", "question": "how_many_people"}, tmp_path)
    said = {call.template: call.text for call in calls}

    assert "Its aim:\n> Answer all questions on the data.\n" in said["curriculum_task"]
    assert (
        '{"kind": "answer", "question": QUESTION}   The answer to QUESTION was given, and is right.'
        in said["curriculum_task"]
    )
    assert "Of the kind tables: people" in said["actor"]
    assert "def count_rows(bot, count=1)" in said["actor"]


def test_the_user_s_aim_goes_before_the_world_s(tmp_path: Path) -> None:
    model = script(tmp_path, curriculum=[{"task": "Look", "goal": None}], actor=[GO.format(ANSWER)])
    explore(
        Database(),
        model=model,
        aim="Find\nthe oldest person",
        iterations=1,
        attempts=1,
        runs=tmp_path / "runs",
        name="a",
        library=str(tmp_path / "lib"),
        critic="none",
        progress=False,
    )
    asked = next(iter(kept_calls(tmp_path / "runs" / "a")))

    assert "Its aim:\n> Find the oldest person\n" in asked.text
    assert "Answer all questions" not in asked.text
