"""Shared: what the tests of MiniHack import, and a fresh world."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import lacks_world

from fieldcraft.envs import Environment, make

sys.path.insert(0, str(Path(__file__).parent))

if lacks_world("minihack", "nle", "minihack"):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def world() -> Iterator[Environment]:
    made = make("minihack-v1")
    yield made
    made.close()
