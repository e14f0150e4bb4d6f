"""Shared: a fresh grid world, and the path to rules that a test may change."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fieldcraft.envs.gridworld import GridWorld
from fieldcraft.envs.gridworld.loading import DEFAULT_RULES

sys.path.insert(0, str(Path(__file__).parent))

from meadow import clear_ground


@pytest.fixture
def world() -> GridWorld:
    """The grid world of seed 0 without mobs, so that only the agent changes it."""
    environment = GridWorld()
    environment.reset(seed=0, options={"mob_density": 0})
    return environment


@pytest.fixture
def meadow(world: GridWorld) -> GridWorld:
    """That world, with nothing but grass around the agent."""
    clear_ground(world.world)
    return world


@pytest.fixture
def changed_rules(tmp_path: Path) -> Callable[[Callable[[dict[str, Any]], object]], Path]:
    """Writes the built-in rules with a change, one entry a line, and returns the file."""

    def write(change: Callable[[dict[str, Any]], object]) -> Path:
        data = json.loads(DEFAULT_RULES.read_text())
        change(data)
        path = tmp_path / "rules.json"
        path.write_text(json.dumps(data, indent=1))
        return path

    return write
