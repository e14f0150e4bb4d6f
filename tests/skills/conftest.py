"""What the skill tests share: a cache of their own, and skills made from a line of code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.skills import Provenance, Skill, SkillLibrary
from fieldcraft.skills.library.skill import folder_name

sys.path.insert(0, str(Path(__file__).parent))

MakeSkill = Callable[..., Skill]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(folder))
    monkeypatch.delenv("FIELDCRAFT_CHROMA_URL", raising=False)
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[SkillLibrary]:
    library = SkillLibrary(tmp_path / "library", environment="gridworld-v1")
    yield library
    library.close()


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of embeddings that a user wrote."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return "skill_test_embeddings:Letters"


@pytest.fixture
def make_skill() -> MakeSkill:
    def make(entry: str, body: str = "", description: str = "", **more: Any) -> Skill:
        body = body or f"bot.say({entry!r})"
        task = more.pop("task", "")
        goal = more.pop("goal", None)
        return Skill(
            name=folder_name(entry),
            description=description or f"{entry} in one call.",
            source=f"def {entry}(bot):\n    {body}\n",
            entry=entry,
            provenance=Provenance(task=task, goal=goal),
            **{"environment": "gridworld-v1", **more},
        )

    return make
