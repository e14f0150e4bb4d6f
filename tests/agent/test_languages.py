"""A life in a world that speaks JavaScript too: programs in one language, skills in both."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kept_texts import kept_texts

from fieldcraft.agent import RunSettings, new_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.loop.opening import BadWorldOptions
from fieldcraft.agent.replaying import Outcome, replay_skills
from fieldcraft.agent.settings import FixedTask
from fieldcraft.skills import Skill, SkillLibrary
from fieldcraft.skills.sandbox import open_sandbox

Settings = Callable[..., RunSettings]
WAVE = "// Waves.\nasync function wave(bot, text = 'hi') {\n  bot.chat(text);\n  return text.length;\n}\n"


@pytest.fixture(autouse=True)
def _world() -> Iterator[None]:
    folder = str(Path(__file__).parents[1] / "skills" / "sandbox")
    sys.path.insert(0, folder)
    yield
    sys.path.remove(folder)


@pytest.fixture
def library(tmp_path: Path) -> SkillLibrary:
    """One JavaScript skill."""
    library = SkillLibrary(tmp_path / "library")
    keep(library, "wave", WAVE, "Waves at all.", language="javascript")
    return library


def keep(library: SkillLibrary, entry: str, source: str, description: str = "Does it.", **more: Any) -> None:
    library.keep(Skill(name=entry, entry=entry, description=description, source=source, **more))


def live(settings: RunSettings, runs: Path, tmp_path: Path, *, task: str, program: str) -> list[Any]:
    path = tmp_path / "answers.json"
    path.write_text(
        json.dumps({"actor": [program] * 4, "describer": ["Greets."] * 4, "answerer": ["So."] * 9})
    )
    changes = {
        "environment": "javascript_world:JavaScriptWorld",
        "model": f"scripted:{path}",
        "curriculum": "fixed",
        "critic": "none",
        "tasks": (FixedTask(task=task),),
        "keep_prompts": True,
    }
    events: list[Any] = []
    with new_session(settings.model_copy(update=changes), runs=runs, listeners=(events.append,)) as session:
        session.explorer.explore()
    return events


def prompts_of(runs: Path) -> str:
    return "\n".join(kept_texts(runs).values())


def test_a_python_program_calls_a_javascript_skill(
    toy_settings: Settings, library: SkillLibrary, tmp_path: Path
) -> None:
    program = "```python\ndef greet(bot):\n    wave(bot, 'hello')\n    return bot.say('bye')\n```"
    events = live(toy_settings(), tmp_path / "runs", tmp_path, task="Wave at all", program=program)
    finished = next(event for event in events if isinstance(event, e.ExecutionFinished))
    assert finished.execution.ok
    assert finished.execution.result == 2
    shown = prompts_of(tmp_path / "runs")
    assert "It is written in JavaScript. Call it as `wave(bot, text='hi')`" in shown
    assert "bot.chat(text);" not in shown
    kept = SkillLibrary(tmp_path / "library").get("greet")
    assert kept.dependencies == {"wave": library.get("wave").digest}


def test_programs_can_be_javascript(toy_settings: Settings, library: SkillLibrary, tmp_path: Path) -> None:
    source = "// Greets.\nasync function greet(bot) {\n  await wave(bot, 'hello');\n  bot.chat('bye');\n}"
    events = live(
        toy_settings(language="javascript"),
        tmp_path / "runs",
        tmp_path,
        task="Wave at all",
        program=f"```javascript\n{source}\n```",
    )
    started = next(event for event in events if isinstance(event, e.ExecutionStarted))
    assert (started.language, list(started.skills)) == ("javascript", ["wave"])
    kept = SkillLibrary(tmp_path / "library").get("greet")
    assert (kept.language, kept.source.strip()) == ("javascript", source)
    shown = prompts_of(tmp_path / "runs")
    assert "You write JavaScript programs" in shown
    assert "`bot.chat(text)` says something." in shown


def test_a_program_that_only_calls_another_is_not_kept(
    toy_settings: Settings, library: SkillLibrary, tmp_path: Path
) -> None:
    program = "```javascript\nasync function greet(bot) {\n  // wave\n  return await wave(bot);\n}\n```"
    events = live(
        toy_settings(language="javascript"), tmp_path / "runs", tmp_path, task="Wave at all", program=program
    )
    refused = next(event for event in events if isinstance(event, e.SkillRefused))
    assert refused.reason == "greet does nothing but call another skill"


def test_a_world_that_runs_python_only_offers_no_javascript(
    toy_settings: Settings, library: SkillLibrary, tmp_path: Path
) -> None:
    with (
        pytest.raises(BadWorldOptions, match="toy-v1 runs python programs only"),
        new_session(toy_settings(language="javascript"), runs=tmp_path / "runs"),
    ):
        pass
    events: list[Any] = []
    with new_session(
        toy_settings(keep_prompts=True), runs=tmp_path / "runs", listeners=(events.append,)
    ) as session:
        session.explorer.explore()
    assert "Waves at all." not in prompts_of(tmp_path / "runs")


def test_replay_tries_skills_of_both_languages(library: SkillLibrary) -> None:
    from javascript_world import JavaScriptWorld

    called = {"wave": library.get("wave").digest}
    keep(library, "talk", "def talk(bot):\n    wave(bot)\n", dependencies=called)
    keep(library, "trip", "async function trip(bot) {\n  throw new Error('oh');\n}\n", language="javascript")
    with open_sandbox() as sandbox:
        results = {found.skill: found for found in replay_skills(library, JavaScriptWorld(), sandbox, seed=1)}
    assert [results[name].outcome for name in ("talk", "trip", "wave")] == [
        Outcome.WORKS,
        Outcome.FAILS,
        Outcome.WORKS,
    ]
    assert results["trip"].why == "Error: oh at line 2: `throw new Error('oh');`"
