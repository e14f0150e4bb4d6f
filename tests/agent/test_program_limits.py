"""What a user lets a program use: read from settings, kept in the journal, held by the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from fieldcraft.agent import RunSettings, new_session, resumed_session
from fieldcraft.agent.journal import events as e
from fieldcraft.agent.limits import LimitSettings
from fieldcraft.agent.replaying import replay_skills
from fieldcraft.agent.settings import BudgetLimits
from fieldcraft.envs import EnvironmentSpec, make
from fieldcraft.skills import SkillLibrary
from fieldcraft.skills.sandbox import ProgramLimits, open_sandbox

Settings = Callable[..., RunSettings]
SPEC = EnvironmentSpec(id="slow-v1", description="Slow.", seconds_limit=600)


def program(tmp_path: Path, body: str) -> str:
    goal = {"kind": "item", "item": "wood", "count": 1}
    path = tmp_path / "answers.json"
    path.write_text(
        json.dumps(
            {
                "curriculum": [{"task": "Chop 1 wood", "goal": goal}] * 9,
                "answerer": ["Chop."] * 9,
                "actor": [f"```python\ndef chop_wood(bot):\n    {body}\n```"] * 9,
                "describer": ["Chops wood."] * 9,
            }
        )
    )
    return f"scripted:{path}"


def ended(settings: RunSettings, runs: Path) -> str:
    ends: list[str] = []

    def note(event: e.Event) -> None:
        if isinstance(event, e.ExecutionFinished):
            ends.append(event.execution.error_text() or "")

    with new_session(settings, runs=runs, name="one", listeners=(note,)) as session:
        session.explorer.explore()
    return ends[0]


@pytest.mark.parametrize(
    ("limits", "body", "words"),
    [
        ({"calls": 3}, "[bot.chop() for _ in range(4)]", "stopped: too many calls (3 calls)"),
        ({"output": "1KiB"}, "print('x' * 5000)", "more than 1024 bytes printed"),
        ({"seconds": 0.5}, "[None for _ in iter(int, 1)]", "stopped: wall-clock deadline"),
        ({"memory": "64MiB"}, "bytearray(200_000_000)", "MemoryError"),
        ({"memory": "1GiB"}, "bytearray(600_000_000); bot.chop()", ""),
    ],
)
def test_a_program_is_held_to_what_the_settings_say(
    limits: dict[str, Any], body: str, words: str, toy_settings: Settings, tmp_path: Path
) -> None:
    settings = toy_settings(
        limits=limits, model=program(tmp_path, body), budget=BudgetLimits(iterations=1), critic="none"
    )
    found = ended(settings, tmp_path / "runs")
    assert words in found if words else not found


def test_a_resume_keeps_the_limits_of_the_run(toy_settings: Settings, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    with new_session(toy_settings(limits={"memory": "1GB"}), runs=runs, name="one"):
        pass
    with resumed_session("one", runs=runs) as session:
        assert session.run.settings.limits == LimitSettings(memory=10**9)


def test_a_replay_is_held_to_them_too(toy_settings: Settings, tmp_path: Path) -> None:
    model = program(tmp_path, "[bot.chop() for _ in range(4)]")
    with new_session(toy_settings(model=model, budget=BudgetLimits(iterations=1)), runs=tmp_path) as session:
        session.explorer.explore()
    world = make("toy_world:ToyWorld")
    library = SkillLibrary(tmp_path / "library", environment="toy-v1")
    with open_sandbox("auto") as sandbox:
        replayed = list(replay_skills(library, world, sandbox, seed=1, limits=ProgramLimits(calls=2)))
    assert [each.ticks for each in replayed] == [20], "of four calls two were made, at ten ticks each"


def test_what_is_not_set_is_the_worlds_and_the_sandboxs_own() -> None:
    assert LimitSettings(calls=7).in_world(SPEC) == ProgramLimits(seconds=600, calls=7)
    assert LimitSettings(seconds=5).in_world(SPEC).seconds == 5


def test_the_limits_of_a_sandbox_count_with_what_was_set_of_them() -> None:
    settings = RunSettings.model_validate({"limits": ProgramLimits(memory=2**30)})
    assert settings.limits == LimitSettings(memory=2**30)
    assert RunSettings.model_validate_json(settings.model_dump_json()) == settings


def test_settings_of_a_journal_without_limits_have_the_defaults() -> None:
    kept = RunSettings().model_dump(mode="json")
    for new in ("limits", "listeners", "prompts"):
        del kept[new]
    assert RunSettings.model_validate(kept) == RunSettings()


@pytest.mark.parametrize(
    ("size", "there"),
    [("1GB", 10**9), ("1GiB", 2**30), ("512 MB", 512 * 10**6), (2**30, 2**30), (1e9, 10**9)],
)
def test_a_size_is_bytes_or_has_a_unit(size: object, there: int) -> None:
    assert LimitSettings.model_validate({"memory": size}).memory == there


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"memory": "10MB"}, "a size from 64MiB to 256GiB"),
        ({"memory": "1TB"}, "a size from 64MiB to 256GiB"),
        ({"memory": "lots"}, "such as 512MB or 1GiB"),
        ({"memory": "9" * 400 + "GB"}, "such as 512MB or 1GiB"),
        ({"memory": "1e999GB"}, "such as 512MB or 1GiB"),
        ({"memory": True}, "such as 512MB or 1GiB"),
        ({"memory": float("nan")}, "such as 512MB or 1GiB"),
        ({"memory": ["1GB"]}, "such as 512MB or 1GiB"),
        ({"output": "2MB"}, "a size from 1KiB to 1MB"),
        ({"frame": -1}, "a size from 4KiB to 16MiB"),
        ({"seconds": 0}, "seconds from 0.1 to 86400"),
        ({"seconds": float("inf")}, "seconds from 0.1 to 86400"),
        ({"calls": 0}, "from 1 to 10000000"),
        ({"memry": "1GB"}, "Extra inputs"),
    ],
)
def test_limits_that_make_no_sense_are_refused(limits: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        LimitSettings.model_validate(limits)
