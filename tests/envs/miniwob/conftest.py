"""Shared: one world with its browser for all tests of MiniWoB++."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import lacks_world

from fieldcraft.envs import Environment, make

sys.path.insert(0, str(Path(__file__).parent))

if lacks_world("miniwob", "miniwob", "selenium"):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def world() -> Iterator[Environment]:
    made = make("miniwob-v1")
    yield made
    made.close()
