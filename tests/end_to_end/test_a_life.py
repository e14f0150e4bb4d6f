"""From nothing to a library and on to a new world, with no key and no server, by the front door alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from machine import PATIENCE


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an agent lived twelve iterations of the grid world, killed and resumed in the middle."""
    folder = tmp_path_factory.mktemp("home")
    fieldcraft(folder, "explore", "--name", "life", "--iterations", "7", "--json", "--picture", "end.png")
    fieldcraft(folder, "explore", "--resume", "latest", "--iterations", "12", "--json")
    return folder


def fieldcraft(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FIELDCRAFT_")}
    done = subprocess.run(
        [sys.executable, "-m", "fieldcraft", *arguments],
        cwd=folder,
        env={**environment, "FIELDCRAFT_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_agent_makes_its_way_and_keeps_what_works(home: Path) -> None:
    life = json.loads(fieldcraft(home, "runs", "show", "life", "--json"))
    assert life["iterations"] == 12
    assert len(life["items"]) >= 3
    assert life["skills"]
    kept = json.loads(fieldcraft(home, "skills", "list", "--json"))
    assert {skill["name"] for skill in kept} == set(life["skills"])
    assert "are valid" in fieldcraft(home, "skills", "check")


def test_what_it_learned_works_in_a_world_it_has_never_seen(home: Path) -> None:
    results = json.loads(fieldcraft(home, "replay", "--seed", "8", "--json"))
    assert [result["skill"] for result in results if result["outcome"] == "works"]
    assert all(result["why"] for result in results)


def test_it_solves_a_given_task_there(home: Path) -> None:
    solved = json.loads(
        fieldcraft(home, "solve", "mine 2 dirt", "--seed", "8", "--iterations", "8", "--json")
    )
    assert solved["solved"] is True


def test_the_picture_of_the_end_is_a_png(home: Path) -> None:
    assert (home / "end.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
