"""Shared: what the tests of MiniHack import, and a fresh world."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from fieldcraft.envs import Environment, make

sys.path.insert(0, str(Path(__file__).parent))

if find_spec("minihack") is None and os.environ.get("FIELDCRAFT_WORLD") != "minihack":
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def world() -> Iterator[Environment]:
    made = make("minihack-v1")
    yield made
    made.close()
