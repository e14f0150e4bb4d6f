"""Shared: a world with one Java process. Where the package or Java is missing nothing here is collected."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec

import pytest

from fieldcraft.envs import Environment, make

if os.environ.get("FIELDCRAFT_WORLD") != "scienceworld" and not (find_spec("py4j") and shutil.which("java")):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="module")
def kept() -> Environment:
    """A world for all tests of a module, since Java takes a second to start."""
    made = make("scienceworld-v1")
    yield made
    made.close()


@pytest.fixture
def world(kept: Environment) -> Environment:
    kept.reset(seed=1, options={"task": "find-animal"})
    return kept
