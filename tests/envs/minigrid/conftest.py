"""Shared: a world of MiniGrid, and its tests only where MiniGrid is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from machine import lacks_world

from fieldcraft.envs import Environment, make

sys.path.insert(0, str(Path(__file__).parent))
if lacks_world("minigrid", "minigrid", "gymnasium"):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def world() -> Environment:
    return make("minigrid-v1")
