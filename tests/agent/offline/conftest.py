"""Prompts as the agent renders them, of a world whose names mean nothing, and the brain's answers to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fieldcraft.agent.journal.state import Answered
from fieldcraft.agent.models.offline.programmer.brain import answer
from fieldcraft.agent.prompts.rendering import render
from fieldcraft.agent.task import Attempt, Task
from fieldcraft.envs import ItemGoal, Names
from fieldcraft.skills import Execution, ProgramFault

NAMES = Names(
    items=("brill", "dask", "fenk", "gorm", "hulp", "jeb", "kor", "lum", "marn", "vix", "zan"),
    blocks=("dask", "fenk", "norl", "pell", "zan"),
    mobs=("quoll", "tib"),
)
OBSERVATION = (
    "Nearby blocks: norl, pell\nNearby entities: tib (4 blocks)\nHealth: 20.0/20\nHunger: 18.0/20\n"
    "Inventory (1/36): 2 kor"
)
DEFAULTS: dict[str, dict[str, Any]] = {
    "actor": {
        "world": "A world.",
        "primitives": "bot.craft(item: str, count: int = 1) -> int\n    Make it.",
        "names": NAMES,
        "tools": "",
        "skills": [],
        "failure_limit": 5,
        "tick_limit": 6000,
        "language": "python",
        "task": Task(words="Craft 1 gorm", goal=ItemGoal(item="gorm")),
        "observation": OBSERVATION,
        "attempts": [],
    },
    "answer": {
        "world": "A world.",
        "question": "What does it take to craft gorm and its parts?",
        "evidence": [],
    },
    "critic": {
        "task": Task(words="Mine 1 norl"),
        "before": OBSERVATION,
        "after": OBSERVATION,
        "error": None,
        "log": None,
    },
    "curriculum_questions": {
        "world": "A world.",
        "names": NAMES,
        "limit": 3,
        "observation": OBSERVATION,
        "completed": [],
        "failed": [],
        "items": ["kor"],
        "asked": [],
        "said": [],
    },
    "curriculum_task": {
        "world": "A world.",
        "goals": ["item", "place", "kill", "reach"],
        "names": NAMES,
        "observation": OBSERVATION,
        "completed": [],
        "failed": [],
        "items": ["kor"],
        "answers": [],
        "said": [],
    },
    "decompose": {
        "world": "A world.",
        "goals": ["item", "place", "kill", "reach"],
        "names": NAMES,
        "limit": 8,
        "task": "craft a gorm",
        "observation": OBSERVATION,
        "completed": [],
        "failed": [],
        "skills": [],
        "answers": [],
        "said": [],
    },
    "describe": {
        "task": Task(words="Craft 1 gorm", goal=ItemGoal(item="gorm")),
        "source": 'def obtain_gorm(bot, count=1):\n    """Hold `count` gorm."""\n    bot.craft("gorm")\n',
    },
}

Ask = Callable[..., str]


@pytest.fixture(scope="session")
def ask() -> Ask:
    """Render a prompt's template, with some values changed, and answer it."""

    def asked(template: str, problem: str = "", **values: Any) -> str:
        messages = render(template, **{**DEFAULTS[template], **values})
        if problem:
            messages += render("repair", problem=problem)
        return answer([{"role": message.role, "text": message.text} for message in messages])

    return asked


@pytest.fixture(scope="session")
def answered() -> Callable[[str], list[Answered]]:
    """Sentences of the world as one answer about it."""
    return lambda text: [Answered(question="What is known?", answer=text)]


@pytest.fixture(scope="session")
def attempt() -> Callable[..., Attempt]:
    """An earlier attempt that ended with an error, after failed calls that it caught."""

    def made(error: str, *caught: str, number: int = 1) -> Attempt:
        fault = ProgramFault(kind="PrimitiveError", message=error, line=3, text="bot.craft(item)")
        execution = Execution(fault=fault, failed_calls=[*caught, error])
        return Attempt(number=number, source="def tried(bot):\n    pass\n", execution=execution)

    return made
