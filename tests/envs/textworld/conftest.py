"""Shared: a world with games of its own cache. Where the package is missing nothing here is collected."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

from fieldcraft.envs import Environment, make

if os.environ.get("FIELDCRAFT_WORLD") != "textworld" and find_spec("jericho") is None:
    collect_ignore_glob = ["test_*.py"]

SMALL = {
    "cooking": {"game": "cooking", "recipe": 2, "go": 6},
    "treasure_hunter": {"game": "treasure_hunter", "level": 12},
    "coin_collector": {"game": "coin_collector", "level": 105},
}
"""Games that are made in seconds."""


@pytest.fixture(scope="session")
def games(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The cache of all tests, since making a game takes seconds."""
    return str(tmp_path_factory.mktemp("games"))


@pytest.fixture
def world(games: str, monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setenv("FIELDCRAFT_CACHE", games)
    made = make("textworld-v1")
    yield made
    made.close()


@pytest.fixture(params=SMALL)
def options(request: pytest.FixtureRequest) -> dict[str, object]:
    """The options of each small game."""
    return SMALL[request.param]
