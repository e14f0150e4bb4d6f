"""Shared: what the tests of MiniGrid import."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fieldcraft.envs import Environment, make

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def world() -> Environment:
    return make("minigrid-v1")
