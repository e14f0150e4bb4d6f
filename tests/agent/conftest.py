"""A run of the toy world with scripted answers, for every test of the loop."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.agent import new_session
from fieldcraft.agent.settings import BudgetLimits, RunSettings

sys.path.insert(0, str(Path(__file__).parent))


def code(source: str) -> str:
    return f"Plan.\n```python\n{source}\n```"


def task(words: str, item: str, count: int) -> str:
    return json.dumps(
        {"reasoning": "r", "task": words, "goal": {"kind": "item", "item": item, "count": count}}
    )


CHOP_FOUR = """
def chop_wood(bot, count=4):
    \"\"\"Chop wood until at least `count` fell.\"\"\"
    got = 0
    for _ in range(20):
        if got >= count:
            break
        got += bot.chop()
    print("chopped", got)
"""
SAW_TOO_MANY = "def saw_planks(bot, count=1):\n    bot.saw(50)\n"
SAW_AFTER_CHOPPING = """
def saw_planks(bot, count=2):
    \"\"\"Saw planks, chopping wood first.\"\"\"
    chop_wood(bot, count)
    bot.saw(count)
"""
MANY_PLANKS = """
import random

def many_planks(bot, count=6):
    \"\"\"Saw many planks.\"\"\"
    for _ in range(random.randint(2, 4)):
        saw_planks(bot, count)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Scripted answers: a success, a failure repaired, an unreadable answer, a skill that calls a skill."""
    path = tmp_path / "answers.json"
    answers = {
        "curriculum": [
            task("Chop 4 wood", "wood", 4),
            task("Saw 4 planks", "plank", 4),
            "no JSON here",
            task("Saw 20 planks", "plank", 20),
        ],
        "answerer": [f"Answer {number}." for number in range(40)],
        "actor": [
            code(CHOP_FOUR),
            code(SAW_TOO_MANY),
            "I would rather not.",
            code(SAW_AFTER_CHOPPING),
            code(MANY_PLANKS),
            code(MANY_PLANKS),
            code(MANY_PLANKS),
            code(MANY_PLANKS),
        ],
        "describer": ["Chops wood from the tree.", "Saws planks from wood.", "Saws a great many planks."],
    }
    path.write_text(json.dumps(answers))
    return path


@pytest.fixture
def toy_settings(tmp_path: Path, script: Path) -> Callable[..., RunSettings]:
    """Settings of a run in the toy world; keywords change fields."""

    def build(**changes: Any) -> RunSettings:
        fields: dict[str, Any] = {
            "environment": "toy_world:ToyWorld",
            "seed": 3,
            "model": f"scripted:{script}",
            "questions": 0,
            "library": str(tmp_path / "library"),
            "budget": BudgetLimits(iterations=5),
        }
        return RunSettings(**{**fields, **changes})

    return build


@pytest.fixture
def scripted_run(toy_settings: Callable[..., RunSettings], tmp_path: Path) -> Callable[..., list[Any]]:
    """The events of a run `one` of the toy world, one attempt a task; keywords change settings."""

    def made(curriculum: list[Any], actor: list[str], **changes: Any) -> list[Any]:
        script = {
            "curriculum": curriculum,
            "answerer": ["Chop."] * 40,
            "actor": actor,
            "describer": ["D."] * 9,
        }
        (tmp_path / "a.json").write_text(json.dumps(script))
        fields = {
            "model": f"scripted:{tmp_path / 'a.json'}",
            "budget": BudgetLimits(iterations=len(actor)),
            "attempts": 1,
            **changes,
        }
        events: list[Any] = []
        with new_session(
            toy_settings(**fields), runs=tmp_path / "runs", name="one", listeners=(events.append,)
        ) as session:
            session.explorer.explore()
        return events

    return made


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep derived indexes out of the user's cache."""
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the tools of `toy_tools` leave a line for each call."""
    path = tmp_path / "notes.txt"
    path.touch()
    monkeypatch.setenv("TOY_NOTES", str(path))
    return path


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Servers that speak OpenAI's protocol: `serve` starts one, the others are what it replies."""
    monkeypatch.syspath_prepend(Path(__file__).parent / "models")
    import openai_server

    servers: list[Any] = []

    class Chat:
        says = staticmethod(openai_server.says)
        fails = staticmethod(openai_server.fails)
        calls = staticmethod(openai_server.calls)

        @staticmethod
        def serve(reply: Any) -> Any:
            servers.append(openai_server.ChatServer(reply))
            return servers[-1]

    yield Chat
    for server in servers:
        server.stop()
