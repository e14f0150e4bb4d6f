"""Fixtures of the command line's tests: a workshop, one with a stocked library, and its script."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fieldcraft.cli.views.console import console
from fieldcraft.skills import SkillLibrary

sys.path.insert(0, str(Path(__file__).parent))

from cli_workshop import ANSWERS, CHOP, SAW, TOO_MANY, Workshop, keep


@pytest.fixture
def workshop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Workshop]:
    for variable in [name for name in os.environ if name.startswith("FIELDCRAFT_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("FIELDCRAFT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    shutil.copy(Path(__file__).with_name("clearing.py"), tmp_path)
    (tmp_path / "answers.json").write_text(json.dumps(ANSWERS))
    (tmp_path / "fieldcraft.toml").write_text(
        'environment = "clearing:Clearing"\nmodel = "scripted:answers.json"\nquestions = 0\n'
        "[budget]\niterations = 3\n"
    )
    console.cache_clear()
    made = Workshop(tmp_path, capsys)
    yield made
    console.cache_clear()
    for process in made.started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def stocked(workshop: Workshop) -> Workshop:
    """The workshop with a library of three skills, one of which calls another and has two versions."""
    library = SkillLibrary(workshop.folder / "library", environment="clearing-v1")
    chop = keep(library, "chop_wood", CHOP, "Chops wood from the tree.", item="wood")
    keep(library, "saw_planks", SAW, "Saws planks.", item="plank", dependencies={"chop_wood": chop.digest})
    keep(
        library,
        "saw_planks",
        SAW.replace("count=2", "count=3"),
        "Saws planks from wood.",
        item="plank",
        dependencies={"chop_wood": chop.digest},
    )
    keep(library, "saw_too_many", TOO_MANY.replace("saw_planks", "saw_too_many"), "Saws fifty.", item="plank")
    library.close()
    return workshop


@pytest.fixture
def write_script(workshop: Workshop) -> Callable[..., None]:
    """Replace the scripted answers of some roles."""

    def write(**answers: list[str]) -> None:
        (workshop.folder / "answers.json").write_text(json.dumps({**ANSWERS, **answers}))

    return write
