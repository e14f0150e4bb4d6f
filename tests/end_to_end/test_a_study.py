"""The three studies in small, by the front door, with the model that needs no key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from machine import PATIENCE


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def study(home: Path, kind: str, *arguments: str) -> Any:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FIELDCRAFT_")}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "fieldcraft",
            "study",
            kind,
            "--seeds",
            "1",
            "--jobs",
            "2",
            "--json",
            *arguments,
        ],
        cwd=home,
        env={**environment, "FIELDCRAFT_CACHE": str(home / "cache")},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_items_of_an_agent_of_one_that_keeps_nothing_and_of_the_others(home: Path) -> None:
    methods = "full,without-library,react,autogpt"
    found = study(home, "items", "--methods", methods, "--iterations", "9")
    lives = {trial["trial"]["method"]: trial["measured"] for trial in found["trials"]}
    assert len(lives) == 4 and all(len(life["items"]) >= 2 for life in lives.values())
    assert lives["full"]["skills"] and not lives["without-library"]["skills"]
    assert lives["react"]["tasks_done"] == 0 < lives["full"]["tasks_done"]
    assert [Path(file).suffix for file in found["files"]] == [".json", ".md", ".png", ".png", ".svg"]
    assert all((home / file).stat().st_size for file in found["files"])


def test_a_library_helps_in_a_new_world_of_other_names(home: Path) -> None:
    """Where every name is made up, what a kept skill knows can come from nowhere else."""
    found = study(home, "newworld", "--iterations", "16", "--goals", "stick", "--goal-iterations", "12",
                  "--scramble", "3", "--only-scrambled")  # fmt: skip
    with_it, without = (
        next(
            trial["measured"]["goal_at"]
            for trial in found["trials"]
            if trial["trial"]["goal"] and bool(trial["trial"]["teacher"]) == library
        )
        for library in (True, False)
    )
    assert with_it is not None and with_it <= (without or 12)
