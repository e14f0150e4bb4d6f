"""Shared: one world with its browser for all tests of MiniWoB++."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from fieldcraft.envs import Environment, make

sys.path.insert(0, str(Path(__file__).parent))

if find_spec("miniwob") is None and os.environ.get("FIELDCRAFT_WORLD") != "miniwob":
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def world() -> Iterator[Environment]:
    made = make("miniwob-v1")
    yield made
    made.close()
